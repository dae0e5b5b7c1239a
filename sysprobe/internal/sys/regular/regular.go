// Package regular reads files that programs write, and not the kernel.
package regular

import (
	"fmt"
	"io"
	"io/fs"
	"os"
	"syscall"
)

// ReadFile is os.ReadFile for a file below a root that anybody might have made. It
// returns an error that wraps fs.ErrInvalid for a file of another kind: to open a named
// pipe, or to read it or a device, can wait without end.
func ReadFile(path string) ([]byte, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if mode := info.Mode(); !mode.IsRegular() {
		return nil, fmt.Errorf("not a regular file (%v): %w", mode, fs.ErrInvalid)
	}
	return io.ReadAll(f)
}
