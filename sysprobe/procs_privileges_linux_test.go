package sysprobe

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"telegraf-sysprobe/sysprobe/sysprobetest"
)

// sight is what a user sees: by name of a process the facts that are known of
// it, and nothing where it is not there.
type sight struct {
	Backend string
	Denied  bool // some facts were
	Facts   map[string]string
	Exe     map[string]bool // known by a Process
}

// helpSight NAMES: prints what this user sees of the processes whose PIDs the
// JSON object has by name.
func helpSight(args []string) error {
	var pids map[string]int32
	if err := json.Unmarshal([]byte(args[0]), &pids); err != nil {
		return err
	}
	procs, err := OpenProcs(nil)
	if err != nil {
		return err
	}
	var s ProcSnapshot
	if err := procs.Snapshot(context.Background(), &s, wantAll); err != nil {
		return err
	}
	got := sight{Backend: s.Backend.String(), Denied: s.Denied > 0, Facts: map[string]string{}, Exe: map[string]bool{}}
	for name, pid := range pids {
		p := s.Find(pid)
		if p == nil {
			continue
		}
		got.Facts[name] = strings.Join(knownFacts(p), " ")
		if process, err := procs.OpenProcess(context.Background(), p.ID); err == nil {
			_, err := process.Exe(context.Background())
			got.Exe[name] = err == nil
			if err := process.Close(); err != nil {
				return err
			}
		}
	}
	return errors.Join(ready(), say(got))
}

// knownFacts names the optional facts that p has, but for its origin: that is
// everybody's to see, and of a hidden process hangs on the machine's cgroups.
func knownFacts(p *Proc) []string {
	var known []string
	for _, fact := range []struct {
		name  string
		known bool
	}{
		{"status", p.Status.Known()},
		{"memory", p.Memory.Known()},
		{"io", p.IO.Known()},
		{"fds", p.FDs.Known()},
		{"exit", p.Exit.Known()},
	} {
		if fact.known {
			known = append(known, fact.name)
		}
	}
	return known
}

// helpHidden HELPER ARGS: mounts proc(5) with hidepid=2 over /proc, and is
// nobody's helper then, who keeps the ambient capabilities.
func helpHidden(args []string) error {
	if err := mountProc("/proc", "hidepid=2"); err != nil {
		return err
	}
	var caps []uintptr
	for c := range uintptr(64) {
		if set, err := unix.PrctlRetInt(unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_IS_SET, c, 0, 0); err == nil && set == 1 {
			caps = append(caps, c)
		}
	}
	cmd := exec.Command("/proc/self/exe", args[1:]...)
	cmd.Env = append(os.Environ(), helperVariable+"="+args[0])
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	asNobody(cmd)
	cmd.SysProcAttr.AmbientCaps = caps
	return cmd.Run()
}

// TestPrivileges is the table of the README of inputs.procs: who sees what of
// the own, of another user's and of a dead process of another user.
func TestPrivileges(t *testing.T) {
	sysprobetest.NeedRoot(t)
	own := startHelper(t, asNobody, "named", `"own"`)
	other := startHelper(t, nil, "zombies", "1", "exit 0")
	var zombies []int32
	other.answer(t, &zombies)
	pids, err := json.Marshal(map[string]int32{"own": own.pid(), "other": other.pid(), "zombie": zombies[0]})
	if err != nil {
		t.Fatal(err)
	}
	const (
		all    = "status memory io fds"
		others = "status memory fds" // since Linux 6.2
	)
	everything := map[string]string{"own": all, "other": all, "zombie": all + " exit"}
	withCaps := func(caps ...uintptr) func(*exec.Cmd) {
		return func(cmd *exec.Cmd) {
			asNobody(cmd)
			cmd.SysProcAttr.AmbientCaps = caps
		}
	}
	hidden := func(caps ...uintptr) func(*exec.Cmd) {
		return func(cmd *exec.Cmd) {
			inNamespaces(unix.CLONE_NEWNS)(cmd)
			cmd.SysProcAttr.AmbientCaps = caps
		}
	}
	exe := func(own, other bool) map[string]bool {
		return map[string]bool{"own": own, "other": other, "zombie": false}
	}
	// The files io and fd are their owner's by their mode, too.
	traced := map[string]string{"own": all, "other": others, "zombie": others + " exit"}
	visible := sight{"procfs", false, map[string]string{"own": all}, map[string]bool{"own": true}}
	for _, tt := range []struct {
		name   string
		change func(*exec.Cmd)
		hidden bool
		want   sight
	}{
		{"root", nil, false, sight{"bpf", false, everything, exe(true, true)}},
		{"BPF", withCaps(unix.CAP_BPF, unix.CAP_PERFMON), false, sight{"bpf", false, everything, exe(true, false)}},
		{"BPF and ptrace", withCaps(unix.CAP_BPF, unix.CAP_PERFMON, unix.CAP_SYS_PTRACE), false, sight{"bpf", false, everything, exe(true, true)}},
		{"ptrace", withCaps(unix.CAP_SYS_PTRACE), false, sight{"procfs", true, traced, exe(true, true)}},
		{"ptrace and read", withCaps(unix.CAP_SYS_PTRACE, unix.CAP_DAC_READ_SEARCH), false, sight{"procfs", false, everything, exe(true, true)}},
		{
			"F20 none", asNobody, false,
			sight{"procfs", true, map[string]string{"own": all, "other": others, "zombie": others}, exe(true, false)},
		},
		{"F19 E31 none, hidepid=2", hidden(), true, visible},
		{"BPF, hidepid=2", hidden(unix.CAP_BPF, unix.CAP_PERFMON), true, sight{"bpf", false, everything, map[string]bool{"own": true}}},
		{"ptrace, hidepid=2", hidden(unix.CAP_SYS_PTRACE), true, sight{"procfs", true, traced, exe(true, true)}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.want.Backend == "bpf" {
				needBPF(t)
			}
			name, args := "sight", []string{string(pids)}
			if tt.hidden {
				name, args = "hidden", append([]string{name}, args...)
			}
			var got sight
			startHelper(t, tt.change, name, args...).answer(t, &got)
			if !kernelAtLeast(t, 6, 2) && got.Backend == "procfs" { // only the owner counts open files, but the dead have none
				for name := range tt.want.Facts {
					if name != "zombie" && !strings.Contains(tt.want.Facts[name], "io") {
						tt.want.Facts[name] = strings.Replace(tt.want.Facts[name], " fds", "", 1)
					}
				}
			}
			got.Denied = got.Denied && tt.want.Denied // of others than these, something may be
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
