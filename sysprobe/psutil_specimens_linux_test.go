package sysprobe

import (
	"debug/elf"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"telegraf-sysprobe/sysprobe/sysprobetest"
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
	sleep("idle I/O", nil, "ionice -c 3 -p $$;")
	sleep("last level of I/O", nil, "ionice -c 2 -n 7 -p $$;")
	sleep("batch", nil, "chrt --batch -p 0 $$;")
	sleep("real time", nil, "chrt --rr -p 7 $$;")
	slave, _ := newTerminal(t)
	sleep("terminal", func(cmd *exec.Cmd) {
		cmd.Stdin, cmd.SysProcAttr = slave, &syscall.SysProcAttr{Setsid: true, Setctty: true}
	})
	cgroup := filepath.Join(unifiedHierarchy(t), fmt.Sprintf("sysprobe-zoo-%d", os.Getpid()))
	check(t, os.Mkdir(cgroup, 0o755))
	t.Cleanup(func() {
		if err := os.Remove(cgroup); err != nil {
			t.Error(err)
		}
	})
	sleep("cgroup", nil)
	move(t, pids["cgroup"], cgroup)
	sleep("sockets", func(cmd *exec.Cmd) { cmd.ExtraFiles = socketsOfAllFamilies(t) })
	sleep("blank in a socket's path", func(cmd *exec.Cmd) {
		listener, err := net.Listen("unix", filepath.Join(dir, "a b"))
		check(t, err)
		t.Cleanup(func() { listener.Close() }) //nolint:errcheck // a test's own
		file, err := listener.(*net.UnixListener).File()
		check(t, err)
		t.Cleanup(func() { file.Close() })
		cmd.ExtraFiles = []*os.File{file}
	})
	family := exec.Command("sh", "-c", "sh -c 'sleep 600 & sleep 600 & wait' & sleep 600 & wait")
	family.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	start(t, family)
	t.Cleanup(func() { syscall.Kill(-family.Process.Pid, syscall.SIGKILL) }) //nolint:errcheck // a test's own
	pids["family"] = int32(family.Process.Pid)
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

// socketsOfAllFamilies returns sockets of every family that a kernel without modules has,
// those that psutil and we list and others, in each state that they stay in.
func socketsOfAllFamilies(t *testing.T) (files []*os.File) {
	t.Helper()
	add := func(name string, fd int, err error) int {
		t.Helper()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		file := os.NewFile(uintptr(fd), name)
		t.Cleanup(func() { file.Close() })
		files = append(files, file)
		return fd
	}
	open := func(family, kind, protocol int, at unix.Sockaddr) int {
		t.Helper()
		fd, err := unix.Socket(family, kind|unix.SOCK_CLOEXEC, protocol)
		add(fmt.Sprintf("socket %d %d", family, kind), fd, err)
		if at != nil {
			check(t, unix.Bind(fd, at))
		}
		return fd
	}
	four := &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}
	six := &unix.SockaddrInet6{Addr: [16]byte{15: 1}}
	for family, at := range map[int]unix.Sockaddr{unix.AF_INET: four, unix.AF_INET6: six} {
		listens := open(family, unix.SOCK_STREAM, 0, at)
		check(t, unix.Listen(listens, 5))
		address, err := unix.Getsockname(listens)
		check(t, err)
		connects := open(family, unix.SOCK_STREAM, 0, nil)
		check(t, unix.Connect(connects, address))
		accepted, _, err := unix.Accept4(listens, unix.SOCK_CLOEXEC)
		add("accepted", accepted, err)
		halfOpen := open(family, unix.SOCK_STREAM, 0, nil) // FIN_WAIT2, and CLOSE_WAIT at the other end
		check(t, unix.Connect(halfOpen, address))
		accepted, _, err = unix.Accept4(listens, unix.SOCK_CLOEXEC)
		add("accepted", accepted, err)
		check(t, unix.Shutdown(halfOpen, unix.SHUT_WR))
		receives := open(family, unix.SOCK_DGRAM, 0, at)
		address, err = unix.Getsockname(receives)
		check(t, err)
		check(t, unix.Connect(open(family, unix.SOCK_DGRAM, 0, nil), address))
		open(family, unix.SOCK_RAW, unix.IPPROTO_UDP, nil)
	}
	dir := t.TempDir()
	for _, kind := range []int{unix.SOCK_STREAM, unix.SOCK_DGRAM, unix.SOCK_SEQPACKET} {
		named := open(unix.AF_UNIX, kind, 0, &unix.SockaddrUnix{Name: filepath.Join(dir, fmt.Sprint("socket", kind))})
		if kind != unix.SOCK_DGRAM {
			check(t, unix.Listen(named, 5))
		}
		pair, err := unix.Socketpair(unix.AF_UNIX, kind|unix.SOCK_CLOEXEC, 0)
		add("pair", pair[0], err)
		add("pair", pair[1], err)
	}
	open(unix.AF_UNIX, unix.SOCK_STREAM, 0, &unix.SockaddrUnix{Name: fmt.Sprintf("@sysprobe-zoo-%d", os.Getpid())})
	open(unix.AF_NETLINK, unix.SOCK_RAW, unix.NETLINK_ROUTE, nil)
	open(unix.AF_PACKET, unix.SOCK_DGRAM, 0, nil)
	return files
}
