package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"

	"telegraf-sysprobe/plugins/internal/doctor"
	"telegraf-sysprobe/sysprobe/sysprobetest"
)

// filters are the system calls of filterVariable.
var filters = map[string][]unix.SockFilter{
	"netlink": refuse(unix.SYS_SOCKET, unix.AF_NETLINK, unix.EAFNOSUPPORT),
	"bpf":     refuse(unix.SYS_BPF, -1, unix.EPERM),
}

// refuse is a filter of a system call; with a first argument that is not negative,
// only with that.
func refuse(number, first int, errno syscall.Errno) []unix.SockFilter {
	const load, equal, give = unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, unix.BPF_RET | unix.BPF_K
	const allow, refusal = 0x7fff0000, 0x00050000 // SECCOMP_RET_ALLOW, SECCOMP_RET_ERRNO
	if first < 0 {
		return []unix.SockFilter{{Code: load}, {Code: equal, K: uint32(number), Jf: 1}, {Code: give, K: refusal | uint32(errno)}, {Code: give, K: allow}}
	}
	return []unix.SockFilter{
		{Code: load},
		{Code: equal, K: uint32(number), Jf: 3},
		{Code: load, K: 16}, // the first argument
		{Code: equal, K: uint32(first), Jf: 1},
		{Code: give, K: refusal | uint32(errno)},
		{Code: give, K: allow},
	}
}

// becomeFiltered starts the program without what a filter refuses.
func becomeFiltered(name string) error {
	runtime.LockOSThread()
	filter := filters[name]
	program := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return err
	}
	if err := unix.Prctl(unix.PR_SET_SECCOMP, unix.SECCOMP_MODE_FILTER, uintptr(unsafe.Pointer(&program)), 0, 0); err != nil {
		return err
	}
	if err := os.Unsetenv(filterVariable); err != nil {
		return err
	}
	return syscall.Exec("/proc/self/exe", os.Args, os.Environ())
}

// findings are the rows of a doctor, and its exit status.
type findings struct {
	rows []doctor.Row
	code int
	log  string
}

// examined runs cmd, which is a doctor that prints JSON.
func examined(t *testing.T, cmd *exec.Cmd) *findings {
	t.Helper()
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if cmd.ProcessState == nil {
		t.Fatal(err)
	}
	f := &findings{code: cmd.ProcessState.ExitCode(), log: stderr.String()}
	if err := json.Unmarshal(out, &f.rows); err != nil {
		t.Fatalf("%v of %q, status %d, messages %q", err, out, f.code, f.log)
	}
	return f
}

// doctorCommand returns a doctor that prints JSON.
func doctorCommand(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	cmd := command(t, append([]string{"--doctor", "--json"}, args...)...)
	cmd.Path, cmd.Dir = "/proc/self/exe", "/"
	return cmd
}

// want fails unless the row of that fact has the state, and these parts in what it
// says, costs or takes.
func (f *findings) want(t *testing.T, fact string, state doctor.State, parts ...string) {
	t.Helper()
	at := slices.IndexFunc(f.rows, func(r doctor.Row) bool {
		return r.Fact == fact && (fact != "input" || len(parts) == 0 || strings.HasPrefix(r.Says, parts[0]))
	})
	if at < 0 {
		t.Errorf("no row %s that is %s in %+v", fact, state, f.rows)
		return
	}
	row := f.rows[at]
	text := row.Says + "|" + row.Costs + "|" + row.Remedy
	if row.State != state {
		t.Errorf("%s is %s, want %s: %s", fact, row.State, state, text)
	}
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("%s: %q lacks %q", fact, text, part)
		}
	}
	if (state == doctor.Missing || state == doctor.Failed) && (row.Costs == "" || row.Remedy == "") {
		t.Errorf("%s does not say what it costs and what helps: %+v", fact, row)
	}
	if code := doctor.Code(f.rows); f.code != code {
		t.Errorf("status %d, want %d: %s", f.code, code, f.log)
	}
}

// in makes cmd a child of another program, which gets its arguments last. The file of
// cmd is then a copy that everybody can start.
func in(t *testing.T, cmd *exec.Cmd, tool string, args ...string) *exec.Cmd {
	t.Helper()
	sysprobetest.NeedTool(t, tool)
	content, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for d := dir; d != os.TempDir() && d != "/"; d = filepath.Dir(d) {
		if err := os.Chmod(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	program := filepath.Join(dir, "program")
	if err := os.WriteFile(program, content, 0o755); err != nil {
		t.Fatal(err)
	}
	path, err := exec.LookPath(tool)
	if err != nil {
		t.Fatal(err)
	}
	cmd.Args = slices.Concat([]string{tool}, args, []string{program}, cmd.Args[1:])
	cmd.Path = path
	return cmd
}

// asNobody makes cmd one of another user, where this is root.
func asNobody(cmd *exec.Cmd) *exec.Cmd {
	if os.Geteuid() == 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	}
	return cmd
}

// TestDoctorPrintsTheSameRows compares the text with the JSON.
func TestDoctorPrintsTheSameRows(t *testing.T) {
	f := examined(t, doctorCommand(t, "--input-filter", "zombies:nicaddrs"))
	text := execute(t, "--doctor", "--input-filter", "zombies:nicaddrs")
	var got []string
	for line := range strings.Lines(text.stdout) {
		if state, rest, _ := strings.Cut(line, " "); state != "" {
			fact, _, _ := strings.Cut(strings.TrimSpace(rest), ":")
			got = append(got, state+" "+fact)
		}
	}
	var want []string
	for _, r := range f.rows {
		want = append(want, string(r.State)+" "+r.Fact)
	}
	if !slices.Equal(got, want) || text.code != f.code {
		t.Errorf("text has %q and status %d, JSON has %q and %d", got, text.code, want, f.code)
	}
	for _, fact := range []string{
		"program", "user", "kernel", "backend", "capabilities", "no_new_privileges", "seccomp", "hidepid", "subset", "namespace_pid",
		"namespace_net", "ethtool", "proc_connector", "other_network_namespaces", "place", "input", "configuration",
	} {
		if !slices.ContainsFunc(f.rows, func(r doctor.Row) bool { return r.Fact == fact }) {
			t.Errorf("no row %s", fact)
		}
	}
	f.want(t, "input", doctor.OK, "inputs.nicaddrs[1]: ", " series, ", " ms for a gather")
	f.want(t, "configuration", doctor.OK, "built-in configuration: ", " ms for all gathers")
}

func TestDoctorOfNobody(t *testing.T) {
	f := examined(t, asNobody(doctorCommand(t)))
	f.want(t, "backend", doctor.Missing, "through procfs", "CAP_BPF and CAP_PERFMON", "ten times the CPU time")
	f.want(t, "capabilities", doctor.Missing, "CAP_BPF, CAP_PERFMON, CAP_SYS_PTRACE", "how a zombie of another user died")
	f.want(t, "other_network_namespaces", doctor.Note, "namespace_include", "SYS_ADMIN")
	if f.code == 0 {
		t.Error("status 0")
	}
}

// TestDoctorOfRootWithoutBPF takes the capabilities from the bounding set, so that the
// command has to give them back there.
func TestDoctorOfRootWithoutBPF(t *testing.T) {
	sysprobetest.NeedRoot(t)
	sysprobetest.NeedCapabilities(t, unix.CAP_SETPCAP)
	const lost = "-sys_admin,-bpf,-perfmon"
	f := examined(t, in(t, doctorCommand(t), "setpriv", "--bounding-set", lost, "--inh-caps", lost))
	f.want(t, "capabilities", doctor.Missing, "CAP_BPF, CAP_PERFMON")
	if slices.ContainsFunc(f.rows, func(r doctor.Row) bool { return r.Fact == "place" && r.State == doctor.OK }) {
		f.want(t, "backend", doctor.Missing, `AmbientCapabilities=CAP_BPF CAP_PERFMON\nCapabilityBoundingSet=CAP_BPF CAP_PERFMON\n`,
			"/etc/systemd/system/telegraf.service.d/", "systemctl restart telegraf")
	} else {
		f.want(t, "backend", doctor.Missing, "--cap-add=BPF --cap-add=PERFMON")
	}
}

func TestDoctorWithoutNewPrivileges(t *testing.T) {
	f := examined(t, in(t, doctorCommand(t), "setpriv", "--no-new-privs"))
	f.want(t, "no_new_privileges", doctor.Note, "NoNewPrivileges=yes", "AmbientCapabilities=")
}

// TestDoctorUnderAFilter has the sandbox of SystemCallFilter= and
// RestrictAddressFamilies=.
func TestDoctorUnderAFilter(t *testing.T) {
	netlink := doctorCommand(t, "--input-filter", "nicaddrs")
	netlink.Env = append(netlink.Env, filterVariable+"=netlink")
	f := examined(t, netlink)
	f.want(t, "seccomp", doctor.Note, "filter", "RestrictAddressFamilies=")
	f.want(t, "ethtool", doctor.Failed, "address family not supported", "nicstats and nicaddrs have no rows", "AF_NETLINK")
	f.want(t, "input", doctor.Failed, "inputs.nicaddrs[1]: ", "address family not supported")
	if f.code != 1 {
		t.Errorf("status %d", f.code)
	}

	sysprobetest.NeedBPF(t)
	bpf := doctorCommand(t, "--input-filter", "zombies")
	bpf.Env = append(bpf.Env, filterVariable+"=bpf")
	f = examined(t, bpf)
	f.want(t, "backend", doctor.Missing, "through procfs", "SystemCallFilter=bpf perf_event_open")
}

func TestDoctorInNamespaces(t *testing.T) {
	sysprobetest.NeedRoot(t)
	sysprobetest.NeedNamespaces(t)
	run := func(cmd *exec.Cmd, flags uintptr) *findings {
		cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: flags}
		return examined(t, cmd)
	}
	f := run(doctorCommand(t), syscall.CLONE_NEWNET)
	if pid, err := os.Readlink("/proc/2/ns/pid"); err == nil && pid == "pid:[4026531836]" { // the first kernel thread of the machine
		f.want(t, "namespace_net", doctor.Missing, "not of the machine", "--network=host", "PrivateNetwork=no")
	}
	if slices.ContainsFunc(f.rows, func(r doctor.Row) bool { return r.Fact == "namespace_net" && r.State == doctor.OK }) {
		t.Error("another network namespace is said to be that of the machine")
	}
	f = run(doctorCommand(t), syscall.CLONE_NEWPID)
	f.want(t, "namespace_pid", doctor.Missing, "processes are those of this namespace", "--pid=host")
	f = run(doctorCommand(t), syscall.CLONE_NEWUTS)
	f.want(t, "namespace_uts", doctor.Note, "changes nothing here")
}

func TestDoctorInAUserNamespace(t *testing.T) {
	sysprobetest.NeedRoot(t)
	sysprobetest.NeedNamespaces(t)
	inNamespace := func(cmd *exec.Cmd) *exec.Cmd {
		cmd.SysProcAttr = &syscall.SysProcAttr{
			Cloneflags:  syscall.CLONE_NEWUSER,
			UidMappings: []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}}, GidMappings: []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}},
		}
		return cmd
	}
	if err := inNamespace(command(t, "--version")).Run(); errors.Is(err, syscall.EPERM) {
		t.Skip("needs a user namespace, which the kernel makes for no process in a chroot")
	}
	f := examined(t, inNamespace(doctorCommand(t)))
	f.want(t, "namespace_user", doctor.Missing, "--userns=host", "PrivateUsers=no")
	f.want(t, "backend", doctor.Missing, "in the user namespace of the machine")
	f.want(t, "proc_connector", doctor.Missing, "found at the next gather")
}

// TestDoctorOfAHiddenProc mounts proc(5) as ProtectProc= and ProcSubset= do, in a mount
// and a PID namespace of its own: before Linux 5.8 all mounts of one share options.
func TestDoctorOfAHiddenProc(t *testing.T) {
	sysprobetest.NeedRoot(t)
	sysprobetest.NeedNamespaces(t)
	for _, tool := range []string{"mount", "setpriv", "sh"} {
		sysprobetest.NeedTool(t, tool)
	}
	proc := func(option, as string) *findings {
		// Not all mounts: in a chroot that is no mount, unshare(1) could not make them private.
		script := fmt.Sprintf(`mount --make-private /proc && mount -t proc -o %s proc /proc || exit 99; %s "$@"; exit $?`, option, as)
		return examined(t, in(t, doctorCommand(t, "--input-filter", "zombies"),
			"unshare", "--mount", "--propagation", "unchanged", "--pid", "--fork", "sh", "-c", script, "sh"))
	}
	nobody := "setpriv --reuid 65534 --regid 65534 --clear-groups"
	f := proc("hidepid=2", nobody)
	f.want(t, "hidepid", doctor.Missing, "process 1 is not to be seen", "in no total", "ProtectProc=default", "SYS_PTRACE")
	f = proc("hidepid=2", "")
	f.want(t, "hidepid", doctor.Note, "sees processes of others all the same")
	f = proc("rw", nobody)
	f.want(t, "hidepid", doctor.OK)
	f.want(t, "subset", doctor.OK)
	f = proc("subset=pid", "")
	f.want(t, "subset", doctor.Missing, "subset=pid", "pid_limit", "ProcSubset=all")
}

func TestDoctorWithoutBTF(t *testing.T) {
	cmd := doctorCommand(t)
	cmd.Env = append(cmd.Env, "HOST_SYS=/nonexistent")
	examined(t, cmd).want(t, "kernel", doctor.Missing, "without BTF", "CONFIG_DEBUG_INFO_BTF=y")
}

func TestDoctorWithoutProc(t *testing.T) {
	cmd := doctorCommand(t)
	cmd.Env = append(cmd.Env, "HOST_PROC=/nonexistent")
	f := examined(t, cmd)
	f.want(t, "backend", doctor.Failed, "/nonexistent", "HOST_PROC")
	f.want(t, "input", doctor.Failed, "inputs.procs[1]: ", "/nonexistent")
	if f.code != 1 {
		t.Errorf("status %d", f.code)
	}
}

// TestDoctorOfABrokenConfiguration wants a row for each mistake, and those of the
// machine all the same.
func TestDoctorOfABrokenConfiguration(t *testing.T) {
	f := examined(t, doctorCommand(t, "--config", config(t, "[[inputs.zombies]]\n  max_zombie = 1\n[[inputs.procs]]\n  top_count = 0\n")))
	f.want(t, "configuration", doctor.Failed, "line 2: inputs.zombies[1]", "the program does not start")
	f.want(t, "program", doctor.OK)
	broken := slices.DeleteFunc(f.rows, func(r doctor.Row) bool { return r.Fact != "configuration" })
	if len(broken) != 2 || f.code != 1 {
		t.Errorf("%+v, status %d", broken, f.code)
	}
	if got := execute(t, "--json"); got.code != 1 || !strings.Contains(got.stderr, "add --doctor") {
		t.Errorf("%+v", got)
	}
}

// TestAboutRow looks for the metric of the program itself, and for what it says of a
// user without privileges.
func TestAboutRow(t *testing.T) {
	conf := "[agent]\n interval = \"1s\"\n[global_tags]\n dc = \"x\"\n[[inputs.zombies]]\n log_level = \"warn\"\n"
	cmd := asNobody(command(t, "--config", "/proc/self/fd/3"))
	cmd.Path, cmd.Dir = "/proc/self/exe", "/"
	file := config(t, conf)
	if err := os.Chmod(file, 0o644); err != nil {
		t.Fatal(err)
	}
	open, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer open.Close()
	cmd.ExtraFiles = []*os.File{open} // in a directory that the other user cannot search
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var row string
	for lines := bufio.NewScanner(stdout); row == "" && lines.Scan(); {
		if strings.HasPrefix(lines.Text(), "sysprobe,backend=") { // which can be late on a busy machine
			row = lines.Text()
		}
	}
	if err := stdin.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, stdout); err != nil {
		t.Error(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
	if !strings.HasPrefix(row, "sysprobe,backend=procfs,dc=x,version=") || !strings.Contains(row, `capabilities_missing="CAP_BPF,CAP_PERFMON,CAP_SYS_PTRACE`) ||
		!strings.Contains(row, "capabilities_missing_count=") {
		t.Errorf("row %q", row)
	}
}
