package sysprobe

import (
	"context"
	"errors"
	"maps"
	"net"
	"os"
	"os/exec"
	"reflect"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"telegraf-sysprobe/sysprobe/sysprobetest"
)

// processMethods are the methods of Process that ask the kernel.
var processMethods = map[string]func(context.Context, *Process) (any, error){
	"State":     func(ctx context.Context, p *Process) (any, error) { return p.State(ctx) },
	"IsRunning": func(ctx context.Context, p *Process) (any, error) { return p.IsRunning(ctx), nil },
	"Cmdline":   func(ctx context.Context, p *Process) (any, error) { return p.Cmdline(ctx) },
	"Exe":       func(ctx context.Context, p *Process) (any, error) { return p.Exe(ctx) },
	"Cwd":       func(ctx context.Context, p *Process) (any, error) { return p.Cwd(ctx) },
	"Environ":   func(ctx context.Context, p *Process) (any, error) { return p.Environ(ctx) },
	"CPUTimes":  func(ctx context.Context, p *Process) (any, error) { return p.CPUTimes(ctx) },
	"Limits":    func(ctx context.Context, p *Process) (any, error) { return p.Limits(ctx) },
	"Read": func(ctx context.Context, p *Process) (any, error) {
		var info ProcessInfo
		err := p.Read(ctx, &info, ^Fields(0), everyFact)
		return info.ID, err
	},
	"Memory":      func(ctx context.Context, p *Process) (any, error) { return p.Memory(ctx) },
	"Footprint":   func(ctx context.Context, p *Process) (any, error) { return p.Footprint(ctx) },
	"Threads":     func(ctx context.Context, p *Process) (any, error) { return p.Threads(ctx) },
	"Affinity":    func(ctx context.Context, p *Process) (any, error) { return p.Affinity(ctx) },
	"OpenFiles":   func(ctx context.Context, p *Process) (any, error) { return p.OpenFiles(ctx) },
	"MemoryMaps":  func(ctx context.Context, p *Process) (any, error) { return p.MemoryMaps(ctx) },
	"Terminal":    func(ctx context.Context, p *Process) (any, error) { return p.Terminal(ctx) },
	"Parent":      func(ctx context.Context, p *Process) (any, error) { return p.Parent(ctx) },
	"Children":    func(ctx context.Context, p *Process) (any, error) { return p.Children(ctx) },
	"Descendants": func(ctx context.Context, p *Process) (any, error) { return p.Descendants(ctx) },
	"Signal":      func(_ context.Context, p *Process) (any, error) { return true, p.Signal(syscall.Signal(0)) },
	"Wait": func(ctx context.Context, p *Process) (any, error) {
		ctx, cancel := context.WithTimeout(ctx, 10*time.Millisecond)
		defer cancel()
		return p.Wait(ctx)
	},
	"Connections": func(ctx context.Context, p *Process) (any, error) {
		c, err := p.Connections(ctx)
		return c.Sockets, err
	},
	"ConnectionsOf": func(ctx context.Context, p *Process) (any, error) { // of the table
		answer := (&Procs{client: p.client.table}).ConnectionsOf(ctx, []ProcID{p.ID()})[0]
		return answer.Sockets, answer.Err
	},
	"IOPriority": func(ctx context.Context, p *Process) (any, error) { return p.IOPriority(ctx) },
	// The setters set what there is, so that they change nothing.
	"SetNice": func(ctx context.Context, p *Process) (any, error) {
		row, _ := (&Procs{client: p.client.table}).Lookup(ctx, p.ID().PID, 0) //nolint:errcheck // 0 does as well
		return true, p.SetNice(int(row.Nice))
	},
	"SetIOPriority": func(ctx context.Context, p *Process) (any, error) {
		priority, _ := p.IOPriority(ctx) //nolint:errcheck // none does as well
		return true, p.SetIOPriority(priority)
	},
	"SetLimit": func(ctx context.Context, p *Process) (any, error) {
		limits, _ := p.Limits(ctx) //nolint:errcheck // no limit does as well
		return true, p.SetLimit(ResourceCore, limits[ResourceCore])
	},
	"SetAffinity": func(ctx context.Context, p *Process) (any, error) {
		cpus, err := p.Affinity(ctx)
		if err != nil {
			cpus = []int{0}
		}
		return true, p.SetAffinity(cpus)
	},
}

func TestAllMethodsOfProcessAreInTheMatrix(t *testing.T) {
	exempt := []string{
		"Close", "ID",
		"Priority", "SetPriority", // which only Windows has
		"Terminate", "Kill", "Suspend", "Resume", // see TestControl; they are Signal
	}
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
// thread is dead, a kernel thread, one that is gone, and one that is gone and whose PID
// another process has, by root, the owner and another user.
func TestProcessMatrix(t *testing.T) {
	sysprobetest.NeedRoot(t)
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
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	closeAfter(t, listener)
	socket, err := listener.(*net.TCPListener).File()
	check(t, err)
	defer socket.Close()
	leader := startHelper(t, func(cmd *exec.Cmd) {
		as(owner)(cmd)
		cmd.ExtraFiles = []*os.File{file, socket}
	}, "dead-leader")
	live := &exec.Cmd{Path: "/bin/sleep", Args: []string{"sleep", "600"}, Dir: "/", Env: []string{"A=1"}}
	live.ExtraFiles = []*os.File{file, socket}
	as(owner)(live)
	start(t, live)

	reuse := startHelper(t, inNamespaces(syscall.CLONE_NEWPID|syscall.CLONE_NEWNS), "reuse")
	var reused map[string]string
	reuse.line(t) // see TestReusedPID
	reuse.answer(t, &reused)

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
			got["reused"] = reused
			want := wantOutcomes(viewer.name)
			if viewer.name == "root" && !sysprobetest.HasCapability(t, unix.CAP_SYS_RESOURCE) { // of root in a container
				want["live"]["SetLimit"], want["leader"]["SetLimit"] = "denied", "denied"
			}
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
	p, err := openTable(t, "").Lookup(t.Context(), 2, 0)
	if err != nil || !p.KernelThread {
		t.Skip("needs the first PID namespace: others have no kernel threads")
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
	ofThread := []string{"SetNice", "SetIOPriority", "SetAffinity"}
	setters := append([]string{"SetLimit"}, ofThread...)
	forOwner := append([]string{"Signal", "Exe", "Cwd", "Environ", "Footprint", "OpenFiles", "MemoryMaps", "Connections", "ConnectionsOf"}, setters...)
	alive := with(with(all("value"), "nothing", "Children", "Descendants", "Terminal"), "timeout", "Wait")
	want := methodsAnswer{
		"live":   alive,
		"leader": with(alive, "zombie", ofThread...), // they set what its first thread has
		"zombie": with(with(with(alive, "zombie", setters...), "zombie", "Cmdline", "Exe", "Cwd", "Environ", "MemoryMaps"), "nothing",
			"Memory", "Footprint", "OpenFiles", "Connections", "ConnectionsOf"),
		"kernel": with(with(alive, "value", "Children", "Descendants"),
			"nothing", "Cmdline", "Exe", "Environ", "Memory", "Footprint", "OpenFiles", "MemoryMaps", "Parent", "Connections", "ConnectionsOf"),
		"gone":   with(all("gone"), "nothing", "IsRunning", "Wait"),
		"reused": with(all("gone"), "nothing", "IsRunning", "Wait"),
	}
	if viewer == "other" {
		want["live"] = with(want["live"], "denied", forOwner...)
		want["leader"] = with(with(want["leader"], "denied", forOwner...), "zombie", ofThread...)
		want["zombie"] = with(want["zombie"], "denied", "Signal")
	}
	if viewer != "root" {
		want["kernel"] = with(want["kernel"], "denied", "Exe", "Cwd", "Environ", "OpenFiles", "Connections", "ConnectionsOf", "Signal")
		want["kernel"] = with(want["kernel"], "denied", setters...)
	}
	return want
}
