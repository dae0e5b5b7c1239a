package sysprobe

import (
	"context"
	"encoding/json"
	"fmt"
	"os/exec"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"telegraf-sysprobe/sysprobe/sysprobetest"
)

// psutilControlScript evaluates the expressions that it reads, about the process p.
const psutilControlScript = `import json, psutil, sys
p = psutil.Process(int(sys.argv[1]))
for line in sys.stdin:
    print(json.dumps(eval(line)), flush=True)
`

// TestControlAgreesWithPsutil has psutil say what our setters and signals did to a
// process, and us what psutil's did.
func TestControlAgreesWithPsutil(t *testing.T) {
	python := sysprobetest.NeedPython(t, "psutil")
	procs := openTableOf(t, BackendProcFS)
	p, child := startChild(t, procs, nil)
	cmd := exec.Command(python, "-c", psutilControlScript, fmt.Sprint(p.ID().PID))
	stdin, stdout := piped(t, cmd)
	start(t, cmd)
	answers := json.NewDecoder(stdout)
	psutil := func(expression string) (v any) {
		t.Helper()
		_, err := fmt.Fprintln(stdin, expression)
		check(t, err)
		check(t, answers.Decode(&v))
		return v
	}
	info := func() (i ProcessInfo) {
		t.Helper()
		check(t, p.Read(t.Context(), &i, 0, everyFact))
		return i
	}
	agree := func(what string, want, got any) {
		t.Helper()
		if !reflect.DeepEqual(want, got) {
			t.Errorf("%s: %v, want %v", what, got, want)
		}
	}
	number := func(n int) float64 { return float64(n) }
	cpus := info().Affinity.Or(nil)
	last := cpus[len(cpus)-1]
	nice := min(int(info().Nice)+5, MaxNice-1)
	limit := func(soft, hard uint64) Limit { return Limit{Soft: Some(soft), Hard: Some(hard)} }

	check(t, p.SetNice(nice))
	agree("nice", number(nice), psutil("p.nice()"))
	check(t, p.SetIOPriority(IOPriority{Class: IOPrioBE, Level: 6}))
	agree("ionice", []any{2.0, 6.0}, psutil("[int(p.ionice().ioclass), p.ionice().value]"))
	check(t, p.SetLimit(ResourceFiles, limit(33, 44)))
	agree("rlimit", []any{33.0, 44.0}, psutil("list(p.rlimit(psutil.RLIMIT_NOFILE))"))
	check(t, p.SetAffinity([]int{last}))
	agree("cpu_affinity", []any{number(last)}, psutil("p.cpu_affinity()"))

	psutil(fmt.Sprintf("p.nice(%d)", nice+1))
	psutil("p.ionice(psutil.IOPRIO_CLASS_IDLE)")
	psutil("p.rlimit(psutil.RLIMIT_NOFILE, (22, 23))")
	psutil(fmt.Sprintf("p.cpu_affinity(%v)", strings.ReplaceAll(fmt.Sprint(cpus), " ", ", ")))
	after := info()
	agree("nice of psutil", nice+1, int(after.Nice))
	agree("ionice of psutil", IOPriority{Class: IOPrioIdle}, after.IOPriority.Or(IOPriority{}))
	agree("rlimit of psutil", limit(22, 23), after.Limits.Or(Limits{})[ResourceFiles])
	agree("cpu_affinity of psutil", cpus, after.Affinity.Or(nil))

	status := func(want State) {
		t.Helper()
		sysprobetest.Eventually(t, func() string {
			theirs, ours := psutil("p.status()"), info().State
			if theirs != want.String() || ours != want {
				return fmt.Sprintf("state %v, psutil %v, want %v", ours, theirs, want)
			}
			return ""
		})
	}
	check(t, p.Suspend())
	status(StateStopped)
	psutil("p.resume()")
	status(StateSleeping)
	psutil("p.suspend()")
	status(StateStopped)
	check(t, p.Resume())
	status(StateSleeping)
	psutil("p.send_signal(0)")
	check(t, p.Terminate())
	status(StateZombie)
	agree("is_running of a zombie", psutil("p.is_running()"), p.IsRunning(t.Context()))
	child.Wait() //nolint:errcheck // it was terminated
	agree("is_running of none", psutil("p.is_running()"), p.IsRunning(t.Context()))
	agree("pid_exists of none", psutil("psutil.pid_exists(p.pid)"), must(t)(PIDExists(nil, p.ID().PID)))
}

// must returns a function that ends the test where there is an error.
func must(t *testing.T) func(any, error) any {
	return func(v any, err error) any {
		t.Helper()
		check(t, err)
		return v
	}
}

// TestWaitAgreesWithPsutil has psutil and us wait for children that end in each way, of
// which one does not end, and for a child of another process.
func TestWaitAgreesWithPsutil(t *testing.T) {
	python := sysprobetest.NeedPython(t, "psutil")
	scripts := []string{"exit 0", "exit 7", "exit 255", "kill -9 $$", "kill -TERM $$", "exec sleep 600"}
	out, err := exec.Command(python, append([]string{"-c", `import json, psutil, sys
children = [psutil.Popen(["sh", "-c", s]) for s in sys.argv[1:]]
gone, none = psutil.wait_procs(children[:-1])
gone_too, alive = psutil.wait_procs(children[-1:], timeout=0.1)
other = psutil.Process(psutil.Process().ppid())
try:
    other.wait(timeout=0.01)
except psutil.TimeoutExpired:
    alive.append(other)
print(json.dumps([[p.returncode for p in children], len(gone + gone_too), len(none + alive)]))
for p in alive[:-1]:
    p.kill()
    p.wait()`}, scripts...)...).Output()
	check(t, err)
	var codes []*int
	var gone, alive int
	check(t, json.Unmarshal(out, &[]any{&codes, &gone, &alive}))

	procs := openTableOf(t, BackendProcFS)
	var children []*Process
	for _, script := range scripts {
		cmd := exec.Command("sh", "-c", script)
		check(t, cmd.Start())
		t.Cleanup(func() {
			_ = cmd.Process.Kill() //nolint:errcheck // it may have ended
			_ = cmd.Wait()         //nolint:errcheck // likewise
		})
		children = append(children, openProcess(t, procs, cmd.Process.Pid))
	}
	children = append(children, openProcess(t, procs, 1))
	ends := len(scripts) - 1
	exits := WaitAll(t.Context(), children[:ends])
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	var lives int
	got := make([]*int, 0, len(scripts))
	for i, exit := range append(exits, WaitAll(ctx, children[ends:])...) {
		var code *int
		switch {
		case exit.Err != nil:
			lives++
		default:
			n := exitAsPsutil(exit.Status.Or(0))
			code = &n
		}
		if i < len(scripts) {
			got = append(got, code)
		}
	}
	if diff := cmp.Diff(codes, got); diff != "" || lives != alive || len(children)-lives != gone {
		t.Errorf("%d live, psutil %d; exit codes (-psutil +got):\n%s", lives, alive, diff)
	}
	if !slices.Contains(codes, nil) {
		t.Error("psutil waited for the child that does not end")
	}
}

// exitAsPsutil is psutil's number for an exit: that of a signal is negative.
func exitAsPsutil(s ExitStatus) int {
	if signal := s.Signal(); signal != 0 {
		return -signal
	}
	return s.Code()
}
