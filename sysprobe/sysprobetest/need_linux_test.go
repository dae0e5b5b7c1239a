package sysprobetest_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"telegraf-sysprobe/sysprobe/sysprobetest"
)

// boundedVariable says that this process is one of TestNeedPrivileges that has
// lost its capabilities.
const boundedVariable = "SYSPROBE_TEST_BOUNDED"

func TestNeedPrivileges(t *testing.T) {
	needs := map[string]struct {
		need func(testing.TB)
		want string // without capabilities
	}{
		"namespaces": {func(tb testing.TB) { sysprobetest.NeedNamespaces(tb) }, "needs CAP_SYS_ADMIN: making a namespace: operation not permitted"},
		"capability": {func(tb testing.TB) { sysprobetest.NeedCapabilities(tb, unix.CAP_SYS_PTRACE) }, "needs CAP_SYS_PTRACE"},
		"another":    {func(tb testing.TB) { sysprobetest.NeedCapabilities(tb, unix.CAP_SYS_TIME) }, "needs capability 25"},
		"BPF":        {func(tb testing.TB) { sysprobetest.NeedBPF(tb) }, "needs CAP_BPF and CAP_PERFMON"},
	}
	for name, tt := range needs {
		want := ""
		switch {
		case os.Geteuid() != 0:
			want = "needs root"
		case os.Getenv(boundedVariable) != "":
			want = tt.want
		default:
			continue // whatever root has here
		}
		if got := reasonOf(t, tt.need); got != want {
			t.Errorf("%s: skipped for %q, want %q", name, got, want)
		}
	}
	if os.Geteuid() != 0 || os.Getenv(boundedVariable) != "" {
		return
	}
	sysprobetest.NeedTool(t, "setpriv")
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("setpriv", "--bounding-set=-all", "--", program, "-test.run=^TestNeedPrivileges$", "-test.v")
	cmd.Env = append(os.Environ(), boundedVariable+"=1")
	if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), "--- PASS: TestNeedPrivileges") {
		t.Errorf("without capabilities: %v\n%s", err, out)
	}
}
