package sysprobe

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"telegraf-sysprobe/sysprobe/sysprobetest"
)

const (
	// everyFact has a bit that is none too.
	everyFact = ^ProcessFacts(0)
	// forEverybody are the optional facts of a row that every user can see.
	forEverybody = WantName | WantStatus | WantMemory | WantFDLimit | WantSwitches | WantOrigin
)

// readDiffers says in what Read differs from the methods of a process at rest.
func readDiffers(ctx context.Context, p *Process) string {
	var info ProcessInfo
	if err := p.Read(ctx, &info, forEverybody, everyFact); err != nil {
		return err.Error()
	}
	denied := 0
	compare := func(name string, got any, known bool, ask func() (any, error)) (differs string) {
		want, err := ask()
		if errors.Is(err, ErrAccessDenied) {
			denied++
		}
		if known != (err == nil) || known && !cmp.Equal(got, want, exact) {
			differs = fmt.Sprintf("%s: %+v, known %t, and %+v, %v by the method; ", name, got, known, want, err)
		}
		return differs
	}
	row, err := (&Procs{client: p.client.table}).Lookup(ctx, p.ID().PID, forEverybody)
	if err != nil {
		return err.Error()
	}
	info.threads, row.threads, info.named, row.named = nil, nil, false, false
	differs := ""
	if diff := cmp.Diff(row, info.Proc, exact); diff != "" {
		differs = "row (-lookup +read): " + diff
	}
	memory, err := p.Memory(ctx)
	if peaks := (ProcessMemory{PeakRSS: info.PeakRSS, PeakVMS: info.PeakVMS, HugeTLB: info.HugeTLB}); err != nil ||
		peaks.PeakRSS != memory.PeakRSS || peaks.PeakVMS != memory.PeakVMS || peaks.HugeTLB != memory.HugeTLB {
		differs += fmt.Sprintf("memory: %+v, and %+v, %v by the method; ", peaks, memory, err)
	}
	times, err := p.CPUTimes(ctx)
	if got := info.CPUTimes().Or(ProcessCPUTimes{}); err != nil || got.ID != times.ID || got.User != times.User || !got.Taken.Before(times.Taken) {
		differs += fmt.Sprintf("times: %+v, and %+v, %v by the method; ", got, times, err)
	}
	differs += compare("Cmdline", info.Cmdline.Or(nil), info.Cmdline.Known(), func() (any, error) { return p.Cmdline(ctx) }) +
		compare("Exe", info.Exe.Or(ProcPath{}), info.Exe.Known(), func() (any, error) { return p.Exe(ctx) }) +
		compare("Cwd", info.Cwd.Or(ProcPath{}), info.Cwd.Known(), func() (any, error) { return p.Cwd(ctx) }) +
		compare("Limits", fmt.Sprint(info.Limits.Or(Limits{})), info.Limits.Known(), func() (any, error) {
			limits, err := p.Limits(ctx)
			return fmt.Sprint(limits), err
		}) +
		compare("Terminal", info.Terminal.Or(""), info.Terminal.Known(), func() (any, error) { return p.Terminal(ctx) }) +
		compare("Affinity", info.Affinity.Or(nil), info.Affinity.Known(), func() (any, error) { return p.Affinity(ctx) }) +
		compare("IOPriority", info.IOPriority.Or(IOPriority{}), info.IOPriority.Known(), func() (any, error) { return p.IOPriority(ctx) })
	if info.Denied != denied || info.Malformed != 0 {
		differs += fmt.Sprintf("%d denied and %d malformed, want %d and 0; ", info.Denied, info.Malformed, denied)
	}
	return differs
}

// helpReads PID ...: prints in what Read differs from the methods of each process.
func helpReads(args []string) error {
	procs, err := OpenProcs(&Config{Backend: BackendProcFS})
	if err != nil {
		return err
	}
	if err := ready(); err != nil {
		return err
	}
	ctx := context.Background()
	return untilEOF(func(string) error {
		answers := map[string]string{}
		for _, arg := range args {
			pid, err := strconv.Atoi(arg)
			if err != nil {
				return err
			}
			p, err := procs.OpenPID(ctx, int32(pid))
			if err != nil {
				return err
			}
			if differs := readDiffers(ctx, p); differs != "" {
				answers[arg] = differs
			}
		}
		return say(answers)
	})
}

// TestReadAgreesWithMethods reads zombies, a process whose first thread is dead,
// stopped, nice and odd ones, process 1 and a kernel thread, as root and as a user who
// must not see all of it.
func TestReadAgreesWithMethods(t *testing.T) {
	sysprobetest.NeedRoot(t)
	args := []string{strconv.Itoa(kernelThread(t))}
	for _, pid := range processesForOracles(t) {
		args = append(args, strconv.Itoa(int(pid)))
	}
	long := &exec.Cmd{Path: "/bin/sleep", Args: []string{"a-name-of-more-than-15-bytes", "600"}}
	start(t, long)
	args = append(args, strconv.Itoa(long.Process.Pid))
	for _, uid := range []uint32{0, nobody} {
		t.Run(strconv.Itoa(int(uid)), func(t *testing.T) {
			h := startHelper(t, func(cmd *exec.Cmd) {
				cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uid, Gid: uid}}
			}, "reads", args...)
			sysprobetest.Eventually(t, func() string {
				h.tell(t, "go")
				var differ map[string]string
				h.answer(t, &differ)
				for pid, differs := range differ {
					return "process " + pid + ": " + differs
				}
				return ""
			})
		})
	}
}

// TestReadOracle compares with psutil's oneshot.
func TestReadOracle(t *testing.T) {
	python := sysprobetest.NeedPython(t, "psutil")
	cmd := &exec.Cmd{Path: "/bin/sleep", Args: []string{"sleep", "600"}, Dir: "/tmp"}
	start(t, cmd)
	p := openProcess(t, openTableOf(t, BackendProcFS), cmd.Process.Pid)
	check(t, p.SetIOPriority(IOPriority{Class: IOPrioBE, Level: 3}))
	check(t, p.SetAffinity([]int{0}))
	check(t, p.SetLimit(ResourceFiles, Limit{Soft: Some[uint64](17), Hard: Some[uint64](19)}))
	awaitState(t, p, StateSleeping)
	type answer struct {
		Name, Exe, Cwd, Status string
		Cmdline                []string
		PPID                   int32
		UIDs                   [3]uint32
		Threads                uint32
		IO                     [2]uint8
		Affinity               []int
		Files                  [2]uint64
		Memory                 [5]uint64
		Terminal               string
	}
	const script = `import json, psutil, sys
p = psutil.Process(int(sys.argv[1]))
with p.oneshot():
    m = p.memory_info()
    print(json.dumps(dict(Name=p.name(), Exe=p.exe(), Cwd=p.cwd(), Status=p.status(), Cmdline=p.cmdline(), PPID=p.ppid(), UIDs=p.uids(),
        Threads=p.num_threads(), IO=p.ionice(), Affinity=p.cpu_affinity(), Files=p.rlimit(psutil.RLIMIT_NOFILE),
        Memory=[m.rss, m.vms, m.shared, m.text, m.data], Terminal=p.terminal() or "")))`
	out, err := exec.Command(python, "-c", script, strconv.Itoa(cmd.Process.Pid)).Output()
	check(t, err)
	var theirs answer
	check(t, json.Unmarshal(out, &theirs))
	other := ProcessInfo{Proc: Proc{ID: ProcID{PID: 1}, Name: "another", Comm: "sleep"}, Denied: 9}
	for range 2 { // the second time as one that was read before
		check(t, p.Read(t.Context(), &other, WantName|WantStatus|WantMemory, everyFact))
		status, m := other.Status.Or(ProcStatus{}), other.Memory.Or(ProcMemory{})
		priority, files := other.IOPriority.Or(IOPriority{}), other.Limits.Or(Limits{})[ResourceFiles]
		ours := answer{
			Name: other.Name, Exe: other.Exe.Or(ProcPath{}).Path, Cwd: other.Cwd.Or(ProcPath{}).Path, Status: other.State.String(),
			Cmdline: other.Cmdline.Or(nil), PPID: other.PPID, UIDs: [3]uint32{status.UID, status.EUID, status.SUID}, Threads: other.Threads,
			IO: [2]uint8{uint8(priority.Class), priority.Level}, Affinity: other.Affinity.Or(nil),
			Files: [2]uint64{files.Soft.Or(0), files.Hard.Or(0)}, Memory: [5]uint64{m.RSS, m.VMS, m.Shared, m.Text, m.Data},
			Terminal: other.Terminal.Or("none"),
		}
		if diff := cmp.Diff(theirs, ours); diff != "" || other.Denied != 0 || other.ID != p.ID() {
			t.Errorf("%d denied (-psutil +sysprobe):\n%s", other.Denied, diff)
		}
	}
}

// TestReadWhatIsWanted checks that facts that are not wanted are absent, and that a
// process that is gone leaves an empty answer.
func TestReadWhatIsWanted(t *testing.T) {
	cmd := exec.Command("sleep", "600")
	start(t, cmd)
	p := openProcess(t, openTableOf(t, BackendProcFS), cmd.Process.Pid)
	var info ProcessInfo
	check(t, p.Read(t.Context(), &info, 0, 0))
	if info.ID != p.ID() || info.Comm != "sleep" || info.PPID != int32(os.Getpid()) || info.Taken.IsZero() {
		t.Errorf("row %+v", info)
	}
	if info.Cmdline.Known() || info.Exe.Known() || info.Cwd.Known() || info.Limits.Known() || info.Terminal.Known() ||
		info.Affinity.Known() || info.IOPriority.Known() || info.PeakRSS.Known() || info.Status.Known() {
		t.Errorf("facts that are not wanted: %+v", info)
	}
	check(t, cmd.Process.Kill())
	cmd.Wait() //nolint:errcheck // it was killed
	var op *OpError
	if err := p.Read(t.Context(), &info, 0, everyFact); !errors.Is(err, ErrNoSuchProcess) || errors.Is(err, ErrZombieProcess) || !errors.As(err, &op) {
		t.Errorf("gone: %v", err)
	}
	if info.ID != (ProcID{}) || info.Affinity.Known() {
		t.Errorf("gone: %+v", info)
	}
}

// TestReadForeignTree reads a tree whose PIDs are not this system's, and a file that
// is malformed.
func TestReadForeignTree(t *testing.T) {
	tree := sysprobetest.NewProcTree(t)
	tree.Add(sysprobetest.Process{PID: 10, Comm: "x"})
	tree.Write("10/limits", "no limits\n")
	p := openProcess(t, openTable(t, tree.Root), 10)
	var info ProcessInfo
	check(t, p.Read(t.Context(), &info, 0, WantAffinity|WantIOPriority|WantLimits))
	if info.Affinity.Known() || info.IOPriority.Known() || info.Limits.Known() || info.Malformed != 1 || info.Denied != 0 {
		t.Errorf("%+v, want one malformed fact", info)
	}
}

// TestReadAgain reads a process again and again, through what stays open of it, until
// it is gone.
func TestReadAgain(t *testing.T) {
	cmd := exec.Command("sleep", "600")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Wait()         //nolint:errcheck // it is killed
	defer cmd.Process.Kill() //nolint:errcheck // it may be dead
	p := openProcess(t, openTable(t, ""), cmd.Process.Pid)
	var info ProcessInfo
	read := func() error { return p.Read(t.Context(), &info, forEverybody, WantCmdline) }
	becomes := func(want State) {
		t.Helper()
		sysprobetest.Eventually(t, func() string {
			if err := read(); err != nil || info.State != want {
				return fmt.Sprintf("state %v, %v, want %v", info.State, err, want)
			}
			return ""
		})
	}
	becomes(StateSleeping)
	for range 3 {
		check(t, read())
	}
	if info.Name != "sleep" || !info.Memory.Known() || info.Status.Or(ProcStatus{}).UID != uint32(os.Geteuid()) {
		t.Errorf("%+v", info)
	}
	check(t, p.Signal(syscall.SIGSTOP))
	becomes(StateStopped)
	check(t, p.Signal(syscall.SIGKILL))
	becomes(StateZombie)
	cmd.Wait() //nolint:errcheck // it was killed
	if err := read(); !errors.Is(err, ErrNoSuchProcess) || info.ID != (ProcID{}) {
		t.Errorf("%+v, %v of a process that was reaped", info.ID, err)
	}
}
