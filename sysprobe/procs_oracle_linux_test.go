package sysprobe

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
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

// stable returns the processes that both snapshots have and that did nothing
// in between.
func stable(before, after *ProcSnapshot) []*Proc {
	var procs []*Proc
	for i := range before.Procs {
		p := &before.Procs[i]
		if q := after.Find(p.ID.PID); q != nil && cmp.Equal(p, q, exact) && p.State != StateRunning {
			procs = append(procs, p)
		}
	}
	return procs
}

// forEachBackend runs f with each backend that this user may have.
func forEachBackend(t *testing.T, f func(t *testing.T, procs *Procs)) {
	for _, backend := range []Backend{BackendBPF, BackendProcFS} {
		t.Run(backend.String(), func(t *testing.T) { f(t, openBackend(t, backend)) })
	}
}

// TestAgreesWithPS asks ps(1) for the same machine.
func TestAgreesWithPS(t *testing.T) { forEachBackend(t, agreesWithPS) }

func agreesWithPS(t *testing.T, procs *Procs) {
	// Something that stays as it is, whatever else runs here.
	zombies := startHelper(t, nil, "zombies", "3", "exit 0")
	startHelper(t, nil, "named", `"a (b) c"`)
	sysprobetest.Eventually(t, func() string {
		before := snapshotOf(t, procs, WantStatus|WantMemory)
		out, err := exec.Command("ps", "-eo", "pid=,ppid=,pgid=,sid=,uid=,gid=,s=,nlwp=,nice=,vsz=,rss=,cputimes=,comm=").Output()
		if err != nil {
			t.Fatal(err)
		}
		after := snapshotOf(t, procs, WantStatus|WantMemory)
		listed := make(map[int32]string)
		for line := range strings.Lines(string(out)) {
			fields := strings.Fields(line)
			pid, err := strconv.ParseInt(fields[0], 10, 32)
			if err != nil {
				t.Fatal(err)
			}
			listed[int32(pid)] = strings.TrimSuffix(strings.Join(fields, " "), " <defunct>")
		}
		same := stable(before, after)
		for _, p := range same {
			if want, got := withoutWork(listed[p.ID.PID]), withoutWork(psLine(p)); got != want {
				return fmt.Sprintf("of %d processes, ps says\n%s\nand we say\n%s", len(same), want, got)
			}
		}
		if before.Find(zombies.pid()) == nil || len(same) < 5 {
			return fmt.Sprintf("only %d processes are stable", len(same))
		}
		return ""
	})
}

// withoutWork cuts off what a kworker works on, which proc(5) alone shows: after
// a plus while it does, after a minus since (wq_worker_comm in
// kernel/workqueue.c).
func withoutWork(text string) string {
	if at := strings.Index(text, "kworker/"); at >= 0 {
		if end := strings.IndexAny(text[at:], "+-"); end >= 0 {
			return text[:at+end]
		}
	}
	return text
}

// psLine prints p as ps does, blanks folded.
func psLine(p *Proc) string {
	st := p.Status.Or(ProcStatus{})
	nice := strconv.Itoa(int(p.Nice))
	if p.Policy == SchedFIFO || p.Policy == SchedRR || p.Policy == SchedDeadline {
		nice = "-"
	}
	line := fmt.Sprintf("%d %d %d %d %d %d %s %d %s %d %d %d %s", p.ID.PID, p.PPID, p.Group, p.Session, st.EUID, st.EGID,
		letters[p.State], p.Threads, nice, p.VMS/1024, p.Memory.Or(ProcMemory{}).RSS/1024, (p.UserTime+p.SystemTime)/time.Second, p.Comm)
	return strings.Join(strings.Fields(line), " ")
}

// psutilScript prints what psutil says of every process, as JSON.
const psutilScript = `
import json, psutil
rows = []
for p in psutil.process_iter():
    try:
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

// TestAgreesWithPsutil asks python3-psutil for the same machine.
func TestAgreesWithPsutil(t *testing.T) {
	const python = "/usr/bin/python3"
	if err := exec.Command(python, "-c", "import psutil").Run(); err != nil {
		t.Skip("python3-psutil is not installed:", err)
	}
	if os.Geteuid() != 0 {
		t.Skip("psutil raises AccessDenied where it may not count descriptors, so comparing them needs root")
	}
	forEachBackend(t, agreesWithPsutil)
}

func agreesWithPsutil(t *testing.T, procs *Procs) {
	zombies := startHelper(t, nil, "zombies", "3", "exit 0")
	startHelper(t, nil, "named", `"a (b) c"`)
	const want = WantName | WantStatus | WantMemory | WantFDs
	sysprobetest.Eventually(t, func() string {
		before := snapshotOf(t, procs, want)
		out, err := exec.Command("/usr/bin/python3", "-c", psutilScript).Output()
		if err != nil {
			t.Fatal(err)
		}
		after := snapshotOf(t, procs, want)
		var rows []psutilRow
		if err := json.Unmarshal(out, &rows); err != nil {
			t.Fatal(err)
		}
		theirs := make(map[int32]psutilRow)
		for _, row := range rows {
			theirs[row.PID] = row
		}
		same := stable(before, after)
		for _, p := range same {
			theirs, ours := theirs[p.ID.PID], asPsutil(before, p)
			theirs.Name, ours.Name = withoutWork(theirs.Name), withoutWork(ours.Name)
			if diff := cmp.Diff(theirs, ours); diff != "" {
				return fmt.Sprintf("of %d processes, %d (-psutil +ours):\n%s", len(same), p.ID.PID, diff)
			}
		}
		if before.Find(zombies.pid()) == nil || len(same) < 5 {
			return fmt.Sprintf("only %d processes are stable", len(same))
		}
		return ""
	})
}

// asPsutil gives p in psutil's terms. A dead leader is a zombie there.
func asPsutil(s *ProcSnapshot, p *Proc) psutilRow {
	st, m := p.Status.Or(ProcStatus{}), p.Memory.Or(ProcMemory{})
	status := p.State.String()
	if p.LeaderDead {
		status = StateZombie.String()
	}
	return psutilRow{
		PID: p.ID.PID, PPID: p.PPID, Name: p.Name, Status: status, Threads: p.Threads, Nice: p.Nice,
		User: seconds(p.UserTime), System: seconds(p.SystemTime), IOWait: seconds(p.IOWait),
		ChildUser: seconds(p.ChildUserTime), ChildSystem: seconds(p.ChildSystemTime),
		RSS: m.RSS, VMS: m.VMS, Shared: m.Shared, Text: m.Text, Data: m.Data, CPU: p.CPU,
		UID: [3]uint32{st.UID, st.EUID, st.SUID}, GID: [3]uint32{st.GID, st.EGID, st.SGID},
		Switches: [2]uint64{st.VoluntarySwitches.Or(0), st.InvoluntarySwitches.Or(0)},
		FDs:      p.FDs.Or(0), Created: float64(s.Created(p).UnixMilli()) / 1000,
	}
}

// seconds divides as psutil does, to the last bit.
func seconds(d time.Duration) float64 { return float64(d/ticks(1)) / userHZ }
