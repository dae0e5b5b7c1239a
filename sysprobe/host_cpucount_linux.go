package sysprobe

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"telegraf-sysprobe/sysprobe/internal/decode/procfs"
)

// cpuCountClient has the list of the processors that are online open.
type cpuCountClient struct {
	cfg  Config
	list *os.File // nil where there is none
}

// onlineCPUs is the list below sysfs(5), which every architecture has.
const onlineCPUs = "devices/system/cpu/online"

func newCPUCountClient(cfg Config) *cpuCountClient {
	list, err := os.Open(filepath.Join(cfg.SysRoot, onlineCPUs))
	if err != nil {
		list = nil // proc(5) has the number too
	}
	return &cpuCountClient{cfg, list}
}

// read reads the list from its begin, for which the kernel makes it anew
// (Documentation/filesystems/sysfs.rst).
func (c *cpuCountClient) read() (int, error) {
	if c.list != nil {
		var buf [1024]byte
		n, err := c.list.ReadAt(buf[:], 0)
		if errors.Is(err, fs.ErrClosed) {
			return 0, opError("count processors", "", fs.ErrClosed)
		}
		if count := procfs.CountCPUs(buf[:n]); count > 0 && n < len(buf) {
			return count, nil
		}
	}
	return countLogical(c.cfg)
}

func (c *cpuCountClient) close() error {
	if c.list == nil {
		return nil
	}
	return pathless(c.list.Close())
}
