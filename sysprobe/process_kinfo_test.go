package sysprobe

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"telegraf-sysprobe/sysprobe/internal/sys/sysctl"
	"telegraf-sysprobe/sysprobe/sysprobetest"
)

// kinfoProcess is a process of a recorded kernel of FreeBSD: 4321, or its zombie
// child 4400.
type kinfoProcess struct {
	*kinfoProcessClient

	kernel *sysprobetest.Sysctl
	kills  []string
	reaped bool // the next wait reaps it
}

// openKinfoProcess opens a process of the recorded table.
func openKinfoProcess(t *testing.T, pid int32) *kinfoProcess {
	t.Helper()
	r := kinfoRecordings[0]
	p := &kinfoProcess{kernel: r.replay(t)}
	table := p.kernel.Answers[r.question]
	p.kernel.Errors = map[string]error{}
	for at := 0; at < len(table); at += 1088 {
		row := table[at : at+1088]
		id := int32(row[72]) | int32(row[73])<<8 | int32(row[74])<<16
		p.kernel.Answer(fmt.Sprintf("1.14.1.%d", id), row)
	}
	p.kernel.Answer("1.14.17.4321", sysprobetest.Hex(t, "wire", "kinfo", "freebsd13-pid-threads.hex"))
	p.kernel.Answer("1.14.7.4321", []byte("nginx\x00-g\x00daemon off;\x00"))
	p.kernel.Answer("1.14.35.4321", []byte("HOME=/root\x00odd\x00A==b\x00"))
	p.kernel.Answer("1.14.12.4321", []byte("/usr/local/sbin/nginx\x00"))
	var err error
	p.kinfoProcessClient, err = r.open(t, p.kernel).openKinfo(t.Context(), pid, processKernel{
		awaitExit: func(ctx context.Context, _ int32) error {
			if !p.reaped {
				return syscall.ESRCH
			}
			<-ctx.Done()
			return ctx.Err()
		},
		reap: func(int32) (uint32, bool) { return 0x300, p.reaped },
		kill: func(pid int32, s syscall.Signal) error {
			p.kills = append(p.kills, fmt.Sprint(pid, s))
			return nil
		},
	}, func(ProcID) bool { return true })
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// vanish removes the process from the table.
func (p *kinfoProcess) vanish() {
	p.kernel.Answer(fmt.Sprintf("1.14.1.%d", p.id.PID), nil)
}

// TestKinfoWaitPauses waits for a zombie that another process has to reap, whose exit
// FreeBSD reports at once as often as it is asked.
func TestKinfoWaitPauses(t *testing.T) {
	p := openKinfoProcess(t, 4400)
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		asked := 0
		p.kinfoProcessClient.kernel.awaitExit = func(context.Context, int32) error {
			if asked++; asked > 100 {
				cancel()
			}
			return nil
		}
		if _, err := p.wait(ctx); !errors.Is(err, context.DeadlineExceeded) || asked != 1 {
			t.Errorf("%v, asked %d times; want the end of the minute, once", err, asked)
		}
	})
}

func TestKinfoProcess(t *testing.T) {
	p, ctx := openKinfoProcess(t, 4321), t.Context()
	if state, err := p.state(ctx); state != StateSleeping || err != nil || !p.isRunning(ctx) {
		t.Errorf("state %v, %v", state, err)
	}
	row, err := p.look(ctx)
	if err != nil || row.UserTime == 0 {
		t.Fatalf("row %+v, %v", row, err)
	}
	times, err := p.cpuTimes(ctx)
	if err != nil || times.ID != p.id || times.Taken.IsZero() || times.User != row.UserTime || times.System != row.SystemTime {
		t.Errorf("times %+v, %v", times, err)
	}
	if args, err := p.cmdline(ctx); err != nil || !slices.Equal(args, []string{"nginx", "-g", "daemon off;"}) {
		t.Errorf("command line %q, %v", args, err)
	}
	if env, err := p.environ(ctx); err != nil || !slices.Equal(env, []string{"HOME=/root", "odd", "A==b"}) {
		t.Errorf("environment %q, %v", env, err)
	}
	if exe, err := p.exeBy(ctx, (*sysctl.Processes).Path); err != nil || exe.Path != "/usr/local/sbin/nginx" {
		t.Errorf("executable %v, %v", exe, err)
	}
	threads, err := p.threadsBy(ctx, (*sysctl.Processes).Threads)
	if err != nil || len(threads) != 3 || threads[1].Name != "thr-4321-1" || threads[1].TID != 143211 {
		t.Errorf("threads %+v, %v", threads, err)
	}
	children, err := p.children(ctx, false)
	if err != nil || len(children) != 2 || children[0].PID != 4400 || children[1].PID != 99998 {
		t.Errorf("children %v, %v", children, err)
	}
	if parent, err := p.parent(ctx); err != nil || parent.Known() { // process 1 is not in the table
		t.Errorf("parent %v, %v", parent, err)
	}
	if parent, err := openKinfoProcess(t, 4400).parent(ctx); err != nil || parent != Some(p.id) {
		t.Errorf("parent of the zombie %v, %v", parent, err)
	}
	if err := p.signal(syscall.SIGTERM); err != nil || strings.Join(p.kills, "") != "4321 terminated" {
		t.Errorf("signals %v, %v", p.kills, err)
	}
}

// TestKinfoProcessZombie asks about a zombie.
func TestKinfoProcessZombie(t *testing.T) {
	p, ctx := openKinfoProcess(t, 4400), t.Context()
	if state, err := p.state(ctx); state != StateZombie || err != nil || !p.isRunning(ctx) {
		t.Errorf("state %v, %v", state, err)
	}
	_, errArgs := p.cmdline(ctx)
	_, errEnv := p.environ(ctx)
	_, errExe := p.exeBy(ctx, (*sysctl.Processes).Path)
	for what, err := range map[string]error{"command line": errArgs, "environment": errEnv, "executable": errExe} {
		if !errors.Is(err, ErrZombieProcess) {
			t.Errorf("%s of a zombie: %v", what, err)
		}
	}
	ended, cancel := context.WithCancel(ctx)
	cancel()
	if err := p.awaitEnd(ctx); err != nil {
		t.Errorf("the end of a zombie: %v", err)
	}
	if _, err := p.wait(ended); !errors.Is(err, context.Canceled) {
		t.Errorf("a wait with an ended context: %v", err)
	}
	p.reaped = true
	for range 2 {
		if exit, err := p.wait(ctx); err != nil || exit != Some(ExitStatus(0x300)) {
			t.Errorf("wait: %v, %v", exit, err)
		}
		p.vanish()
	}
}

// TestKinfoProcessGone asks about a process that is gone, whose PID another one has,
// and that this user must not look at.
func TestKinfoProcessGone(t *testing.T) {
	p, ctx := openKinfoProcess(t, 4321), t.Context()
	p.kernel.Errors["1.14.7.4321"] = syscall.EINVAL
	if _, err := p.cmdline(ctx); !errors.Is(err, ErrAccessDenied) {
		t.Errorf("a command line that is denied: %v", err)
	}
	other := slices.Clone(p.kernel.Answers["1.14.1.4321"])
	other[336]++ // a second later
	p.kernel.Answer("1.14.1.4321", other)
	p.check(t, "another process with the PID", ErrNoSuchProcess)
	p.vanish()
	p.check(t, "a process that is gone", ErrNoSuchProcess)
	if exit, err := p.wait(ctx); err != nil || exit.Known() {
		t.Errorf("wait for a process that is gone: %v, %v", exit, err)
	}
	if err := p.close(); err != nil {
		t.Error(err)
	}
	p.check(t, "after close", fs.ErrClosed)
	if err := p.close(); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("a second close: %v", err)
	}
}

// TestSignalOutOfRange is every system's first signal that it lacks, and its last one.
func TestSignalOutOfRange(t *testing.T) {
	for target, last := range map[string]int{
		"linux/amd64": 64, "linux/mipsle": 128, "darwin/arm64": 31, "freebsd/amd64": 128, "netbsd/amd64": 63, "openbsd/arm64": 32,
	} {
		goos, goarch, _ := strings.Cut(target, "/")
		for _, number := range []int{0, last} {
			if err := checkSignal(syscall.Signal(number), goos, goarch); err != nil {
				t.Errorf("%s: signal %d: %v", target, number, err)
			}
		}
		for _, number := range []int{-1, last + 1} {
			err, said := checkSignal(syscall.Signal(number), goos, goarch), fmt.Sprintf("signal %d is not in the range 0 to %d", number, last)
			if !errors.Is(err, fs.ErrInvalid) || !strings.Contains(err.Error(), said) {
				t.Errorf("%s: %v, want fs.ErrInvalid with %q", target, err, said)
			}
		}
		if err := checkSignal(fakeSignal{}, goos, goarch); !errors.Is(err, ErrNotSupported) {
			t.Errorf("%s: no signal: %v", target, err)
		}
	}
	p := openKinfoProcess(t, 4321)
	if err := p.setNice(99, fs.ErrInvalid); !errors.Is(err, fs.ErrInvalid) {
		t.Errorf("a value out of range: %v", err)
	}
	p.vanish()
	if err := p.setNice(99, fs.ErrInvalid); !errors.Is(err, fs.ErrInvalid) || errors.Is(err, ErrNoSuchProcess) {
		t.Errorf("a value out of range for a process that is gone: %v", err)
	}
}

// TestKinfoSignalESRCH lets kill(2) say that there is no process, as OpenBSD does of
// a zombie, which ignores a signal, and as all do of one that ended meanwhile.
func TestKinfoSignalESRCH(t *testing.T) {
	for pid, want := range map[int32]error{4400: nil, 4321: ErrNoSuchProcess} {
		p := openKinfoProcess(t, pid)
		p.kinfoProcessClient.kernel.kill = func(int32, syscall.Signal) error { return syscall.ESRCH }
		if err := p.signal(syscall.SIGTERM); !errors.Is(err, want) {
			t.Errorf("a signal to process %d: %v, want %v", pid, err, want)
		}
	}
}

// fakeSignal is a signal of no system.
type fakeSignal struct{}

func (fakeSignal) Signal()        {}
func (fakeSignal) String() string { return "fake" }

var _ os.Signal = fakeSignal{}

// check checks the error of every method.
func (p *kinfoProcess) check(t *testing.T, what string, want error) {
	t.Helper()
	ctx := t.Context()
	_, errState := p.state(ctx)
	_, errTimes := p.cpuTimes(ctx)
	_, errArgs := p.cmdline(ctx)
	_, errEnv := p.environ(ctx)
	_, errExe := p.exeBy(ctx, (*sysctl.Processes).Path)
	_, errThreads := p.threadsBy(ctx, (*sysctl.Processes).Threads)
	_, errParent := p.parent(ctx)
	_, errChildren := p.children(ctx, true)
	for method, err := range map[string]error{
		"state": errState, "times": errTimes, "cmdline": errArgs, "environ": errEnv, "exe": errExe, "threads": errThreads,
		"parent": errParent, "children": errChildren, "signal": p.signal(syscall.SIGTERM),
	} {
		if !errors.Is(err, want) || p.isRunning(ctx) || len(p.kills) > 0 {
			t.Errorf("%s of %s: %v, want %v", method, what, err, want)
		}
	}
}

// TestKinfoProcessSetNice sets the nice value of a process, of a zombie, of one that
// another user has, and of one that ends meanwhile.
func TestKinfoProcessSetNice(t *testing.T) {
	p := openKinfoProcess(t, 4321)
	var calls []string
	var answer error
	p.kinfoProcessClient.kernel.setNice = func(pid int32, nice int) error {
		calls = append(calls, fmt.Sprint(pid, nice))
		return answer
	}
	if err := p.setNice(7, nil); err != nil || !slices.Equal(calls, []string{"4321 7"}) {
		t.Errorf("%v, %v", calls, err)
	}
	if err := p.setNice(99, fs.ErrInvalid); !errors.Is(err, fs.ErrInvalid) || len(calls) != 1 {
		t.Errorf("out of range: %v, %v", calls, err)
	}
	for raw, want := range map[error]error{syscall.EACCES: ErrAccessDenied, syscall.EPERM: ErrAccessDenied, syscall.ESRCH: ErrNoSuchProcess} {
		answer = raw
		if err := p.setNice(-1, nil); !errors.Is(err, want) {
			t.Errorf("%v: %v, want %v", raw, err, want)
		}
	}
	p.kinfoProcessClient.kernel.setNice = func(int32, int) error {
		p.vanish()
		return nil
	}
	for _, when := range []string{"it ends meanwhile", "it has ended"} {
		if err := p.setNice(1, nil); !errors.Is(err, ErrNoSuchProcess) {
			t.Errorf("%s: %v", when, err)
		}
	}
	if err := openKinfoProcess(t, 4400).setNice(1, nil); !errors.Is(err, ErrZombieProcess) {
		t.Errorf("a zombie: %v", err)
	}
}
