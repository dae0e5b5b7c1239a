package e2e

import (
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

// roleVariable makes this program a process with a name, given as role:name
// with the name in hexadecimal digits.
const roleVariable = "SYSPROBE_E2E_ROLE"

// play is what such a process does instead of testing.
func play(role string) {
	role, digits, _ := strings.Cut(role, ":")
	name, err := hex.DecodeString(digits)
	if err == nil {
		err = rename(name)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	switch role {
	case "leaker":
		if err := leakSlowly(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	case "burner":
		if err := burn(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	case "parent":
		for _, child := range os.Args[1:] {
			if err := actor("child:" + child).Start(); err != nil {
				fmt.Fprintln(os.Stderr, err)
				os.Exit(1)
			}
		}
		// Until the test ends and with it this pipe; the children are not waited for.
		_, _ = io.Copy(io.Discard, os.Stdin) //nolint:errcheck // see above
	}
}

// rename gives this process a name of any bytes but NUL, at most 15 of them.
func rename(name []byte) error {
	if len(name) == 0 {
		name = []byte{0} // writing nothing would change nothing
	}
	return os.WriteFile("/proc/self/comm", name, 0)
}

func actor(role string, args ...string) *exec.Cmd {
	cmd := exec.Command("/proc/self/exe", args...)
	cmd.Env = append(os.Environ(), roleVariable+"="+role)
	cmd.Stderr = os.Stderr
	return cmd
}

// startZombies starts a process of that name with zombies of those names, and
// returns its PID. It ends with the test.
func startZombies(t *testing.T, parent string, names []string) int {
	t.Helper()
	args := make([]string, 0, len(names))
	for _, name := range names {
		args = append(args, hex.EncodeToString([]byte(name)))
	}
	cmd := actor("parent:"+hex.EncodeToString([]byte(parent)), args...)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	start(t, cmd)
	t.Cleanup(func() {
		if err := stdin.Close(); err != nil {
			t.Error(err)
		}
		if err := cmd.Wait(); err != nil {
			t.Errorf("parent of zombies: %v", err)
		}
	})
	return cmd.Process.Pid
}

// start starts a process that dies with this one.
func start(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Pdeathsig = syscall.SIGKILL
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
}
