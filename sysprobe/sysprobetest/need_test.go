package sysprobetest_test

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"telegraf-sysprobe/sysprobe/sysprobetest"
)

// skipping is a test whose skip ends what skipped, and not the test.
type skipping struct {
	testing.TB

	reason string
}

func (*skipping) Helper() {}

func (s *skipping) Skip(args ...any) {
	s.reason = fmt.Sprint(args...)
	runtime.Goexit()
}

func (s *skipping) Skipf(format string, args ...any) { s.Skip(fmt.Sprintf(format, args...)) }

// reasonOf returns why need skips a test, or "".
func reasonOf(t *testing.T, need func(testing.TB)) string {
	t.Helper()
	s := &skipping{TB: t}
	ended := make(chan bool)
	go func() {
		defer close(ended)
		need(s)
	}()
	<-ended
	return s.reason
}

// programs makes a directory of shell scripts for PATH.
func programs(t *testing.T, scripts map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, script := range scripts {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"+script+"\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestNeedTool(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("needs a system whose programs have no extension")
	}
	t.Setenv("PATH", programs(t, map[string]string{"ethtool": ""}))
	for name, want := range map[string]string{
		"ethtool": "",
		"gcc":     "needs gcc (Debian package gcc): make install-dev-deps installs it",
		"ip":      "needs ip (Debian package iproute2): make install-dev-deps installs it",
		"ps":      "needs ps (Debian package procps): make install-dev-deps installs it",
		"taskset": "needs taskset (Debian package util-linux): make install-dev-deps installs it",
	} {
		if got := reasonOf(t, func(tb testing.TB) { sysprobetest.NeedTool(tb, name) }); got != want {
			t.Errorf("%s: skipped for %q, want %q", name, got, want)
		}
	}
}

func TestNeedPython(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("needs a system whose programs have no extension")
	}
	empty := t.TempDir()
	first := programs(t, map[string]string{"python3": `test "$2" = "import sys"`})
	second := programs(t, map[string]string{"python3": `test "$2" = "import psutil"`})
	for _, tt := range []struct {
		name, path, module string
		want, reason       string
	}{
		{"the first has it", first + ":" + second, "sys", first, ""},
		{"the second has it", empty + ":" + first + ":" + second, "psutil", second, ""},
		{"none has it", first + ":" + second, "yaml", "", "needs Python module yaml (Debian package python3-yaml): make install-dev-deps installs it"},
		{"no Python", empty, "psutil", "", "needs python3 (Debian package python3): make install-dev-deps installs it"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Setenv("PATH", tt.path)
			var got string
			reason := reasonOf(t, func(tb testing.TB) { got = filepath.Dir(sysprobetest.NeedPython(tb, tt.module)) })
			if got != tt.want || reason != tt.reason {
				t.Errorf("got %q, skipped for %q, want %q and %q", got, reason, tt.want, tt.reason)
			}
		})
	}
}

func TestNeedRoot(t *testing.T) {
	want := "needs root"
	if os.Geteuid() == 0 {
		want = ""
	}
	if got := reasonOf(t, func(tb testing.TB) { sysprobetest.NeedRoot(tb) }); got != want {
		t.Errorf("user %d: skipped for %q, want %q", os.Geteuid(), got, want)
	}
}
