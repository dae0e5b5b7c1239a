package sysprobetest

import (
	"bytes"
	"os/exec"
	"strings"
	"testing"
)

// CompileC lets clang check C source for a target, such as
// "i386-unknown-openbsd", without any header, and fails the test where it does
// not compile: a static assertion that does not hold is printed. The test is
// skipped where there is no clang.
func CompileC(tb testing.TB, target, source string) {
	tb.Helper()
	NeedTool(tb, "clang")
	cmd := exec.CommandContext(tb.Context(), "clang", "--target="+target, "-x", "c", "-std=c11",
		"-ffreestanding", "-nostdinc", "-fsyntax-only", "-ferror-limit=0", "-")
	cmd.Stdin = strings.NewReader(source)
	var output bytes.Buffer
	cmd.Stderr = &output
	if err := cmd.Run(); err != nil {
		tb.Errorf("clang for %s: %v\n%s", target, err, &output)
	}
}

// Targets are the names that clang has for systems and architectures, which are
// spelled as Go does.
func Targets() map[string]string {
	targets := map[string]string{"darwin/amd64": "x86_64-apple-macos", "darwin/arm64": "arm64-apple-macos"}
	for _, system := range []string{"freebsd", "openbsd", "netbsd"} {
		for goarch, arch := range map[string]string{"amd64": "x86_64", "arm64": "aarch64", "386": "i386", "arm": "armv7"} {
			targets[system+"/"+goarch] = arch + "-unknown-" + system
		}
	}
	targets["netbsd/arm"] += "-eabihf" // without, clang takes the ABI of before 2013
	return targets
}
