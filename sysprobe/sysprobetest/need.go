package sysprobetest

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// NeedRoot skips the test where it does not run as root.
func NeedRoot(tb testing.TB) {
	tb.Helper()
	if os.Geteuid() != 0 {
		tb.Skip("needs root")
	}
}

// NeedTool skips the test where a program is not in PATH. The reason names its
// Debian package.
func NeedTool(tb testing.TB, name string) {
	tb.Helper()
	if _, err := exec.LookPath(name); err != nil {
		needPackage(tb, name, debianPackage(name))
	}
}

// NeedPython returns the first python3 in PATH that has a module, and skips the
// test where there is none: beside the system's Python there can be others.
func NeedPython(tb testing.TB, module string) string {
	tb.Helper()
	NeedTool(tb, "python3")
	for _, dir := range filepath.SplitList(os.Getenv("PATH")) {
		python := filepath.Join(dir, "python3")
		if exec.CommandContext(tb.Context(), python, "-c", "import "+module).Run() == nil {
			return python
		}
	}
	needPackage(tb, "Python module "+module, "python3-"+module)
	return ""
}

// needPackage skips the test for want of what a Debian package has.
func needPackage(tb testing.TB, what, debian string) {
	tb.Helper()
	tb.Skipf("needs %s (Debian package %s): make install-dev-deps installs it", what, debian)
}

// debianPackage returns the Debian package that a program is in.
func debianPackage(program string) string {
	switch program {
	case "ip":
		return "iproute2"
	case "ps":
		return "procps"
	case "setpriv", "taskset", "unshare":
		return "util-linux"
	default:
		return program
	}
}
