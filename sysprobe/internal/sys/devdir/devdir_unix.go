//go:build unix

package devdir

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// Character returns the path of the character device with that number in a directory
// such as /dev, or in its directory pts. Of a number with more than 32 bits, those are
// compared. Character returns an error that wraps fs.ErrNotExist if there is none.
func Character(root string, device uint32) (string, error) {
	for _, directory := range []string{root, filepath.Join(root, "pts")} {
		entries, err := os.ReadDir(directory)
		if err != nil && directory == root {
			return "", err
		}
		for _, e := range entries {
			if e.Type()&fs.ModeCharDevice != 0 && is(e, device) {
				return filepath.Join(directory, e.Name()), nil
			}
		}
	}
	return "", fmt.Errorf("device %#x in %s: %w", device, root, fs.ErrNotExist)
}

// is reports whether an entry is the device with that number.
func is(e fs.DirEntry, device uint32) bool {
	info, err := e.Info()
	if err != nil {
		return false // it is gone
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && uint32(stat.Rdev) == device
}
