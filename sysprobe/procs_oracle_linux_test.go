package sysprobe

import (
	"encoding/json"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"telegraf-sysprobe/sysprobe/sysprobetest"
)

// letters are what ps(1) shows of the states.
var letters = map[State]string{
	StateRunning: "R", StateSleeping: "S", StateDiskSleep: "D", StateStopped: "T", StateTracingStop: "t",
	StateZombie: "Z", StateDead: "X", StateIdle: "I", StateParked: "P",
}

// forEachBackend runs f with each backend that this user may have.
func forEachBackend(t *testing.T, f func(t *testing.T, procs *Procs)) {
	for _, backend := range []Backend{BackendBPF, BackendProcFS} {
		t.Run(backend.String(), func(t *testing.T) { f(t, openBackend(t, backend)) })
	}
}

// processesForOracles starts processes that stay at rest, of which a tool has
// something different to say each, and returns their PIDs.
func processesForOracles(t *testing.T) []int32 {
	t.Helper()
	parent := startHelper(t, nil, "zombies", "3", "exit 0")
	var pids []int32
	parent.answer(t, &pids)
	pids = append(pids, parent.pid(), startHelper(t, nil, "named", `"a (b) c"`).pid(), startHelper(t, nil, "dead-leader").pid())
	for _, script := range []string{"exec sleep 600", "exec nice -n 5 sleep 600", "kill -STOP $$"} {
		cmd := exec.Command("sh", "-c", script)
		cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: script == "exec sleep 600"}
		start(t, cmd)
		pids = append(pids, int32(cmd.Process.Pid))
	}
	return pids
}

// agreesWith compares what a tool and what procs say of processes at rest that
// the test started. Others may have names that a tool changes to print them.
func agreesWith[T any](t *testing.T, procs *Procs, want Fields, theirs func(*testing.T, []int32) map[int32]T, ours func(*ProcSnapshot, *Proc) T) {
	t.Helper()
	pids := processesForOracles(t)
	sysprobetest.Eventually(t, func() string {
		before, theirs, after := snapshotOf(t, procs, want), theirs(t, pids), snapshotOf(t, procs, want)
		for _, pid := range pids {
			p := before.Find(pid)
			if p == nil || !cmp.Equal(p, after.Find(pid), exact) {
				return fmt.Sprintf("process %d is not at rest: %+v", pid, p)
			}
			if diff := cmp.Diff(theirs[pid], ours(before, p)); diff != "" {
				return fmt.Sprintf("process %d (-theirs +ours):\n%s", pid, diff)
			}
		}
		return ""
	})
}

// joined returns PIDs with commas between them.
func joined(pids []int32) string {
	return strings.ReplaceAll(strings.Trim(fmt.Sprint(pids), "[]"), " ", ",")
}

func TestAgreesWithPS(t *testing.T) {
	sysprobetest.NeedTool(t, "ps")
	forEachBackend(t, func(t *testing.T, procs *Procs) { agreesWith(t, procs, WantStatus|WantMemory, psLines, psLine) })
}

// psLines returns what ps(1) prints of processes, blanks folded.
func psLines(t *testing.T, pids []int32) map[int32]string {
	t.Helper()
	out, err := exec.Command("ps", "-o", "pid=,ppid=,pgid=,sid=,uid=,gid=,s=,nlwp=,nice=,vsz=,rss=,cputimes=,comm=", "-p", joined(pids)).Output()
	if err != nil {
		t.Fatal(err)
	}
	lines := make(map[int32]string)
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		pid, err := strconv.ParseInt(fields[0], 10, 32)
		if err != nil {
			t.Fatal(err)
		}
		lines[int32(pid)] = strings.TrimSuffix(strings.Join(fields, " "), " <defunct>")
	}
	return lines
}

// psLine prints p as ps does, blanks folded. A dead leader is a zombie there,
// without the memory of the threads that live.
func psLine(_ *ProcSnapshot, p *Proc) string {
	st := p.Status.Or(ProcStatus{})
	nice := strconv.Itoa(int(p.Nice))
	if p.Policy == SchedFIFO || p.Policy == SchedRR || p.Policy == SchedDeadline {
		nice = "-"
	}
	state := letters[p.State]
	vms, rss := p.VMS, p.Memory.Or(ProcMemory{}).RSS
	if p.LeaderDead {
		state, vms, rss = letters[StateZombie], 0, 0
	}
	line := fmt.Sprintf("%d %d %d %d %d %d %s %d %s %d %d %d %s", p.ID.PID, p.PPID, p.Group, p.Session, st.EUID, st.EGID,
		state, p.Threads, nice, vms/1024, rss/1024, (p.UserTime+p.SystemTime)/time.Second, p.Comm)
	return strings.Join(strings.Fields(line), " ")
}

// psutilScript prints what psutil says of the processes of its argument, as JSON.
const psutilScript = `
import json, psutil, sys
rows = []
for pid in sys.argv[1].split(","):
    try:
        p = psutil.Process(int(pid))
        with p.oneshot():
            t, m, g, u, n = p.cpu_times(), p.memory_info(), p.gids(), p.uids(), p.num_ctx_switches()
            rows.append(dict(PID=p.pid, PPID=p.ppid(), Name=p.name(), Status=p.status(), Threads=p.num_threads(), Nice=p.nice(),
                User=t.user, System=t.system, ChildUser=t.children_user, ChildSystem=t.children_system, IOWait=t.iowait,
                RSS=m.rss, VMS=m.vms, Shared=m.shared, Text=m.text, Data=m.data, CPU=p.cpu_num(),
                UID=list(u), GID=list(g), Switches=list(n), FDs=p.num_fds(), Created=round(p.create_time(), 2)))
    except psutil.NoSuchProcess:
        pass
print(json.dumps(rows))
`

// psutilRow is a process as psutil gives it.
type psutilRow struct {
	PID, PPID                                    int32
	Name, Status                                 string
	Threads                                      uint32
	Nice                                         int8
	User, System, ChildUser, ChildSystem, IOWait float64
	RSS, VMS, Shared, Text, Data                 uint64
	CPU                                          int32
	UID, GID                                     [3]uint32
	Switches                                     [2]uint64
	FDs                                          uint32
	Created                                      float64
}

func TestAgreesWithPsutil(t *testing.T) {
	python := sysprobetest.NeedPython(t, "psutil")
	sysprobetest.NeedRoot(t) // psutil raises AccessDenied where it must not count descriptors
	forEachBackend(t, func(t *testing.T, procs *Procs) {
		agreesWith(t, procs, WantName|WantStatus|WantMemory|WantFDs, psutilRows(python), asPsutil)
	})
}

// psutilRows returns what the psutil of a Python says of processes.
func psutilRows(python string) func(*testing.T, []int32) map[int32]psutilRow {
	return func(t *testing.T, pids []int32) map[int32]psutilRow {
		t.Helper()
		out, err := exec.Command(python, "-c", psutilScript, joined(pids)).Output()
		if err != nil {
			t.Fatal(err)
		}
		var rows []psutilRow
		if err := json.Unmarshal(out, &rows); err != nil {
			t.Fatal(err)
		}
		byPID := make(map[int32]psutilRow)
		for _, row := range rows {
			byPID[row.PID] = row
		}
		return byPID
	}
}

// asPsutil gives p in psutil's terms. A dead leader is a zombie there, without the
// memory and the descriptors of the threads that live.
func asPsutil(s *ProcSnapshot, p *Proc) psutilRow {
	st, m, fds := p.Status.Or(ProcStatus{}), p.Memory.Or(ProcMemory{}), p.FDs.Or(0)
	status := p.State.String()
	if p.LeaderDead {
		status, m, fds = StateZombie.String(), ProcMemory{}, 0
	}
	return psutilRow{
		PID: p.ID.PID, PPID: p.PPID, Name: p.Name, Status: status, Threads: p.Threads, Nice: p.Nice,
		User: seconds(p.UserTime), System: seconds(p.SystemTime), IOWait: seconds(p.IOWait),
		ChildUser: seconds(p.ChildUserTime.Or(0)), ChildSystem: seconds(p.ChildSystemTime.Or(0)),
		RSS: m.RSS, VMS: m.VMS, Shared: m.Shared, Text: m.Text, Data: m.Data, CPU: p.CPU.Or(-1),
		UID: [3]uint32{st.UID, st.EUID, st.SUID}, GID: [3]uint32{st.GID, st.EGID, st.SGID},
		Switches: [2]uint64{st.VoluntarySwitches.Or(0), st.InvoluntarySwitches.Or(0)},
		FDs:      fds, Created: float64(s.Created(p).UnixMilli()) / 1000,
	}
}

// seconds divides as psutil does, to the last bit.
func seconds(d time.Duration) float64 { return float64(d/ticks(1)) / userHZ }
