package sysprobe

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// helpers are what a process of the test binary can be. They print "ready",
// then what was asked for, and end with their input.
var helpers = map[string]func(args []string) error{
	"named":       helpNamed,
	"zombies":     helpZombies,
	"subreaper":   helpSubreaper,
	"dead-leader": helpDeadLeader,
	"sweep":       helpSweep,
	"hidepid":     helpHidePID,
	"pid-reuse":   helpPIDReuse,
	"no-files":    helpNoFiles,
	"few-files":   helpFewFiles,
	"last-file":   helpLastFile,
	"no-room":     helpNoRoom,
	"sight":       helpSight,
	"hidden":      helpHidden,
	"exits":       helpExits,
	"backend":     helpBackend,
	"title":       helpTitle,
	"methods":     helpMethods,
	"reuse":       helpReuse,
	"wait":        helpWait,
	"listener":    helpListener,
	"connections": helpConnections,
	"sockets":     helpSockets,
	"own-table":   helpOwnTable,
	"holders":     helpHolders,
	"namespace":   helpNamespace,
	"only-dead":   helpOnlyDead,
	"tracer":      helpTracer,
	"host":        helpHost,
	"sessions":    helpSessions,
	"subset":      helpSubset,
	"peak":        helpPeak,
	"reads":       helpReads,
	"sandbox":     helpSandbox,
	"mixed-tree":  helpMixedTree,
	"kill-tree":   helpKillTree,
}

// say prints v for the test to read.
func say(v any) error { return json.NewEncoder(os.Stdout).Encode(v) }

func ready() error { return say("ready") }

// untilEOF waits until the test ends, and calls f with each line before.
func untilEOF(f func(line string) error) error {
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		if err := f(lines.Text()); err != nil {
			return err
		}
	}
	return lines.Err()
}

func ignore(string) error { return nil }

// setComm names a thread of this process. The empty name needs its NUL written.
func setComm(tid int, name string) error {
	return os.WriteFile(fmt.Sprintf("/proc/self/task/%d/comm", tid), []byte(name+"\x00"), 0)
}

// helpNamed NAME [THREAD-NAME]: a process of that name, quoted as in Go. Lines
// are further names.
func helpNamed(args []string) error {
	if err := setQuoted(os.Getpid(), args[0]); err != nil {
		return err
	}
	if len(args) > 1 {
		named := make(chan error)
		go func() {
			runtime.LockOSThread()
			named <- setQuoted(unix.Gettid(), args[1])
			select {}
		}()
		if err := <-named; err != nil {
			return err
		}
	}
	if err := ready(); err != nil {
		return err
	}
	return untilEOF(func(line string) error {
		if err := setQuoted(os.Getpid(), line); err != nil {
			return err
		}
		return ready()
	})
}

func setQuoted(tid int, quoted string) error {
	name, err := strconv.Unquote(quoted)
	if err != nil {
		return err
	}
	return setComm(tid, name)
}

// helpZombies COUNT SCRIPT: that many dead children that ran a shell script.
// It prints their PIDs. The line "reap" reaps them.
func helpZombies(args []string) error {
	count, err := strconv.Atoi(args[0])
	if err != nil {
		return err
	}
	var children []*os.Process
	for range count {
		child, err := os.StartProcess("/bin/sh", []string{"sh", "-c", args[1]}, &os.ProcAttr{})
		if err != nil {
			return err
		}
		children = append(children, child)
	}
	pids := make([]int, len(children))
	for i, child := range children {
		pids[i] = child.Pid
		if err := waitDead(child.Pid); err != nil {
			return err
		}
	}
	if err := errors.Join(ready(), say(pids)); err != nil {
		return err
	}
	return untilEOF(func(string) error {
		for _, child := range children {
			if _, err := child.Wait(); err != nil {
				return err
			}
		}
		return ready()
	})
}

// waitDead waits until a child is dead, without reaping it.
func waitDead(pid int) error {
	for {
		err := unix.Waitid(unix.P_PID, pid, nil, unix.WEXITED|unix.WNOWAIT, nil)
		if !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}

// helpSubreaper: a process that gets the orphans of its offspring, a child of
// it, and a zombie child of that. It prints the PIDs of the two. The line
// "orphan" ends the child, the line "reap" reaps the zombie.
func helpSubreaper([]string) error {
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		return err
	}
	cmd := exec.Command("/proc/self/exe", "1", "exit 3")
	cmd.Env = append(os.Environ(), helperVariable+"=zombies")
	if _, err := cmd.StdinPipe(); err != nil {
		return err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	lines := bufio.NewScanner(stdout)
	lines.Scan() // ready
	lines.Scan()
	var zombies []int
	if err := json.Unmarshal(lines.Bytes(), &zombies); err != nil {
		return err
	}
	if err := errors.Join(ready(), say([]int{cmd.Process.Pid, zombies[0]})); err != nil {
		return err
	}
	return untilEOF(func(line string) error {
		if line == "orphan" {
			if err := cmd.Process.Kill(); err != nil {
				return err
			}
			cmd.Wait() //nolint:errcheck // it was killed
		} else if _, err := unix.Wait4(zombies[0], nil, 0, nil); err != nil {
			return err
		}
		return ready()
	})
}

// helpDeadLeader: a process whose main thread is dead and whose thread
// "survivor" lives.
func helpDeadLeader([]string) error {
	go func() {
		runtime.LockOSThread()
		defer os.Exit(0)
		if setComm(unix.Gettid(), "survivor") != nil {
			os.Exit(1)
		}
		for { // until the main thread is dead
			b, err := os.ReadFile("/proc/self/stat")
			if err != nil {
				os.Exit(1)
			}
			if strings.Contains(string(b), ") Z ") {
				break
			}
			time.Sleep(time.Millisecond)
		}
		if errors.Join(ready(), untilEOF(ignore)) != nil {
			os.Exit(1)
		}
	}()
	// Not RawSyscall: the scheduler has to know that this thread is away.
	unix.Syscall(unix.SYS_EXIT, 0, 0, 0) //nolint:errcheck // does not return
	return errors.New("survived")
}

// sweepAnswer is what helpSweep prints.
type sweepAnswer struct {
	Procs                       []Proc
	Denied, Malformed, Vanished int
	FirstDenied                 Opt[Denial]
}

func (a *sweepAnswer) find(pid int32) *Proc { return (&ProcSnapshot{Procs: a.Procs}).Find(pid) }

// helpSweep ROOT FIELDS: prints a snapshot.
func helpSweep(args []string) error {
	want, err := strconv.Atoi(args[1])
	if err != nil {
		return err
	}
	procs, err := OpenProcs(&Config{ProcRoot: args[0]})
	if err != nil {
		return err
	}
	var s ProcSnapshot
	if err := procs.Snapshot(context.Background(), &s, Fields(want)); err != nil {
		return err
	}
	return errors.Join(ready(), say(sweepAnswer{s.Procs, s.Denied, s.Malformed, s.Vanished, s.FirstDenied}))
}

// asNobody makes cmd run as a user who is nobody else.
func asNobody(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
}

const nobody = 65534

// inNamespaces makes cmd run in namespaces of its own.
func inNamespaces(flags uintptr) func(*exec.Cmd) {
	return func(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: flags} }
}

// mountProc mounts proc(5) where only this mount namespace sees it.
func mountProc(dir, options string) error {
	if err := makeMountsPrivate(); err != nil {
		return err
	}
	return unix.Mount("proc", dir, "proc", 0, options)
}

// makeMountsPrivate makes this mount namespace show no mount to another. In a
// plain chroot "/" is no mount point: there it goes to the root of the namespace,
// which a working directory outside the root may, and back.
func makeMountsPrivate() error {
	const private = unix.MS_PRIVATE | unix.MS_REC
	if err := unix.Mount("", "/", "", private, ""); !errors.Is(err, unix.EINVAL) {
		return err
	}
	directory, err := os.Getwd()
	if err != nil {
		return err
	}
	root, err := os.Open("/")
	if err != nil {
		return err
	}
	defer root.Close()
	up := strings.Repeat("../", 100) // the root is its own parent
	return errors.Join(unix.Chroot("/proc"), root.Chdir(), unix.Chdir(up), unix.Mount("", ".", "", private, ""),
		root.Chdir(), unix.Chroot("."), os.Chdir(directory))
}

// helpHidePID DIR FIELDS: mounts proc(5) with hidepid=2 on DIR and prints what
// nobody sees there.
func helpHidePID(args []string) error {
	if err := mountProc(args[0], "hidepid=2"); err != nil {
		return err
	}
	cmd := exec.Command("/proc/self/exe", args...)
	cmd.Env = append(os.Environ(), helperVariable+"=sweep")
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	asNobody(cmd)
	return cmd.Run()
}

// helpPIDReuse, the first process of its PID namespace, lets a process follow
// another under the same PID and prints what two snapshots and rates say.
func helpPIDReuse([]string) error {
	if err := mountProc("/proc", ""); err != nil {
		return err
	}
	procs, err := OpenProcs(nil)
	if err != nil {
		return err
	}
	var (
		s      ProcSnapshot
		rates  ProcRates
		answer reuseAnswer
	)
	end := func(p *os.Process) error {
		if err := p.Kill(); err != nil {
			return err
		}
		_, err := p.Wait()
		return err
	}
	first, err := os.StartProcess("/bin/sleep", []string{"sleep", "600"}, &os.ProcAttr{})
	if err != nil {
		return err
	}
	if err := procs.Snapshot(context.Background(), &s, 0); err != nil {
		return err
	}
	rates.Update(&s, nil)
	answer.First = s.Find(int32(first.Pid)).ID
	if err := end(first); err != nil {
		return err
	}
	time.Sleep(20 * time.Millisecond) // two ticks: within one the start is the same
	second, err := startAs(first.Pid)
	if err != nil {
		return err
	}
	if err := procs.Snapshot(context.Background(), &s, 0); err != nil {
		return err
	}
	rates.Update(&s, nil)
	answer.Second = s.Find(int32(second.Pid)).ID
	answer.Created, answer.Exited = rates.Created(), rates.Exited()
	if err := end(second); err != nil {
		return err
	}
	return errors.Join(ready(), say(answer))
}

// reuseAnswer is what helpPIDReuse prints.
type reuseAnswer struct {
	First, Second   ProcID
	Created, Exited uint64
}

// startAs starts a process under a PID that is free. A thread of this process
// may take the PID first; then it tries again.
func startAs(pid int) (*os.Process, error) {
	for range 50 {
		if err := os.WriteFile("/proc/sys/kernel/ns_last_pid", []byte(strconv.Itoa(pid-1)), 0); err != nil {
			return nil, err
		}
		p, err := os.StartProcess("/bin/sleep", []string{"sleep", "600"}, &os.ProcAttr{})
		if err != nil || p.Pid == pid {
			return p, err
		}
		if err := p.Kill(); err != nil {
			return nil, err
		}
		if _, err := p.Wait(); err != nil {
			return nil, err
		}
	}
	return nil, fmt.Errorf("PID %d is not to be had", pid)
}

// helpNoFiles [WORKERS]: prints whether a process that may open no more files is
// told so.
func helpNoFiles(args []string) error {
	var c Config
	if len(args) > 0 {
		n, err := strconv.Atoi(args[0])
		if err != nil {
			return err
		}
		c = Config{Backend: BackendProcFS, Workers: n}
	}
	procs, err := OpenProcs(&c)
	if err != nil {
		return err
	}
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{}); err != nil {
		return err
	}
	var s ProcSnapshot
	err = procs.Snapshot(context.Background(), &s, 0)
	return errors.Join(ready(), say(errors.Is(err, unix.EMFILE) && len(s.Procs) == 0))
}
