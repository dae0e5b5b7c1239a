package sysprobe

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"telegraf-sysprobe/sysprobe/sysprobetest"
)

// openDead opens a table of dead processes through one backend.
func openDead(t testing.TB, backend Backend) *Procs {
	t.Helper()
	if backend == BackendBPF {
		needBPF(t)
	}
	return openTableBy(t, &Config{Backend: backend, OnlyDead: true})
}

// onDeadBackends runs a test with a table of dead processes through each backend.
func onDeadBackends(t *testing.T, test func(t *testing.T, procs *Procs)) {
	for _, backend := range []Backend{BackendBPF, BackendProcFS} {
		t.Run(backend.String(), func(t *testing.T) { test(t, openDead(t, backend)) })
	}
}

// deadAnswer is what compareDead finds.
type deadAnswer struct {
	Rows, All     int    // processes with a row, and all of them
	Threads, Want uint64 // of all processes, and of the rows of a whole table
	Needless      []int32
	Diff          string // of dead processes, and of their parents, that did not change
}

// compareDead compares a first snapshot of the dead by one backend with what was in
// the whole table before and after.
func compareDead(backend Backend) (a deadAnswer, err error) {
	var before, dead, after ProcSnapshot
	whole, err1 := OpenProcs(&Config{Backend: backend})
	only, err2 := OpenProcs(&Config{Backend: backend, OnlyDead: true})
	if err := errors.Join(err1, err2); err != nil {
		return a, err
	}
	ctx := context.Background()
	err = errors.Join(only.Load(ctx), whole.Snapshot(ctx, &before, wantAll), only.Snapshot(ctx, &dead, wantAll), whole.Snapshot(ctx, &after, wantAll))
	a = deadAnswer{Rows: len(dead.Procs), All: len(before.Procs), Threads: dead.Threads()}
	for i := range before.Procs {
		a.Want += before.Procs[i].ids()
	}
	related := map[int32]bool{1: true}
	for _, z := range before.Procs {
		if z.isDead() {
			related[z.ID.PID], related[z.PPID] = true, true
			related[z.Status.Or(ProcStatus{}).Tracer.Or(0)] = true
		}
	}
	for i := range before.Procs {
		want, got := &before.Procs[i], dead.Find(before.Procs[i].ID.PID)
		switch rested := cmp.Equal(want, after.Find(want.ID.PID), exact); {
		case !related[want.ID.PID] && got != nil:
			a.Needless = append(a.Needless, got.ID.PID)
		case related[want.ID.PID] && rested && got == nil:
			a.Diff += fmt.Sprintf("no row of %+v\n", want)
		case related[want.ID.PID] && rested:
			a.Diff += cmp.Diff(asProcFS(want), asProcFS(got), exact)
		}
	}
	return a, errors.Join(err, whole.Close(), only.Close())
}

// wrong says what is wrong with a, in which the zoo of a test is, and some more
// processes that live.
func (a *deadAnswer) wrong() string {
	if a.Diff != "" || len(a.Needless) > 0 || a.Rows >= a.All || a.Threads != a.Want {
		return fmt.Sprintf("%+v", a)
	}
	return ""
}

// helpOnlyDead is compareDead of the namespaces that it is in, where it has a
// zombie, and a child that lives.
func helpOnlyDead(args []string) error {
	backend := BackendProcFS
	if args[0] == BackendBPF.String() {
		backend = BackendBPF
	}
	zombie, living := exec.Command("true"), exec.Command("sleep", "600")
	if err := errors.Join(zombie.Start(), living.Start(), waitDead(zombie.Process.Pid)); err != nil {
		return err
	}
	var a deadAnswer
	var err error
	for range 100 {
		if a, err = compareDead(backend); err != nil || a.wrong() == "" {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	return errors.Join(err, ready(), say(a), living.Process.Kill(), untilEOF(ignore))
}

// TestOnlyDead compares rows of the dead with those of the whole table, by each
// backend: zombies of a process that rests, of a thread of the test, in a PID
// namespace, traced ones, and a process whose first thread is dead.
func TestOnlyDead(t *testing.T) {
	startHelper(t, nil, "zombies", "3", "exit 7")
	startHelper(t, inNamespaces(unix.CLONE_NEWPID), "zombies", "2", "exit 7")
	startHelper(t, nil, "dead-leader")
	zombie := exec.Command("sleep", "600")
	start(t, zombie)
	if unix.Geteuid() == 0 {
		startHelper(t, nil, "tracer", strconv.Itoa(zombie.Process.Pid))
	}
	if err := zombie.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	for range 5 {
		start(t, exec.Command("sleep", "600"))
	}
	for _, backend := range []Backend{BackendBPF, BackendProcFS} {
		t.Run(backend.String(), func(t *testing.T) {
			if backend == BackendBPF {
				needBPF(t)
			}
			sysprobetest.Eventually(t, func() string {
				a, err := compareDead(backend)
				if err != nil {
					t.Fatal(err)
				}
				return a.wrong()
			})
		})
		t.Run(backend.String()+" in a PID namespace", func(t *testing.T) {
			if backend == BackendBPF {
				needBPF(t)
			}
			sysprobetest.NeedTool(t, "unshare")
			sysprobetest.NeedNamespaces(t)
			inside := through(t, "unshare", "--pid", "--fork", "--kill-child", "--propagation", "unchanged", "--mount-proc")
			var a deadAnswer
			startHelper(t, inside, "only-dead", backend.String()).answer(t, &a)
			if wrong := a.wrong(); wrong != "" || a.Rows != 2 || a.All != 3 {
				t.Errorf("%+v, want rows of the first process and its zombie", a)
			}
		})
	}
}

// TestOnlyDeadKeepsParents reaps the zombies of a parent, and then ends it: its row
// stays until then.
func TestOnlyDeadKeepsParents(t *testing.T) {
	onDeadBackends(t, func(t *testing.T, procs *Procs) {
		var s ProcSnapshot
		var tracker ZombieTracker
		parent := startHelper(t, nil, "zombies", "2", "exit 7")
		parent.line(t) // the PIDs
		takeSnapshot(t, procs, &s, WantStatus)
		tracker.Update(&s)
		id := s.Find(parent.pid()).ID
		parent.tell(t, "reap")
		parent.line(t)
		for range 3 {
			takeSnapshot(t, procs, &s, WantStatus)
			tracker.Update(&s)
			if p := s.Find(parent.pid()); p == nil || p.ID != id || tracker.parents[id] == nil || tracker.parents[id].Reaped != 2 {
				t.Fatalf("parent %+v without zombies, counts %+v", p, tracker.parents[id])
			}
		}
		if err := parent.stdin.Close(); err != nil {
			t.Fatal(err)
		}
		if err := parent.cmd.Wait(); err != nil {
			t.Fatal(err)
		}
		sysprobetest.Eventually(t, func() string {
			takeSnapshot(t, procs, &s, WantStatus)
			tracker.Update(&s)
			if s.Find(parent.pid()) != nil || tracker.parents[id] != nil {
				return "the parent that ended is still there"
			}
			return ""
		})
	})
}

// TestOnlyDeadInStorm takes snapshots while processes begin and end. The rows are
// those of the few processes that ever had a dead child, and that child.
func TestOnlyDeadInStorm(t *testing.T) {
	onDeadBackends(t, func(t *testing.T, procs *Procs) {
		mine := startHelper(t, nil, "zombies", "3", "exit 7")
		for range 3 {
			storm := exec.Command("sh", "-c", "while :; do (:); (:) & done")
			start(t, storm)
		}
		var s ProcSnapshot
		for range 50 {
			takeSnapshot(t, procs, &s, WantName|WantStatus)
			zombies := slices.DeleteFunc(s.Zombies(nil), func(z Zombie) bool { return z.Proc.PPID != mine.pid() })
			if len(zombies) != 3 || zombies[0].Parent == nil {
				t.Fatalf("%d zombies, want 3 with their parent", len(zombies))
			}
			if !slices.IsSortedFunc(s.Procs, func(a, b Proc) int { return int(a.ID.PID - b.ID.PID) }) {
				t.Fatal("rows are not in order")
			}
		}
		living := 0
		for i := range s.Procs {
			if !s.Procs[i].isDead() {
				living++
			}
		}
		if uint64(living) > s.Threads()/2 {
			t.Errorf("%d rows of processes that live, of %d threads", living, s.Threads())
		}
	})
}

// TestOnlyDeadReusesMemory takes snapshots that change nothing.
func TestOnlyDeadReusesMemory(t *testing.T) {
	startHelper(t, nil, "zombies", "3", "exit 7")
	procs := openDead(t, BackendBPF)
	var s ProcSnapshot
	takeSnapshot(t, procs, &s, WantName|WantStatus)
	takeSnapshot(t, procs, &s, WantName|WantStatus)
	if n := leastAllocs(func() { takeSnapshot(t, procs, &s, WantName|WantStatus) }); n > 10 {
		t.Errorf("%.0f allocations a snapshot", n)
	}
}

// leastAllocs returns the number of allocations of the run of f in which other
// programs began and ended the fewest processes.
func leastAllocs(f func()) float64 {
	least := testing.AllocsPerRun(1, f)
	for range 30 {
		least = min(least, testing.AllocsPerRun(1, f))
	}
	return least
}

// TestOnlyDeadHasNoAccounts asks for accounts of a table that has not all processes.
func TestOnlyDeadHasNoAccounts(t *testing.T) {
	if _, err := openDead(t, BackendBPF).OpenAccounting(t.Context()); !errors.Is(err, ErrNotSupported) {
		t.Errorf("error %v, want ErrNotSupported", err)
	}
}
