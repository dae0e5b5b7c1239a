package arch

import (
	"slices"
	"strings"
	"testing"
)

// kernelPackages make system calls without the runtime.
var kernelPackages = []string{"golang.org/x/sys", "unsafe", "github.com/mdlayher", "github.com/cilium"}

// TestImportsPointInwards holds the arrows from plugins over sysprobe and
// internal/sys to internal/decode. Tests may import anything.
func TestImportsPointInwards(t *testing.T) {
	for _, s := range sources(t) {
		if s.isTest() {
			continue
		}
		for _, i := range s.imports {
			if reason := forbids(s, i); reason != "" {
				t.Errorf("%s imports %s: %s", s.path, i, reason)
			}
		}
	}
}

// forbids says why s must not import a package; empty where it may.
func forbids(s *source, importPath string) string {
	kernel := slices.ContainsFunc(kernelPackages, func(pkg string) bool { return within(importPath, pkg) })
	own, _ := strings.CutPrefix(importPath, module+"/") // importPath itself where it is of another module
	switch dir := s.dir(); {
	case within(dir, decodeDir):
		return forbidsDecoder(importPath, own)
	case within(dir, sysDir):
		if own != importPath && !within(own, sysDir) && !within(own, decodeDir) && !within(own, optDir) {
			return "internal/sys knows what is below it and nothing else of this module"
		}
	case within(dir, "plugins"):
		if kernel || within(own, decodeDir) || within(own, sysDir) {
			return "plugins ask sysprobe"
		}
	default: // sysprobe, and helpers of its tests
		if within(own, "plugins") || within(importPath, "github.com/influxdata") {
			return "sysprobe is a library for any Go program"
		}
		if kernel && dir != "sysprobe/sysprobetest" {
			return "internal/sys asks the kernel"
		}
	}
	return ""
}

// forbidsDecoder is forbids for a file below internal/decode. Own is importPath
// without this module.
func forbidsDecoder(importPath, own string) string {
	first, _, _ := strings.Cut(importPath, "/")
	switch {
	case within(own, decodeDir), own == optDir:
		return ""
	case first == module, strings.Contains(first, "."):
		return "a decoder uses the standard library alone"
	case slices.Contains([]string{"os", "net", "syscall", "unsafe"}, importPath):
		return "a decoder takes bytes"
	}
	return ""
}
