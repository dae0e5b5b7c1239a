package e2e

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"
)

const (
	// burnerUse is what the burner takes, in processors: what it gets on a busy machine
	// too.
	burnerUse = 0.2
	// burnerUID is a user of Debian who runs nothing else.
	burnerUID  = 39
	burnerUser = "irc"
)

// burner is a process of known use.
type burner struct {
	cmd        *exec.Cmd
	in         io.WriteCloser
	from, till time.Time
}

// startBurner starts one that waits.
func startBurner(t *testing.T) *burner {
	t.Helper()
	cmd := actor("burner:" + fmt.Sprintf("%x", "burner"))
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: burnerUID, Gid: burnerUID}}
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	start(t, cmd)
	t.Cleanup(func() { in.Close() }) //nolint:errcheck,gosec // it ends in either case
	return &burner{cmd: cmd, in: in}
}

// burn is what the role "burner" does: from when it reads a byte it uses burnerUse of a
// processor, until there is nothing to read. It ends a while later.
func burn() error {
	if _, err := os.Stdin.Read(make([]byte, 1)); err != nil {
		return err
	}
	over := make(chan error, 1)
	go func() {
		_, err := io.Copy(io.Discard, os.Stdin)
		over <- err
	}()
	began := time.Now()
	before, err := used()
	for err == nil {
		select {
		case err := <-over:
			time.Sleep(3 * time.Second)
			return err
		default:
		}
		var now time.Duration
		if now, err = used(); float64(now-before) > burnerUse*float64(time.Since(began)) {
			time.Sleep(2 * time.Millisecond)
		}
	}
	return err
}

// used returns what this process used of processors.
func used() (time.Duration, error) {
	var usage syscall.Rusage
	err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage)
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano()), err
}

func (b *burner) begin(t *testing.T) {
	t.Helper()
	b.from = time.Now()
	if _, err := b.in.Write([]byte{1}); err != nil {
		t.Fatal(err)
	}
}

// end returns what the burner used in all, as wait4(2) says, in seconds.
func (b *burner) end(t *testing.T) float64 {
	t.Helper()
	b.till = time.Now()
	if err := b.in.Close(); err != nil {
		t.Fatal(err)
	}
	if err := b.cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	return (b.cmd.ProcessState.UserTime() + b.cmd.ProcessState.SystemTime()).Seconds()
}
