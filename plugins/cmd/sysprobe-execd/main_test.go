package main

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"telegraf-sysprobe/plugins/internal/plugintest"
)

// mainVariable makes the test binary the program.
const mainVariable = "SYSPROBE_TEST_MAIN"

// filterVariable makes this program refuse itself the system calls of that filter
// before it becomes the program.
const filterVariable = "SYSPROBE_TEST_FILTER"

func TestMain(m *testing.M) {
	if filter := os.Getenv(filterVariable); filter != "" {
		panic(becomeFiltered(filter))
	}
	if os.Getenv(mainVariable) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// command returns the program with these arguments.
func command(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), program, args...)
	cmd.Env = append(os.Environ(), mainVariable+"=1")
	return cmd
}

// result is what a program left.
type result struct {
	stdout, stderr string
	code           int
}

func execute(t *testing.T, args ...string) result {
	t.Helper()
	cmd := command(t, args...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return result{stdout.String(), stderr.String(), cmd.ProcessState.ExitCode()}
}

func config(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(plugintest.TempDir(t), "sysprobe.conf")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// missing returns what this system says of a file that is not there.
func missing(t *testing.T, path string) string {
	t.Helper()
	_, err := os.Stat(path)
	if !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("%s: %v", path, err)
	}
	return errors.Unwrap(err).Error()
}

func TestPrinted(t *testing.T) {
	t.Run("version", func(t *testing.T) {
		got := execute(t, "--version")
		if got.code != 0 || !strings.HasPrefix(got.stdout, "sysprobe-execd ") || !strings.Contains(got.stdout, "Telegraf v1.") {
			t.Errorf("%+v", got)
		}
	})
	t.Run("sample", func(t *testing.T) {
		want, err := os.ReadFile(filepath.Join("..", "..", "..", "sample.conf"))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(result{stdout: string(want)}, execute(t, "-sample-config"), cmp.AllowUnexported(result{})); diff != "" {
			t.Errorf("--sample-config (-sample.conf +got):\n%s", diff)
		}
	})
	t.Run("sample of one input", func(t *testing.T) {
		got := execute(t, "--sample-config", "zombies")
		if got.code != 0 || !strings.Contains(got.stdout, "\n[[inputs.zombies]]\n") || strings.Contains(got.stdout, "[[inputs.procs]]") {
			t.Errorf("%+v", got)
		}
		if got := execute(t, "--sample-config", "zombie"); got.code != 1 || !strings.Contains(got.stderr, "nicaddrs, nicstats, procs, zombies") {
			t.Errorf("%+v", got)
		}
	})
	t.Run("help", func(t *testing.T) {
		got := execute(t, "--help")
		for _, part := range []string{"-config-check", "[[inputs.execd]]", "Exit status", "HOST_PROC", "${NAME}"} {
			if got.code != 0 || got.stderr != "" || !strings.Contains(got.stdout, part) {
				t.Errorf("%+v lacks %s", got, part)
			}
		}
	})
}

// TestMistakes checks that each is one line that says what to do, and exit
// status 1. What is wrong inside of a configuration is execd's to test.
func TestMistakes(t *testing.T) {
	for _, tt := range []struct {
		name string
		args []string
		want []string
	}{
		{"flag", []string{"--confg", "x"}, []string{"-confg", "--help"}},
		{"argument", []string{"x.conf"}, []string{`"x.conf"`, "--help"}},
		{"no file", []string{"--config", "/nonexistent/x.conf"}, []string{"/nonexistent/x.conf", missing(t, "/nonexistent/x.conf")}},
		{"unknown option", []string{"--config", config(t, "[[inputs.zombies]]\n  max_zombie = 1\n")}, []string{`"max_zombie"`, "typo"}},
		{"wrong type", []string{"--config", config(t, "[[inputs.zombies]]\n  max_zombies = \"all\"\n")}, []string{"max_zombies must be a whole", `"all`}},
		{"refused by the plugin", []string{"--config", config(t, "[[inputs.zombies]]\n  max_zombies = 0\n")}, []string{"inputs.zombies", "max_zombies"}},
		{"unknown plugin", []string{"--config", config(t, "[[inputs.zombie]]\n")}, []string{`"zombie"`, "nicaddrs, nicstats, procs, zombies"}},
		{"two things to do", []string{"--once"}, []string{"--config-check and --once", "use one"}},
		{"output", []string{"--config", config(t, "[[outputs.file]]\n")}, []string{"outputs belong to Telegraf"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := execute(t, append(tt.args, "--config-check")...)
			if got.code != 1 || got.stdout != "" || strings.Count(got.stderr, "\n") != 1 || !strings.HasPrefix(got.stderr, "E! sysprobe-execd: ") {
				t.Errorf("%+v, want one line and status 1", got)
			}
			for _, part := range tt.want {
				if !strings.Contains(got.stderr, part) {
					t.Errorf("%q lacks %q", got.stderr, part)
				}
			}
		})
	}
}

// TestEachMistakeIsALine wants all that is wrong in two files, and the exit status of
// a mistake.
func TestEachMistakeIsALine(t *testing.T) {
	first := config(t, "[[inputs.zombies]]\n  max_zombie = 1\n  max_parents = 0\n[[inputs.procs]]\n  alias = \"web\"\n  top_count = 0\n")
	second := config(t, "[agent]\n  intervall = \"1s\"\n")
	got := execute(t, "--config", first, "--config", second)
	want := []string{
		first + `: line 2: inputs.zombies[1]: unknown option "max_zombie"`,
		first + `: line 6: inputs.procs[1]/web: option top_count: 0 is out of range`,
		second + `: line 2: [agent]: unknown option "intervall"`,
	}
	lines := strings.Split(strings.TrimSpace(got.stderr), "\n")
	if got.code != 1 || got.stdout != "" || len(lines) != len(want) {
		t.Fatalf("%+v, want %d lines", got, len(want))
	}
	for i := range want {
		if !strings.HasPrefix(lines[i], "E! sysprobe-execd: "+want[i]) {
			t.Errorf("line %q, want %q", lines[i], want[i])
		}
	}
}

func TestDirectoryAndFilter(t *testing.T) {
	file := config(t, "[[inputs.zombies]]\n  collect = []\n[[inputs.nicaddrs]]\n")
	got := execute(t, "--once", "--config-directory", filepath.Dir(file), "--input-filter", "zombies")
	if got.code != 0 || !strings.Contains("\n"+got.stdout, "\nzombies ") || strings.Contains(got.stdout, "nicaddrs") {
		t.Errorf("%+v, want zombies, and no addresses", got)
	}
	for arg, want := range map[string]string{
		"--config-directory=" + plugintest.TempDir(t): "there is no *.conf below", "--config-directory=/nonexistent": missing(t, "/nonexistent"),
		"--input-filter=zombie": "nicaddrs, nicstats, procs, zombies",
	} {
		if got := execute(t, arg); got.code != 1 || !strings.Contains(got.stderr, want) {
			t.Errorf("%s: %+v, want %q", arg, got, want)
		}
	}
}
