package sysprobe

import (
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"telegraf-sysprobe/sysprobe/sysprobetest"
)

// TestFirstDenied lets a user without privileges read what the kernel keeps from it.
func TestFirstDenied(t *testing.T) {
	var got sweepAnswer
	startHelper(t, asNobody, "sweep", "/proc", strconv.Itoa(int(WantIO))).answer(t, &got)
	d, known := got.FirstDenied.Get()
	p := got.find(d.ID.PID)
	if !known || p == nil || p.ID != d.ID || p.IO.Known() || !d.OtherUser || d.Traceable || got.Denied == 0 {
		t.Errorf("%d denied, first %+v of %+v", got.Denied, d, p)
	}
	startHelper(t, asNobody, "sweep", "/proc", "0").answer(t, &got)
	if got.FirstDenied.Known() || got.Denied != 0 {
		t.Errorf("%d denied, first %+v, and nothing was wanted", got.Denied, got.FirstDenied)
	}
}

// TestDeniedByCapability reads, as root without a capability, a process of root that
// has it.
func TestDeniedByCapability(t *testing.T) {
	sysprobetest.NeedCapabilities(t, unix.CAP_SYS_ADMIN, unix.CAP_SYS_PTRACE)
	sysprobetest.NeedTool(t, "setpriv")
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	other := startHelper(t, nil, "named", `"has-it"`)
	without := func(cmd *exec.Cmd) {
		const lost = "-sys_admin,-sys_ptrace,-bpf,-perfmon" // the last two so that the backend is proc(5)
		cmd.Args = append([]string{"setpriv", "--bounding-set", lost, "--inh-caps", lost, self}, cmd.Args[1:]...)
		cmd.Path, _ = exec.LookPath("setpriv") //nolint:errcheck // it was there
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	var got sweepAnswer
	startHelper(t, without, "sweep", "/proc", strconv.Itoa(int(WantIO))).answer(t, &got)
	d, known := got.FirstDenied.Get()
	if !known || d.OtherUser || !strings.Contains(d.Lacks, "CAP_SYS_ADMIN") || d.Traceable || got.find(other.pid()).IO.Known() {
		t.Errorf("first %+v, %v", d, known)
	}
	if !strings.Contains(fmt.Sprint(d), "has capabilities that this process lacks") {
		t.Error(d)
	}
}

func TestDenial(t *testing.T) {
	p := Denial{ID: ProcID{PID: 812}, Name: "sshd", UID: 0}
	for want, change := range map[string]func(*Denial){
		"another user's":                      func(d *Denial) { d.OtherUser = true },
		"(CAP_BPF), which also lacks":         func(d *Denial) { d.Lacks = "CAP_BPF" },
		"PR_SET_DUMPABLE":                     func(*Denial) {},
		"a security module keeps its facts":   func(d *Denial) { d.Traceable, d.OtherUser = true, true },
		`process 812 "sshd" of user 0 is ano`: func(d *Denial) { d.OtherUser, d.Lacks = true, "CAP_BPF" },
	} {
		d := p
		change(&d)
		if text := d.String(); !strings.Contains(text, want) {
			t.Errorf("%q, want %q in it", text, want)
		}
	}
}
