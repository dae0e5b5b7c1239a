package caps_test

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"telegraf-sysprobe/sysprobe/internal/sys/caps"
	"telegraf-sysprobe/sysprobe/sysprobetest"
)

// granted are what the file of the program grants to who starts it.
const granted = caps.Set(1)<<caps.SysPtrace | 1<<caps.Perfmon | 1<<caps.BPF

// roleVariable makes this program raise its capabilities and print them.
const roleVariable = "SYSPROBE_TEST_RAISE"

func TestMain(m *testing.M) {
	if os.Getenv(roleVariable) != "" {
		if err := raise(os.Stdout); err != nil {
			panic(err)
		}
		return
	}
	os.Exit(m.Run())
}

// raise prints the effective capabilities of each thread, before and after, and what
// is known of those that are missing.
func raise(w io.Writer) error {
	var ready, done sync.WaitGroup
	hold := make(chan struct{})
	for range 4 { // threads beside that of main
		ready.Add(1)
		done.Go(func() {
			runtime.LockOSThread()
			ready.Done()
			<-hold
		})
	}
	ready.Wait()
	before := effectiveOfThreads()
	raised := caps.Raise(granted)
	_, err := fmt.Fprintf(w, "%q %q %v nnp=%v granted=%s bounded=%q nosuid=%v\n", before, effectiveOfThreads(), raised,
		caps.NoNewPrivileges(), caps.Granted(), caps.Bounded(granted), caps.OnNoSUID())
	close(hold)
	done.Wait()
	return err
}

// effectiveOfThreads returns the sets of all threads where they are the same, and an
// account of them where not.
func effectiveOfThreads() string {
	files, err := filepath.Glob("/proc/self/task/*/status")
	if err != nil || len(files) < 5 {
		return fmt.Sprintf("%d threads, %v", len(files), err)
	}
	sets := map[caps.Set]int{}
	var last caps.Set
	for _, file := range files {
		b, err := os.ReadFile(file)
		if errors.Is(err, os.ErrNotExist) || errors.Is(err, syscall.ESRCH) {
			continue // of the runtime's threads one can end
		}
		_, text, _ := strings.Cut(string(b), "\nCapEff:")
		if _, err := fmt.Sscanf(text, "%x", &last); err != nil {
			return err.Error()
		}
		sets[last]++
	}
	if len(sets) != 1 {
		return fmt.Sprint(sets)
	}
	return last.String()
}

// startedBy runs program as a user without privileges, from a thread that prepare
// has changed and that ends then.
func startedBy(t *testing.T, program string, prepare func() error) string {
	t.Helper()
	type result struct {
		out []byte
		err error
	}
	done := make(chan result)
	go func() {
		runtime.LockOSThread() // and never unlock
		cmd := exec.CommandContext(t.Context(), program)
		cmd.Dir = "/"
		cmd.Env = append(os.Environ(), roleVariable+"=1")
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
		if err := prepare(); err != nil {
			done <- result{nil, err}
			return
		}
		out, err := cmd.CombinedOutput()
		done <- result{out, err}
	}()
	r := <-done
	if r.err != nil {
		t.Fatalf("%v: %s", r.err, r.out)
	}
	return strings.TrimSuffix(string(r.out), "\n")
}

// TestRaise starts a program whose file permits capabilities, and makes none
// effective, as a user without privileges: plainly and where a sandbox withholds them.
// It starts everywhere.
func TestRaise(t *testing.T) {
	if effective, err := caps.Effective(); err != nil || effective&granted != granted || !effective.Has(unix.CAP_SETFCAP) || !effective.Has(unix.CAP_SETPCAP) {
		t.Skipf("needs root with %s, CAP_SETFCAP and CAP_SETPCAP: %v", granted, err)
	}
	program := sysprobetest.GrantingCopy(t, uint64(granted))
	var fs unix.Statfs_t
	if err := unix.Statfs(program, &fs); err != nil || fs.Flags&unix.ST_NOSUID != 0 {
		t.Skipf("needs a TMPDIR that is not mounted nosuid: %v", err)
	}
	// Go cannot reach the threads of a program with cgo, such as one with the race detector.
	raised, failure := func(set caps.Set) string { return set.String() }, "<nil>"
	if _, _, errno := syscall.AllThreadsSyscall(unix.SYS_GETPID, 0, 0, 0); errno == unix.ENOTSUP {
		raised, failure = func(caps.Set) string { return "" }, "capset: operation not supported"
	}
	drop := func(numbers ...uintptr) func() error {
		return func() error {
			for _, number := range numbers {
				if err := unix.Prctl(unix.PR_CAPBSET_DROP, number, 0, 0, 0); err != nil {
					return err
				}
			}
			return nil
		}
	}
	all := granted.String()
	for _, tt := range []struct {
		name    string
		prepare func() error
		want    string
	}{
		{"plain", drop(), fmt.Sprintf("%q %q %s nnp=false granted=%s bounded=%q nosuid=false", "", raised(granted), failure, all, "")},
		{"without BPF", drop(unix.CAP_BPF), fmt.Sprintf("%q %q %s nnp=false granted=%s bounded=%q nosuid=false",
			"", raised(granted&^(1<<caps.BPF)), failure, all, "CAP_BPF")},
		{"without any", drop(unix.CAP_BPF, unix.CAP_PERFMON, unix.CAP_SYS_PTRACE), fmt.Sprintf("%q %q <nil> nnp=false granted=%s bounded=%q nosuid=false",
			"", "", all, all)},
		{"no new privileges", func() error { return unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) }, fmt.Sprintf(
			"%q %q <nil> nnp=true granted=%s bounded=%q nosuid=false", "", "", all, "")},
	} {
		if got := startedBy(t, program, tt.prepare); got != tt.want {
			t.Errorf("%s:\n got %s\nwant %s", tt.name, got, tt.want)
		}
	}
}

// TestRaiseNothing wants no change where nothing that is wanted is permitted and
// not effective: of this process.
func TestRaiseNothing(t *testing.T) {
	before, err := caps.Effective()
	if err != nil {
		t.Fatal(err)
	}
	if err := caps.Raise(before); err != nil {
		t.Errorf("raise what is effective: %v", err)
	}
	if err := caps.Raise(0); err != nil {
		t.Errorf("raise nothing: %v", err)
	}
	if after, err := caps.Effective(); after != before || err != nil {
		t.Errorf("%s, %v; want %s", after, err, before)
	}
	if granted := caps.Granted(); granted != 0 {
		t.Errorf("the file of the test grants %s", granted)
	}
}
