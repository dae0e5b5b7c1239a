package sysprobe

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// makePipe makes a named pipe. Whoever waits until it has a writer gets text.
func makePipe(t *testing.T, path, text string) {
	t.Helper()
	check(t, os.MkdirAll(filepath.Dir(path), 0o755))
	check(t, unix.Mkfifo(path, 0o600))
	wrote := make(chan struct{})
	go func() {
		defer close(wrote)
		if pipe, err := os.OpenFile(path, os.O_WRONLY, 0); err == nil { // waits for a reader
			_, _ = pipe.WriteString(text) //nolint:errcheck // the reader might have left
			_ = pipe.Close()
		}
	}()
	t.Cleanup(func() {
		pipe, err := os.OpenFile(path, os.O_RDWR, 0) // in case that nobody opened it
		check(t, err)
		<-wrote
		check(t, pipe.Close())
	})
}

// TestOtherFilesAreNotWaitedFor has a pipe or a device where a root has a file.
func TestOtherFilesAreNotWaitedFor(t *testing.T) {
	root := t.TempDir()
	makePipe(t, filepath.Join(root, "pipe/utmp"), "")
	makePipe(t, filepath.Join(root, "logind/systemd/sessions/7"), "USER=alice\nCLASS=user\nSTATE=active\n")
	check(t, os.Mkdir(filepath.Join(root, "device"), 0o755))
	check(t, os.Symlink(os.DevNull, filepath.Join(root, "device/utmp")))
	for run, named := range map[string]string{"pipe": "pipe/utmp", "device": "device/utmp", "logind": "session 7"} {
		got, err := ReadSessions(&Config{RunRoot: filepath.Join(root, run)})
		if len(got) != 0 || !errors.Is(err, fs.ErrInvalid) || !strings.Contains(err.Error(), named) {
			t.Errorf("%s: sessions %v, error %v; want one about %s that wraps fs.ErrInvalid", run, got, err, named)
		}
	}
	makePipe(t, filepath.Join(root, "etc/passwd"), "alice:x:4711:4711::/:/bin/sh\n")
	if got := OpenUserNames(&Config{EtcRoot: filepath.Join(root, "etc")}).Name(t.Context(), 4711); got != "4711" {
		t.Errorf("name %q, want the number", got)
	}
}
