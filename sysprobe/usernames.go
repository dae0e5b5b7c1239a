package sysprobe

import (
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"telegraf-sysprobe/sysprobe/internal/cache"
	"telegraf-sysprobe/sysprobe/internal/decode/passwd"
)

// userNamesMaxAge is how long names are believed before the file is looked at
// again, so that a snapshot looks once and not for every process.
const userNamesMaxAge = time.Second

// UserNames names user IDs from the passwd(5) file below Config.EtcRoot. It reads
// the file again only when it changed. It is safe for concurrent use. It has
// nothing to do with psutil's users(), which are sessions.
type UserNames struct {
	path string
	now  func() time.Time

	mu      sync.Mutex // guards what follows
	checked time.Time
	file    fs.FileInfo // of what names was read from; nil without
	names   map[uint32]string
}

// OpenUserNames returns the user names of the machine whose /etc is at c.EtcRoot.
// A nil c means defaults. It reads nothing before the first Name.
func OpenUserNames(c *Config) *UserNames {
	cfg := c.withDefaults()
	return &UserNames{path: filepath.Join(cfg.EtcRoot, "passwd"), now: cfg.Now}
}

// Name returns the name of uid, or its decimal number if the file has none or
// cannot be read.
func (u *UserNames) Name(uid uint32) string {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.look()
	name, ok := u.names[uid]
	if !ok {
		name = strconv.FormatUint(uint64(uid), 10)
		u.names[uid] = name // the next process of this user costs no memory
	}
	return name
}

// Has reports whether the file has a user of that name. Users that only a directory
// service knows are in no file.
func (u *UserNames) Has(name string) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.look()
	for _, known := range u.names {
		if known == name {
			return true
		}
	}
	return false
}

// look looks at the file again if the last time is long ago. It is called with mu
// held.
func (u *UserNames) look() {
	if now := u.now(); u.names == nil || !cache.IsFresh(u.checked, now, userNamesMaxAge) {
		u.checked = now
		u.refresh()
	}
}

// refresh reads the file unless it is the one that was read last. Without a
// file there are no names, which is no error: an image might have none.
func (u *UserNames) refresh() {
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
