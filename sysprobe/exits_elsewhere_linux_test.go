package sysprobe

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"telegraf-sysprobe/sysprobe/sysprobetest"
)

// exitsAnswer is what helpExits prints.
type exitsAnswer struct {
	Error                string
	NotSupported, Denied bool
	Heard                bool
}

// helpExits PROC NETNS: listens, and says whether it heard a child exit. With
// PROC, it mounts proc(5) anew.
func helpExits(args []string) error {
	if args[0] != "" {
		if err := mountProc(args[0], ""); err != nil {
			return err
		}
	}
	exits, err := OpenExits(&Config{NetNS: args[1]})
	if err != nil {
		return errors.Join(ready(), say(exitsAnswer{
			Error: err.Error(), NotSupported: errors.Is(err, ErrNotSupported), Denied: errors.Is(err, ErrAccessDenied),
		}))
	}
	child, err := os.StartProcess("/bin/true", []string{"true"}, &os.ProcAttr{})
	if err != nil {
		return err
	}
	if _, err := child.Wait(); err != nil {
		return err
	}
	// The kernel lets a parent reap before it tells of the exit (do_exit in
	// kernel/exit.c).
	heard := false
	for deadline := time.Now().Add(5 * time.Second); !heard && time.Now().Before(deadline); {
		var log ExitLog
		if err := exits.Read(&log); err != nil {
			return err
		}
		heard = log.find(int32(child.Pid)).Known()
	}
	return errors.Join(ready(), say(exitsAnswer{Heard: heard}), exits.Close())
}

// withoutNetAdmin takes one capability from cmd.
func withoutNetAdmin(cmd *exec.Cmd) {
	self, err := os.Executable()
	if err != nil {
		panic(err)
	}
	drop := exec.Command("setpriv", "--bounding-set=-net_admin", "--", self)
	cmd.Path, cmd.Args = drop.Path, append(drop.Args, cmd.Args[1:]...)
}

func TestExitsElsewhere(t *testing.T) {
	sysprobetest.NeedTool(t, "setpriv")
	sysprobetest.NeedNamespaces(t)
	openExits(t, nil) // or skip
	ask := func(t *testing.T, change func(*exec.Cmd), args ...string) exitsAnswer {
		t.Helper()
		var answer exitsAnswer
		startHelper(t, change, "exits", args...).answer(t, &answer)
		return answer
	}
	t.Run("a PID namespace", func(t *testing.T) {
		if got := ask(t, inNamespaces(unix.CLONE_NEWPID|unix.CLONE_NEWNS), "/proc", ""); !got.NotSupported {
			t.Errorf("%+v, want not supported", got)
		}
	})
	t.Run("a PID namespace that sees the process table of another", func(t *testing.T) {
		if got := ask(t, inNamespaces(unix.CLONE_NEWPID), "", ""); !got.NotSupported {
			t.Errorf("%+v, want not supported", got)
		}
	})
	t.Run("a network namespace", func(t *testing.T) {
		if got := ask(t, inNamespaces(unix.CLONE_NEWNET), "", ""); !got.NotSupported {
			t.Errorf("%+v, want not supported", got)
		}
		runtime.LockOSThread() // its namespace is the one that hears
		defer runtime.UnlockOSThread()
		path := cmp.Or(connectorNetNS(), fmt.Sprintf("/proc/%d/task/%d/ns/net", os.Getpid(), unix.Gettid()))
		if got := ask(t, inNamespaces(unix.CLONE_NEWNET), "", path); !got.Heard {
			t.Errorf("%+v, want it heard through %s", got, path)
		}
	})
	t.Run("without CAP_NET_ADMIN", func(t *testing.T) {
		got := ask(t, withoutNetAdmin, "", connectorNetNS())
		if !got.Heard && !got.Denied {
			t.Errorf("%+v, want it heard (Linux 6.6 and later) or denied", got)
		}
	})
}
