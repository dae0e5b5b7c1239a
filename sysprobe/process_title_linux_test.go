package sysprobe

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"telegraf-sysprobe/sysprobe/sysprobetest"
)

// TestTitleIsFresh reads the command line of a process that writes one title after
// the other, with NULs behind it, in the next snapshot each.
func TestTitleIsFresh(t *testing.T) {
	forEachBackend(t, func(t *testing.T, procs *Procs) {
		h := startHelper(t, nil, "title", `"worker"`, `""`, "room for titles")
		cache := NewDetailCache(procs, 10)
		var s ProcSnapshot
		for _, want := range []string{"worker: idle", "worker: busy", "worker: idle", "worker: in transaction"} {
			h.tell(t, want)
			h.line(t)
			takeSnapshot(t, procs, &s, 0)
			cache.Begin(&s)
			for range 2 {
				got, err := cache.Cmdline(t.Context(), s.Find(h.pid()))
				if fmt.Sprint(got) != "["+want+"]" || err != nil {
					t.Errorf("command line %q, %v, want %q", got, err, want)
				}
			}
		}
	})
}

// longNamed copies a program to a file of that name.
func longNamed(t *testing.T, program, name string) string {
	t.Helper()
	b, err := os.ReadFile(program)
	if err != nil {
		t.Fatal(err)
	}
	file := t.TempDir() + "/" + name
	if err := os.WriteFile(file, b, 0o755); err != nil {
		t.Fatal(err)
	}
	return file
}

// TestNameAfterExec lets a program execute another one whose name begins alike: the
// kernel cuts both names to the same one.
func TestNameAfterExec(t *testing.T) {
	forEachBackend(t, func(t *testing.T, procs *Procs) {
		launcher, server := longNamed(t, "/bin/sh", "program-with-a-launcher"), longNamed(t, "/bin/sleep", "program-with-a-server")
		cmd := exec.Command(launcher, "-c", `echo; read x; exec "$0" 600`, server)
		in, out := piped(t, cmd)
		start(t, cmd)
		if _, err := out.Read(make([]byte, 1)); err != nil {
			t.Fatal(err)
		}
		var s ProcSnapshot
		takeSnapshot(t, procs, &s, WantName)
		if name := s.Find(int32(cmd.Process.Pid)).Name; name != "program-with-a-launcher" {
			t.Errorf("name %q before the exec", name)
		}
		if _, err := fmt.Fprintln(in); err != nil {
			t.Fatal(err)
		}
		sysprobetest.Eventually(t, func() string {
			if b, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", cmd.Process.Pid)); err != nil || !strings.HasPrefix(string(b), server) {
				return fmt.Sprintf("command line %q, %v", b, err)
			}
			return ""
		})
		for range 2 {
			takeSnapshot(t, procs, &s, WantName)
			if name := s.Find(int32(cmd.Process.Pid)).Name; name != "program-with-a-server" {
				t.Errorf("name %q after the exec", name)
			}
		}
	})
}

// TestNameIsNoCommandLine reads programs that keep all of their command line in the
// first argument.
func TestNameIsNoCommandLine(t *testing.T) {
	forEachBackend(t, func(t *testing.T, procs *Procs) {
		exe := longNamed(t, "/bin/sleep", "program-with-a-title")
		for _, argv0 := range []string{
			"program-with-a-title --secret=x 600", "program-with-a-title: --secret=x", "program-with-a-title\t--secret=x",
			"program-with-a-title\n--secret=x", "program-with-a-title,secret=x", "program-with-a-title=secret",
		} {
			cmd := &exec.Cmd{Path: exe, Args: []string{argv0, "600"}}
			start(t, cmd)
			s := snapshotOf(t, procs, WantName)
			if name := s.Find(int32(cmd.Process.Pid)).Name; name != "program-with-a-title" {
				t.Errorf("name %q of %q", name, argv0)
			}
		}
	})
}

// TestShortRunsOfLongNames runs a program with a long name beside a process of it
// that lives on: what the short runs used is under the long name too.
func TestShortRunsOfLongNames(t *testing.T) {
	procs := openBackend(t, BackendBPF)
	accounting, err := procs.OpenAccounting(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer accounting.Close() //nolint:errcheck // Procs are closed too
	const name = "my-long-batch-worker"
	start(t, exec.Command(longNamed(t, "/bin/sleep", name), "600"))
	snapshot := func() *AccountingSnapshot {
		s, err := accounting.Snapshot(t.Context(), WantName|WantStatus)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	snapshot()
	short := longNamed(t, "/bin/true", name)
	const runs = 5
	for range runs {
		check(t, exec.Command(short).Run())
	}
	names := map[string]uint64{}
	sysprobetest.Eventually(t, func() string { // until the kernel has freed them
		s := snapshot()
		for i := range s.Exited {
			if strings.HasPrefix(name, s.Exited[i].Comm) && len(s.Exited[i].Comm) == commLen {
				names[s.Exited[i].Name] += s.Exited[i].Count
			}
		}
		if len(names) != 1 || names[name] != runs {
			return fmt.Sprintf("processes by name: %v, want %d of %s", names, runs, name)
		}
		return ""
	})
}
