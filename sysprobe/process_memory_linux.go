package sysprobe

import (
	"golang.org/x/sys/unix"

	"telegraf-sysprobe/sysprobe/internal/decode/procfs"
)

func (c *processClient) memoryMaps() ([]MemoryRegion, error) {
	return ask(c, "read memory maps of process", func() ([]MemoryRegion, error) {
		b, err := c.file("smaps").readWhole()
		if err != nil {
			return nil, err
		}
		mappings, err := procfs.DecodeMappings(b)
		if err == nil && len(mappings) == 0 {
			err = errNothing
		}
		if err != nil {
			return nil, err
		}
		regions := make([]MemoryRegion, len(mappings))
		for i := range mappings {
			regions[i] = c.region(&mappings[i])
		}
		return regions, nil
	})
}

// region is m as the package shows it.
func (c *processClient) region(m *procfs.Mapping) MemoryRegion {
	r := MemoryRegion{Start: m.Start, End: m.End, Permissions: m.Permissions, Offset: m.Offset}
	r.Path, r.Deleted = procfs.TrimLink([]byte(m.Path))
	if r.Deleted {
		var at unix.Stat_t
		if c.lstat(m.Path, &at) == nil && at.Ino == m.Inode {
			r.ProcPath = ProcPath{Path: m.Path} // it is its name
		}
	}
	if r.Path == "" {
		r.Path = "[anon]"
	}
	r.Memory = RegionMemory{
		Size: optNumber(m.Memory.Size), RSS: optNumber(m.Memory.RSS), PSS: optNumber(m.Memory.PSS),
		SharedClean: optNumber(m.Memory.SharedClean), SharedDirty: optNumber(m.Memory.SharedDirty),
		PrivateClean: optNumber(m.Memory.PrivateClean), PrivateDirty: optNumber(m.Memory.PrivateDirty),
		Referenced: optNumber(m.Memory.Referenced), Anonymous: optNumber(m.Memory.Anonymous), Swap: optNumber(m.Memory.Swap),
	}
	return r
}

// lstat looks for a file where the process sees it, and then where this one
// does.
func (c *processClient) lstat(path string, st *unix.Stat_t) error {
	if unix.Fstatat(c.dir.fd, c.thread+"root"+path, st, unix.AT_SYMLINK_NOFOLLOW) == nil {
		return nil
	}
	return unix.Lstat(path, st)
}
