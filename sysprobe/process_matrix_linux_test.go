package sysprobe

import (
	"context"
	"errors"
	"maps"
	"os"
	"os/exec"
	"reflect"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// processMethods are the methods of Process that ask the kernel.
var processMethods = map[string]func(*Process) (any, error){
	"State":      func(p *Process) (any, error) { return p.State() },
	"IsRunning":  func(p *Process) (any, error) { return p.IsRunning(), nil },
	"Cmdline":    func(p *Process) (any, error) { return p.Cmdline() },
	"Exe":        func(p *Process) (any, error) { return p.Exe() },
	"Cwd":        func(p *Process) (any, error) { return p.Cwd() },
	"Environ":    func(p *Process) (any, error) { return p.Environ() },
	"Limits":     func(p *Process) (any, error) { return p.Limits() },
	"Footprint":  func(p *Process) (any, error) { return p.Footprint() },
	"Threads":    func(p *Process) (any, error) { return p.Threads() },
	"Affinity":   func(p *Process) (any, error) { return p.Affinity() },
	"OpenFiles":  func(p *Process) (any, error) { return p.OpenFiles() },
	"MemoryMaps": func(p *Process) (any, error) { return p.MemoryMaps() },
	"Terminal":   func(p *Process) (any, error) { return p.Terminal() },
	"Parent":     func(p *Process) (any, error) { return p.Parent() },
	"Children":   func(p *Process) (any, error) { return p.Children(true) },
	"Signal":     func(p *Process) (any, error) { return true, p.Signal(0) },
	"Wait": func(p *Process) (any, error) {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
		defer cancel()
		return p.Wait(ctx)
	},
	"Connections": func(p *Process) (any, error) {
		c, err := p.Connections()
		return c.Sockets, err
	},
	"ConnectionsOf": func(p *Process) (any, error) { // of the table
		answer := (&Procs{client: p.client.table}).ConnectionsOf([]ProcID{p.ID()})[0]
		return answer.Sockets, answer.Err
	},
	"IOPriority": func(p *Process) (any, error) { return p.IOPriority() },
}

func TestAllMethodsOfProcessAreInTheMatrix(t *testing.T) {
	exempt := []string{"Close", "ID"}
	for method := range reflect.TypeFor[*Process]().Methods() {
		name := method.Name
		if processMethods[name] == nil && !slices.Contains(exempt, name) {
			t.Errorf("the matrix lacks %s", name)
		}
	}
}

// outcome says in a word how a method ended.
func outcome(v any, err error) string {
	switch {
	case errors.Is(err, ErrZombieProcess):
		return "zombie"
	case errors.Is(err, ErrNoSuchProcess):
		return "gone"
	case errors.Is(err, ErrAccessDenied):
		return "denied"
	case errors.Is(err, ErrNotSupported):
		return "unsupported"
	case errors.Is(err, context.DeadlineExceeded):
		return "timeout"
	case err != nil:
		return err.Error()
	}
	switch value := reflect.ValueOf(v); {
	case value.Type() == reflect.TypeFor[IOPriority]():
		return "value" // none, 0 is one
	case value.Kind() == reflect.Slice && value.Len() == 0, value.Kind() != reflect.Slice && value.IsZero():
		return "nothing"
	default:
		return "value"
	}
}

// TestProcessMatrix is C27, D07, D08, E03, E05, E07, E10 and the table of psutil:
// each method, asked about a zombie, a process that lives, one whose first
// thread is dead, a kernel thread and one that is gone, by root, the owner and
// another user.
func TestProcessMatrix(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("other users need root")
	}
	as := func(id uint32) func(*exec.Cmd) {
		return func(cmd *exec.Cmd) {
			cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: id, Gid: id}}
		}
	}
	const owner, other = nobody, nobody - 1
	parent := startHelper(t, as(owner), "zombies", "1", "exit 7")
	var zombies []int
	parent.answer(t, &zombies)
	file, err := os.Open("/bin/sleep")
	check(t, err)
	defer file.Close()
	leader := startHelper(t, func(cmd *exec.Cmd) {
		as(owner)(cmd)
		cmd.ExtraFiles = []*os.File{file}
	}, "dead-leader")
	live := &exec.Cmd{Path: "/bin/sleep", Args: []string{"sleep", "600"}, Dir: "/", Env: []string{"A=1"}}
	live.Stdin = file
	as(owner)(live)
	start(t, live)

	for _, viewer := range []struct {
		name string
		uid  uint32
	}{{"root", 0}, {"owner", owner}, {"other", other}} {
		t.Run(viewer.name, func(t *testing.T) {
			doomed := &exec.Cmd{Path: "/bin/sleep", Args: []string{"sleep", "600"}}
			as(owner)(doomed)
			start(t, doomed)
			kernelThread := kernelThread(t)
			h := startHelper(t, as(viewer.uid), "methods",
				"zombie", strconv.Itoa(zombies[0]), "live", strconv.Itoa(live.Process.Pid), "leader", strconv.Itoa(int(leader.pid())),
				"kernel", strconv.Itoa(kernelThread), "gone", strconv.Itoa(doomed.Process.Pid))
			check(t, doomed.Process.Kill())
			doomed.Wait() //nolint:errcheck // it was killed
			h.tell(t, "go")
			var got methodsAnswer
			h.answer(t, &got)
			want := wantOutcomes(viewer.name)
			for _, target := range slices.Sorted(maps.Keys(want)) {
				if diff := cmp.Diff(want[target], got[target]); diff != "" {
					t.Errorf("%s (-want +got):\n%s", target, diff)
				}
			}
		})
	}
}

// kernelThread returns the PID of kthreadd, which all kernel threads but it are
// children of.
func kernelThread(t *testing.T) int {
	t.Helper()
	p, err := openTable(t, "").Lookup(2, 0)
	if err != nil || !p.KernelThread {
		t.Skip("no kernel threads in this PID namespace")
	}
	return 2
}

// wantOutcomes is the matrix.
func wantOutcomes(viewer string) methodsAnswer {
	all := func(outcome string) map[string]string {
		m := make(map[string]string)
		for method := range processMethods {
			m[method] = outcome
		}
		return m
	}
	with := func(m map[string]string, outcome string, methods ...string) map[string]string {
		m = maps.Clone(m)
		for _, method := range methods {
			m[method] = outcome
		}
		return m
	}
	forOwner := []string{"Signal", "Exe", "Cwd", "Environ", "Footprint", "OpenFiles", "MemoryMaps", "Connections", "ConnectionsOf"}
	alive := with(with(all("value"), "nothing", "Children", "Terminal", "Connections", "ConnectionsOf"), "timeout", "Wait")
	want := methodsAnswer{
		"live":   alive,
		"leader": alive,
		"zombie": with(with(alive, "zombie", "Cmdline", "Exe", "Cwd", "Environ", "MemoryMaps"), "nothing", "Footprint", "OpenFiles"),
		"kernel": with(with(alive, "value", "Children"), "nothing", "Cmdline", "Exe", "Environ", "Footprint", "OpenFiles", "MemoryMaps", "Parent"),
		"gone":   with(all("gone"), "nothing", "IsRunning", "Wait"),
	}
	if viewer == "other" {
		want["live"] = with(want["live"], "denied", forOwner...)
		want["leader"] = with(want["leader"], "denied", forOwner...)
		want["zombie"] = with(want["zombie"], "denied", "Signal")
	}
	if viewer != "root" {
		want["kernel"] = with(want["kernel"], "denied", "Exe", "Cwd", "Environ", "OpenFiles", "Connections", "ConnectionsOf", "Signal")
	}
	return want
}
