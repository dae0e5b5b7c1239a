package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

// TestMain runs the tests in a network namespace of their own, so that there
// are addresses and names to make up and no ports to share. The same program
// also plays the processes that the tests look for.
func TestMain(m *testing.M) {
	switch {
	case os.Getenv(roleVariable) != "":
		play(os.Getenv(roleVariable))
	case os.Getenv("SYSPROBE_E2E") != "1":
		fmt.Fprintln(os.Stderr, "not run: SYSPROBE_E2E is not 1; make e2e sets it and builds what the tests need")
	case os.Getenv(isolatedVariable) == "":
		fmt.Fprintln(os.Stderr, "own network namespace:", isolate())
		os.Exit(1)
	default:
		os.Exit(m.Run())
	}
}

// isolatedVariable is set in the namespace.
const isolatedVariable = "SYSPROBE_E2E_ISOLATED"

// isolate starts this program again in a new network namespace, and only
// returns if that fails.
func isolate() error {
	unshare, err := exec.LookPath("unshare")
	if err != nil {
		return err
	}
	command := []string{unshare, "--net"}
	if os.Geteuid() != 0 {
		command = append(command, "--map-root-user")
	}
	command = append(command, "sh", "-ec", `ip link set lo up; exec "$0" "$@"`)
	return syscall.Exec(unshare, append(command, os.Args...), append(os.Environ(), isolatedVariable+"=1"))
}

// run runs a program that has to succeed, and returns what it printed.
func run(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), name, args...).Output()
	if err != nil {
		t.Fatalf("%s %s: %v%s", name, strings.Join(args, " "), err, stderrOf(err))
	}
	return string(out)
}

func stderrOf(err error) string {
	if exit, ok := err.(*exec.ExitError); ok { //nolint:errorlint // Output returns nothing else that has it
		return ": " + string(exit.Stderr)
	}
	return ""
}
