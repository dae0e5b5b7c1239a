package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
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
		err := build()
		if err == nil {
			err = isolate()
		}
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	default:
		os.Exit(m.Run())
	}
}

// build builds Telegraf with what is here compiled in, and with what the snippets of
// the packages use. It comes before isolate since it may have to download modules.
func build() error {
	names, err := filepath.Glob(snippets)
	if err != nil {
		return err
	}
	more := "TELEGRAF_MORE="
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		for _, table := range regexp.MustCompile(`(?m)^\[\[(\w+\.\w+)\]\]`).FindAllStringSubmatch(string(text), -1) {
			more += table[1] + " "
		}
	}
	cmd := exec.Command("../../../.ci/telegraf.sh")
	cmd.Env = append(os.Environ(), more)
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s: %w", cmd.Path, err)
	}
	return nil
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
	err = syscall.Exec(unshare, append(command, os.Args...), append(os.Environ(), isolatedVariable+"=1"))
	return fmt.Errorf("%s: %w", unshare, err)
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

// removeLinks removes links after the test.
func removeLinks(t *testing.T, names ...string) {
	t.Helper()
	t.Cleanup(func() {
		for _, name := range names {
			if out, err := exec.Command("ip", "link", "del", name).CombinedOutput(); err != nil {
				t.Errorf("ip link del %s: %v %s", name, err, out)
			}
		}
	})
}

func stderrOf(err error) string {
	if exit, ok := err.(*exec.ExitError); ok { //nolint:errorlint // Output returns nothing else that has it
		return ": " + string(exit.Stderr)
	}
	return ""
}
