package sysprobe

import (
	"debug/elf"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
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
    parent=lambda p: p.parent().pid, children=lambda p: sorted(c.pid for c in p.children()),
)
def ask(pid, f):
    try:
        return f(psutil.Process(pid))
    except psutil.Error as e:
        return "!" + type(e).__name__
for line in sys.stdin:
    print(json.dumps({pid: {name: ask(int(pid), f) for name, f in fields.items()} for pid in sys.argv[1:]}), flush=True)
`

// zooFields are the same fields of ours.
var zooFields = map[string]func(t *testing.T, row *Proc, p *Process) (any, error){
	"name":   func(_ *testing.T, row *Proc, _ *Process) (any, error) { return row.Name, nil },
	"status": func(_ *testing.T, row *Proc, _ *Process) (any, error) { return row.State, nil },
	"username": func(t *testing.T, row *Proc, _ *Process) (any, error) {
		return OpenUserNames(nil).Name(t.Context(), row.Status.Or(ProcStatus{}).UID), nil
	},
	"nice":    func(_ *testing.T, row *Proc, _ *Process) (any, error) { return row.Nice, nil },
	"num_fds": func(_ *testing.T, row *Proc, _ *Process) (any, error) { return row.FDs.Or(0), nil },
	"cmdline": func(t *testing.T, _ *Proc, p *Process) (any, error) { return p.Cmdline(t.Context()) },
	"exe":     func(t *testing.T, _ *Proc, p *Process) (any, error) { v, err := p.Exe(t.Context()); return v.Path, err },
	"cwd":     func(t *testing.T, _ *Proc, p *Process) (any, error) { v, err := p.Cwd(t.Context()); return v.Path, err },
	"environ": func(t *testing.T, _ *Proc, p *Process) (any, error) {
		entries, err := p.Environ(t.Context())
		variables := map[string]string{}
		for _, v := range ParseEnviron(entries) {
			variables[v.Name] = v.Value
		}
		return variables, err
	},
	"terminal": func(t *testing.T, _ *Proc, p *Process) (any, error) { return p.Terminal(t.Context()) },
	"ionice": func(t *testing.T, _ *Proc, p *Process) (any, error) {
		v, err := p.IOPriority(t.Context())
		return []int{int(v.Class), int(v.Level)}, err
	},
	"cpu_affinity": func(t *testing.T, _ *Proc, p *Process) (any, error) { return p.Affinity(t.Context()) },
	"rlimit": func(t *testing.T, _ *Proc, p *Process) (any, error) {
		limits, err := p.Limits(t.Context())
		pairs := [][2]int64{}
		value := func(v Opt[uint64]) int64 {
			if n, limited := v.Get(); limited {
				return int64(n)
			}
			return -1
		}
		for _, l := range limits {
			pairs = append(pairs, [2]int64{value(l.Soft), value(l.Hard)})
		}
		return pairs, err
	},
	"threads": func(t *testing.T, _ *Proc, p *Process) (any, error) {
		threads, err := p.Threads(t.Context())
		rows := [][]any{}
		for _, v := range threads {
			rows = append(rows, []any{v.TID, v.UserTime / ticks(1), v.SystemTime / ticks(1)})
		}
		return rows, err
	},
	"open_files": func(t *testing.T, _ *Proc, p *Process) (any, error) {
		files, err := p.OpenFiles(t.Context())
		rows := [][]any{}
		for _, f := range files {
			rows = append(rows, []any{f.FD, f.Path, f.Position, f.Mode, f.Flags})
		}
		return rows, err
	},
	"memory_maps": func(t *testing.T, _ *Proc, p *Process) (any, error) {
		regions, err := p.MemoryMaps(t.Context())
		rows := [][]any{}
		files := GroupMemoryMaps(regions)
		slices.SortFunc(files, func(a, b MappedFile) int { return strings.Compare(a.Path, b.Path) })
		for _, f := range files {
			rows = append(rows, []any{f.Path, f.Memory.Size.Or(0), f.Memory.PrivateDirty.Or(0), f.Memory.Swap.Or(0)})
		}
		return rows, err
	},
	"memory_info": func(t *testing.T, _ *Proc, p *Process) (any, error) {
		m, err := p.Memory(t.Context())
		return []uint64{m.RSS, m.VMS}, err
	},
	"memory_pss": func(t *testing.T, _ *Proc, p *Process) (any, error) {
		f, err := p.Footprint(t.Context())
		return f.PSS, err
	},
	"memory_full_info": func(t *testing.T, _ *Proc, p *Process) (any, error) {
		f, err := p.Footprint(t.Context())
		return []uint64{f.USS, f.Swap}, err
	},
	"parent": func(t *testing.T, _ *Proc, p *Process) (any, error) {
		parent, err := p.Parent(t.Context())
		return parent.Or(ProcID{}).PID, err
	},
	"children": func(t *testing.T, _ *Proc, p *Process) (any, error) {
		children, err := p.Children(t.Context())
		pids := []int32{}
		for _, c := range children {
			pids = append(pids, c.PID)
		}
		return pids, err
	},
}

// zooMightDiffer are the fields in which we differ from psutil at times, and why.
var zooMightDiffer = map[string]string{
	"parentheses threads": "psutil takes the first parenthesis for the end of the name, and then counts other numbers, mostly 0 as well, as CPU time",
}

// zooDiffers are the fields of specimens in which we differ from psutil, and why. One
// that does not differ with Debian 12's psutil is an error.
var zooDiffers = map[string]string{
	"zombie cmdline":     zombieRaises,
	"zombie exe":         zombieRaises,
	"zombie memory_maps": zombieRaises,

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
	"dead leader open_files":       leaderLives,
	"dead leader num_fds":          leaderLives,

	"files open_files": "psutil says that a file opened with O_PATH can be read",
}

const (
	zombieRaises = "psutil before 5.9.6 has an empty answer of a zombie, and raises ZombieProcess since"
	leaderLives  = "psutil takes a process whose first thread is dead for a zombie; its other threads live and have the facts"
)

// zoo starts one process of each kind, and returns their PIDs by what they are.
func zoo(t *testing.T) map[string]int32 {
	t.Helper()
	pids := map[string]int32{}
	for name, comm := range map[string]string{
		"blanks": "a b c", "parentheses": ") R 1 (", "newline": "a\nb", "empty": "", "UTF-8": "é", "15 bytes": strings.Repeat("x", 15),
	} {
		pids[name] = startHelper(t, nil, "named", fmt.Sprintf("%q", comm)).pid()
	}
	pids["thread in disguise"] = startHelper(t, nil, "named", `"parent"`, `"evil thread"`).pid()
	parent := startHelper(t, nil, "zombies", "1", "exit 7")
	var zombies []int32
	parent.answer(t, &zombies)
	pids["zombie"], pids["parent of a zombie"] = zombies[0], parent.pid()
	pids["dead leader"] = startHelper(t, nil, "dead-leader").pid()

	dir := t.TempDir()
	sleep := func(name string, change func(*exec.Cmd), prefix ...string) {
		cmd := exec.Command("sh", "-c", strings.Join(append(prefix, `exec sleep 600 `), " "))
		cmd.Dir = dir
		if change != nil {
			change(cmd)
		}
		start(t, cmd)
		pids[name] = int32(cmd.Process.Pid)
		comm := fmt.Sprintf("/proc/%d/comm", cmd.Process.Pid)
		sysprobetest.Eventually(t, func() string {
			if b, err := os.ReadFile(comm); err != nil || string(b) != "sleep\n" {
				return fmt.Sprintf("%s is %q, %v", name, b, err)
			}
			return ""
		})
	}
	sleep("another user", func(cmd *exec.Cmd) { asNobody(cmd); cmd.Dir = "/" })
	sleep("nice", nil, "renice -n 7 -p $$ >/dev/null;")
	sleep("a session of its own", func(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} })
	sleep("limits", nil, "ulimit -n 77; ulimit -c 0; ulimit -s 1024;")
	sleep("environment", func(cmd *exec.Cmd) { cmd.Env = []string{"A=1", "B=", "C=x=y", "D=1\n2=3", "PATH=" + os.Getenv("PATH")} })
	sleep("one processor", nil, "taskset -p 1 $$ >/dev/null;")
	removed := filepath.Join(dir, "gone")
	check(t, os.Mkdir(removed, 0o755))
	sleep("directory removed", func(cmd *exec.Cmd) { cmd.Dir = removed })
	check(t, os.Remove(removed))
	sleep(ownLibraries, nil, "export LC_ALL=C; exec", copyProgram(t, "sleep", dir), "600;")
	sleep("files", func(cmd *exec.Cmd) {
		for i, flags := range []int{os.O_RDONLY, os.O_WRONLY, os.O_RDWR, os.O_WRONLY | os.O_APPEND, os.O_RDWR | os.O_APPEND, unix.O_PATH} {
			path := filepath.Join(dir, fmt.Sprintf("a b %d", i))
			check(t, os.WriteFile(path, []byte("0123456789"), 0o600))
			fd, err := unix.Open(path, flags|unix.O_CLOEXEC, 0)
			check(t, err)
			file := os.NewFile(uintptr(fd), path)
			t.Cleanup(func() { file.Close() })
			file.Seek(int64(i), 0) //nolint:errcheck // O_PATH has no position
			cmd.ExtraFiles = append(cmd.ExtraFiles, file)
		}
	})
	return pids
}

// ownLibraries is a process that shares no file with another one.
const ownLibraries = "libraries of its own"

// copyProgram copies a program, its loader and its libraries to dir, and returns the
// command that executes them, in a process whose name is that of the program.
func copyProgram(t *testing.T, name, dir string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	check(t, err)
	program, err := elf.Open(path)
	check(t, err)
	defer program.Close() //nolint:errcheck // it was read
	interpreter := program.Section(".interp")
	if interpreter == nil { // it needs neither
		copyFile(t, path, filepath.Join(dir, name))
		return filepath.Join(dir, name)
	}
	loader, err := interpreter.Data()
	check(t, err)
	loaderPath, err := filepath.EvalSymlinks(strings.TrimRight(string(loader), "\x00"))
	check(t, err)
	libraries, err := program.ImportedLibraries()
	check(t, err)
	for _, library := range libraries {
		copyFile(t, filepath.Join(filepath.Dir(loaderPath), library), filepath.Join(dir, library))
	}
	copyFile(t, loaderPath, filepath.Join(dir, name))
	copyFile(t, path, filepath.Join(dir, "program"))
	return fmt.Sprintf("%s/%s --library-path %s %s/program", dir, name, dir, dir)
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	b, err := os.ReadFile(from)
	check(t, err)
	check(t, os.WriteFile(to, b, 0o700))
}

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
	sysprobetest.NeedTool(t, "taskset")
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
	s := snapshotOf(t, procs, WantName|WantStatus|WantFDs)
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
			v, err := ask(t, row, p)
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
