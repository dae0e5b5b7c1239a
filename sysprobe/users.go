package sysprobe

import (
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"telegraf-sysprobe/sysprobe/internal/decode/passwd"
)

// usersMaxAge is how long names are given without asking whether the file
// changed, so that a gather asks once and not for every process.
const usersMaxAge = time.Second

// Users names user IDs from the passwd(5) file below Config.EtcRoot. It reads
// the file again only when it changed. It is safe for concurrent use.
type Users struct {
	path string
	now  func() time.Time

	mu      sync.Mutex // guards what follows
	checked time.Time
	file    fs.FileInfo // of what names was read from; nil without
	names   map[uint32]string
}

// OpenUsers returns the user names of the machine whose /etc is at c.EtcRoot.
// A nil c means defaults. It reads nothing yet.
func OpenUsers(c *Config) *Users {
	cfg := c.withDefaults()
	return &Users{path: filepath.Join(cfg.EtcRoot, "passwd"), now: cfg.Now}
}

// Name returns the name of uid, or its decimal number where the file has none
// or cannot be read.
func (u *Users) Name(uid uint32) string {
	u.mu.Lock()
	defer u.mu.Unlock()
	if age := u.now().Sub(u.checked); u.names == nil || age < 0 || age >= usersMaxAge {
		u.refresh()
	}
	name, ok := u.names[uid]
	if !ok {
		name = strconv.FormatUint(uint64(uid), 10)
		u.names[uid] = name // the next process of this user costs no memory
	}
	return name
}

// refresh reads the file unless it is the one that was read last. Without a
// file there are no names, which is no error: an image may have none.
func (u *Users) refresh() {
	u.checked = u.now()
	file, err := os.Stat(u.path)
	if err == nil && u.file != nil && os.SameFile(file, u.file) &&
		file.Size() == u.file.Size() && file.ModTime().Equal(u.file.ModTime()) {
		return
	}
	u.file, u.names = nil, make(map[uint32]string)
	b, err := os.ReadFile(u.path)
	if err != nil {
		return
	}
	u.file, u.names = file, passwd.Decode(b)
}
