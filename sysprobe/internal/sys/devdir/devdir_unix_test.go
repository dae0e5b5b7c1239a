//go:build unix

package devdir_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"telegraf-sysprobe/sysprobe/internal/sys/devdir"
)

// TestCharacter finds /dev/null by its number, also where it is in the directory pts.
func TestCharacter(t *testing.T) {
	info, err := os.Stat(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		t.Fatalf("stat(2) of %s gave a %T", os.DevNull, info.Sys())
	}
	number := uint32(stat.Rdev)
	root := t.TempDir()
	if path, err := devdir.Character(root, number); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("found %q in an empty directory, %v", path, err)
	}
	if err := os.Symlink("/dev", filepath.Join(root, "pts")); err != nil {
		t.Fatal(err)
	}
	if path, err := devdir.Character(root, number); path != filepath.Join(root, "pts", "null") || err != nil {
		t.Errorf("found %q, %v", path, err)
	}
	if path, err := devdir.Character("/dev", number); path != os.DevNull || err != nil {
		t.Errorf("found %q, %v", path, err)
	}
	if path, err := devdir.Character("/dev", 0xfffffffe); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("found %q by a number that no device has, %v", path, err)
	}
	if _, err := devdir.Character(filepath.Join(root, "none"), number); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("without the directory: %v", err)
	}
}
