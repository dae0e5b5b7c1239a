package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// files are a module with tests of every result.
var files = map[string]string{
	"go.mod": "module m\n",
	"mixed/mixed_test.go": `package mixed

import (
	"fmt"
	"testing"
)

func TestPasses(t *testing.T) { t.Log("of one that passes") }

func TestFails(t *testing.T) {
	t.Run("sub", func(t *testing.T) { t.Error("of one that fails") })
}

func TestIP(t *testing.T) { t.Skip("needs ip (Debian package iproute2): make install-dev-deps installs it") }

func TestEthtool(t *testing.T) { t.Skip("needs ethtool (Debian package ethtool): make install-dev-deps installs it") }

func TestRoot(t *testing.T) {
	for range 2 {
		t.Run("sub", func(t *testing.T) { t.Log("before"); t.Skip("needs root") })
	}
}

func TestShort(t *testing.T) { t.Skip("takes seconds") }

func TestPrints(t *testing.T) { fmt.Println("of the program") }
`,
	"passes/passes_test.go": "package passes\n\nimport \"testing\"\n\nfunc TestPasses(t *testing.T) { t.Log(\"of one that passes\") }\n",
	"panics/panics_test.go": "package panics\n\nimport \"testing\"\n\nfunc TestPanics(t *testing.T) { t.Log(\"last words\"); panic(\"boom\") }\n",
	"broken/broken_test.go": "package broken\n\nimport \"testing\"\n\nfunc TestBroken(t *testing.T) { missing() }\n",
	"empty/empty.go":        "package empty\n",
}

// module makes the module and enters it.
func module(t *testing.T) {
	t.Helper()
	t.Chdir(t.TempDir())
	t.Setenv("GOFLAGS", "-mod=mod")
	t.Setenv("GOWORK", "off")
	for name, text := range files {
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func TestGoTest(t *testing.T) {
	module(t)
	for _, tt := range []struct {
		name   string
		args   []string
		code   int
		want   []string // of standard output, the last at its end
		lacks  []string
		stderr string
	}{
		{"passes", []string{"./passes"}, 0, []string{`^ok  \tm/passes\t\S+\n1 passed, 0 failed, 0 skipped\n$`}, nil, `^$`},
		{
			"passes, verbose",
			[]string{"-v", "./passes"},
			0,
			[]string{"(?s)=== RUN   TestPasses\n.*of one that passes\n", "1 passed, 0 failed, 0 skipped\n$"},
			nil, `^$`,
		},
		{
			"every result",
			[]string{"./..."},
			1,
			[]string{
				`\?   \tm/empty\t\[no test files\]`, `ok  \tm/passes\t`, `broken_test.go:5:33: undefined: missing\n`, `FAIL\tm/broken \[build failed\]`,
				`(?m)^    mixed_test.go:11: of one that fails\n`, `--- FAIL: TestFails/sub `, `FAIL\tm/mixed`, `last words`, `panic: boom`,
				`4 passed, 3 failed, 5 skipped for want of root \(2\), another reason \(1\), ethtool \(1\), ip of iproute2 \(1\)\n$`,
			},
			[]string{"=== RUN", "of one that passes", "before", "of the program"},
			`^$`,
		},
		{"no package", []string{"./nothing"}, 1, []string{`directory not found`, `0 passed, 0 failed, 0 skipped\n$`}, nil, `^$`},
		{"no number", []string{"-count=x"}, 2, []string{`^0 passed, 0 failed, 0 skipped\n$`}, nil, `-count`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			if code := goTest("go", tt.args, &stdout, &stderr); code != tt.code {
				t.Errorf("ended with %d, want %d", code, tt.code)
			}
			for _, want := range tt.want {
				if !regexp.MustCompile(want).MatchString(stdout.String()) {
					t.Errorf("no %q in\n%s", want, &stdout)
				}
			}
			for _, lacks := range tt.lacks {
				if strings.Contains(stdout.String(), lacks) {
					t.Errorf("%q in\n%s", lacks, &stdout)
				}
			}
			if !regexp.MustCompile(tt.stderr).MatchString(stderr.String()) {
				t.Errorf("standard error: %s", &stderr)
			}
		})
	}
}

func TestGoTestEvents(t *testing.T) {
	module(t)
	var stdout, stderr bytes.Buffer
	if code := goTest("go", []string{"-json", "./mixed"}, &stdout, &stderr); code != 1 {
		t.Errorf("ended with %d, want 1", code)
	}
	for line := range strings.Lines(stdout.String()) {
		var e event
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Errorf("%v: %s", err, line)
		}
	}
	const want = "3 passed, 2 failed, 5 skipped for want of root (2), another reason (1), ethtool (1), ip of iproute2 (1)\n"
	if stderr.String() != want {
		t.Errorf("standard error: %s, want %s", &stderr, want)
	}
}
