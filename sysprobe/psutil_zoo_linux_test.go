package sysprobe

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"telegraf-sysprobe/sysprobe/sysprobetest"
)

// zooScript prints what psutil says of processes for each line that it reads, field by
// field: a value, or the name of the exception behind "!".
const zooScript = `
import json, psutil, sys
fields = dict(
    name=lambda p: p.name(), status=lambda p: p.status(), username=lambda p: p.username(), nice=lambda p: p.nice(),
    num_fds=lambda p: p.num_fds(), cmdline=lambda p: p.cmdline(), exe=lambda p: p.exe(), cwd=lambda p: p.cwd(),
    environ=lambda p: p.environ(), terminal=lambda p: p.terminal() or "",
    ionice=lambda p: [int(p.ionice().ioclass), p.ionice().value], cpu_affinity=lambda p: p.cpu_affinity(),
    rlimit=lambda p: [list(p.rlimit(r)) for r in range(16)],
    threads=lambda p: sorted([t.id, round(t.user_time * 100), round(t.system_time * 100)] for t in p.threads()),
    open_files=lambda p: sorted([f.fd, f.path, f.position, f.mode, f.flags] for f in p.open_files()),
    memory_maps=lambda p: sorted([m.path, m.size, m.private_dirty, m.swap] for m in p.memory_maps()),
    memory_info=lambda p: [p.memory_info().rss, p.memory_info().vms],
    memory_full_info=lambda p: [p.memory_full_info().uss, p.memory_full_info().swap],
    memory_pss=lambda p: p.memory_full_info().pss,
    memory_regions=lambda p: [[m.addr, m.perms, m.path, m.size, m.rss, m.private_dirty, m.anonymous, m.swap] for m in p.memory_maps(grouped=False)],
    memory_parts=lambda p: [p.memory_info().shared, p.memory_info().text, p.memory_info().data], memory_percent=lambda p: round(p.memory_percent(), 6),
    parent=lambda p: p.parent().pid, children=lambda p: sorted(c.pid for c in p.children()),
    parents=lambda p: [q.pid for q in p.parents()], descendants=lambda p: sorted(c.pid for c in p.children(recursive=True)),
    ppid=lambda p: p.ppid(), create_time=lambda p: round(p.create_time() * 100), is_running=lambda p: p.is_running(),
    pid_exists=lambda p: psutil.pid_exists(p.pid), uids=lambda p: list(p.uids()), gids=lambda p: list(p.gids()),
    cpu_num=lambda p: p.cpu_num(), cpu_times=lambda p: [round(t * 100) for t in p.cpu_times()],
    num_threads=lambda p: p.num_threads(), num_ctx_switches=lambda p: list(p.num_ctx_switches()),
    io_counters=lambda p: list(p.io_counters()),
    connections=lambda p: sorted([c.fd, int(c.family), int(c.type), at(c.laddr), at(c.raddr), c.status] for c in p.connections("all")),
)
def at(a):
    return a if isinstance(a, str) else ("[%s]:%d" if ":" in a.ip else "%s:%d") % (a.ip, a.port) if a else ""
def ask(pid, f):
    try:
        return f(psutil.Process(pid))
    except psutil.Error as e:
        return "!" + type(e).__name__
for line in sys.stdin:
    print(json.dumps({pid: {name: ask(int(pid), f) for name, f in fields.items()} for pid in sys.argv[1:]}), flush=True)
`

// zooMightDiffer are the fields in which we differ from psutil at times, and why.
var zooMightDiffer = map[string]string{
	"parentheses threads": "psutil takes the first parenthesis for the end of the name, and then counts other numbers, mostly 0 as well, as CPU time",
}

// zooDiffers are the fields of specimens in which we differ from psutil, and why. One
// that does not differ with Debian 12's psutil is an error.
var zooDiffers = map[string]string{
	"zombie cmdline":        zombieRaises,
	"zombie exe":            zombieRaises,
	"zombie memory_maps":    zombieRaises,
	"zombie memory_regions": zombieRaises,

	"zombie environ":          "psutil takes the ESRCH of the file for the end of the process",
	"zombie memory_full_info": "psutil 5.9 raises ZombieProcess; a zombie has no memory",

	"dead leader status":           leaderLives,
	"dead leader cmdline":          leaderLives,
	"dead leader exe":              leaderLives,
	"dead leader cwd":              leaderLives,
	"dead leader environ":          leaderLives,
	"dead leader memory_maps":      leaderLives,
	"dead leader memory_full_info": leaderLives,
	"dead leader memory_info":      leaderLives,
	"dead leader memory_parts":     leaderLives,
	"dead leader memory_percent":   leaderLives,
	"dead leader memory_regions":   leaderLives,
	"dead leader open_files":       leaderLives,
	"dead leader num_fds":          leaderLives,

	"files open_files": "psutil says that a file opened with O_PATH can be read",

	"blank in a socket's path connections": "psutil loses a path with a blank",
}

const (
	zombieRaises = "psutil before 5.9.6 has an empty answer of a zombie, and raises ZombieProcess since"
	leaderLives  = "psutil takes a process whose first thread is dead for a zombie; its other threads live and have the facts"
)

// zooOracle is a psutil that answers when it is asked. It lives while ours is read:
// how much memory a process alone has depends on who else has its program and
// libraries.
type zooOracle struct {
	ask     io.Writer
	answers *json.Decoder
}

// zooAnswer is what psutil says, by PID and field.
type zooAnswer map[int32]map[string]any

func openZooOracle(t *testing.T, python string, pids map[string]int32) *zooOracle {
	t.Helper()
	args := []string{"-c", zooScript}
	for _, pid := range pids {
		args = append(args, fmt.Sprint(pid))
	}
	cmd := exec.Command(python, args...)
	stdin, stdout := piped(t, cmd)
	start(t, cmd)
	return &zooOracle{ask: stdin, answers: json.NewDecoder(stdout)}
}

func (o *zooOracle) answer(t *testing.T) (a zooAnswer) {
	t.Helper()
	_, err := fmt.Fprintln(o.ask)
	check(t, errors.Join(err, o.answers.Decode(&a)))
	return a
}

// TestZooAgreesWithPsutil compares every field of every specimen with what psutil said
// before or after, until all agree: the thread of a program at rest runs now and then.
func TestZooAgreesWithPsutil(t *testing.T) {
	python := sysprobetest.NeedPython(t, "psutil")
	sysprobetest.NeedRoot(t)
	for _, tool := range []string{"taskset", "ionice", "chrt"} {
		sysprobetest.NeedTool(t, tool)
	}
	pids := zoo(t)
	version, err := exec.Command(python, "-c", "import psutil; print(psutil.__version__)").Output()
	check(t, err)
	procs, oracle := openTable(t, ""), openZooOracle(t, python, pids)
	sysprobetest.Eventually(t, func() string {
		diffs := compareZoo(t, oracle, procs, pids)
		for key := range zooDiffers {
			if diffs[key] == "" && strings.HasPrefix(string(version), "5.9.4") {
				diffs[key+" does not differ any more"] = "-"
			}
		}
		maps.DeleteFunc(diffs, func(key, _ string) bool { return zooDiffers[key]+zooMightDiffer[key] != "" })
		if len(diffs) == 0 {
			return ""
		}
		return fmt.Sprintf("differences (-psutil +got): %v", diffs)
	})
}

// compareZoo returns how fields of the specimens differ from psutil's.
func compareZoo(t *testing.T, oracle *zooOracle, procs *Procs, pids map[string]int32) map[string]string {
	t.Helper()
	before := oracle.answer(t)
	ours := ourZoo(t, procs, pids)
	after := oracle.answer(t)
	diffs := map[string]string{}
	for specimen, pid := range pids {
		for field, got := range ours[pid] {
			diff := cmp.Diff(before[pid][field], got)
			if diff != "" && !cmp.Equal(after[pid][field], got) {
				diffs[specimen+" "+field] = diff
			}
		}
	}
	return diffs
}

// ourZoo is what we say of the specimens, as JSON has it.
func ourZoo(t *testing.T, procs *Procs, pids map[string]int32) zooAnswer {
	t.Helper()
	s := snapshotOf(t, procs, WantName|WantStatus|WantFDs|WantMemory|WantIO)
	ours := zooAnswer{}
	for specimen, pid := range pids {
		row, p := s.Find(pid), openProcess(t, procs, int(pid))
		ours[pid] = map[string]any{}
		for field, ask := range zooFields {
			if strings.HasPrefix(field, "memory") && row.Comm != "sleep" && !row.IsZombie() && !row.LeaderDead {
				continue // the memory of a Go program moves while it is at rest
			}
			if specimen == "another user" && field == "rlimit" && !sysprobetest.HasCapability(t, unix.CAP_SYS_RESOURCE) {
				continue // psutil's system call needs it, our file does not
			}
			if field == "memory_pss" && specimen != ownLibraries {
				continue // it moves with all who share a library
			}
			v, err := ask(t, zooRow{s, row}, p)
			ours[pid][field] = asPython(t, v, err)
		}
	}
	return ours
}

// asPython is an answer as JSON has it, or an error as the name of psutil's exception.
func asPython(t *testing.T, v any, err error) any {
	t.Helper()
	switch {
	case errors.Is(err, ErrZombieProcess):
		return "!ZombieProcess"
	case errors.Is(err, ErrNoSuchProcess):
		return "!NoSuchProcess"
	case errors.Is(err, ErrAccessDenied):
		return "!AccessDenied"
	case err != nil:
		return err.Error()
	}
	b, err := json.Marshal(v)
	check(t, err)
	var same any
	check(t, json.Unmarshal(b, &same))
	return same
}
