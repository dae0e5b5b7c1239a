package procs

import (
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestPIDFileThatIsNone reads what holds up who opens it, or never ends.
func TestPIDFileThatIsNone(t *testing.T) {
	fifo := filepath.Join(t.TempDir(), "a.pid")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{fifo, "/dev/zero", t.TempDir()} {
		if pid, err := readPID(path); err == nil || !strings.Contains(err.Error(), path+" is no regular file") {
			t.Errorf("%s: PID %q, %v", path, pid, err)
		}
	}
}
