//go:build linux

package sysprobe

import (
	"os"
	"path/filepath"

	"telegraf-sysprobe/sysprobe/internal/decode/procfs"
)

func readHost(cfg Config) (Host, error) {
	dir, err := os.Open(cfg.ProcRoot)
	if err != nil {
		return Host{}, opError("read host", cfg.ProcRoot, err)
	}
	defer dir.Close()
	fact := func(decode func([]byte) (uint64, error), path string) Opt[uint64] {
		b, err := os.ReadFile(filepath.Join(cfg.ProcRoot, path))
		if err != nil {
			return Opt[uint64]{} // absent, as are all facts that cannot be had
		}
		n, err := decode(b)
		return Opt[uint64]{value: n, known: err == nil}
	}
	return Host{
		MemTotal:   fact(procfs.DecodeMemTotal, "meminfo"),
		PIDMax:     fact(procfs.DecodeNumber, "sys/kernel/pid_max"),
		ThreadsMax: fact(procfs.DecodeNumber, "sys/kernel/threads-max"),
	}, nil
}
