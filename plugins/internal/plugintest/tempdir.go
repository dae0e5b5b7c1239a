package plugintest

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
)

// TempDir returns a new directory, which is removed when the test ends. Its path has
// slashes on every system, as a configuration can hold it.
//
// On Windows it removes by os.Remove what tb.TempDir would by os.RemoveAll, which asks
// for FileDispositionInformationEx: Wine 8 answers STATUS_NOT_IMPLEMENTED, after which
// Go does not ask in the older way, as it does after other answers.
func TempDir(tb testing.TB) string {
	tb.Helper()
	dir := tb.TempDir()
	if runtime.GOOS == "windows" {
		tb.Cleanup(func() {
			if err := removeAll(dir); err != nil {
				tb.Error(err)
			}
		})
	}
	return filepath.ToSlash(dir)
}

// removeAll removes a directory and what is in it.
func removeAll(dir string) error {
	var paths []string
	err := filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		paths = append(paths, path)
		return err
	})
	for _, path := range slices.Backward(paths) {
		err = errors.Join(err, os.Remove(path))
	}
	return err
}
