package sysprobetest

import (
	"fmt"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"

	"telegraf-sysprobe/sysprobe/internal/sys/caps"
)

// NeedNamespaces skips the test where this process cannot make namespaces: as a
// user without privileges, and in a container that was not given the
// capability.
func NeedNamespaces(tb testing.TB) {
	tb.Helper()
	NeedRoot(tb)
	made := make(chan error)
	go func() {
		runtime.LockOSThread() // and never unlock: the runtime ends the thread with its namespaces
		made <- unix.Unshare(unix.CLONE_NEWUTS)
	}()
	if err := <-made; err != nil {
		tb.Skipf("needs CAP_SYS_ADMIN: making a namespace: %v", err)
	}
}

// NeedCapabilities skips the test where this process lacks one of the
// capabilities, by their numbers in linux/capability.h: as a user without
// privileges, and in a container that was not given them.
func NeedCapabilities(tb testing.TB, numbers ...uint) {
	tb.Helper()
	NeedRoot(tb)
	for _, number := range numbers {
		if !HasCapability(tb, number) {
			tb.Skipf("needs %s", capabilityName(number))
		}
	}
}

// HasCapability reports whether this process has a capability, by its number in
// linux/capability.h.
func HasCapability(tb testing.TB, number uint) bool {
	tb.Helper()
	return effective(tb).Has(caps.Capability(number))
}

// NeedBPF skips the test where MayLoadBPF reports false.
func NeedBPF(tb testing.TB) {
	tb.Helper()
	NeedRoot(tb)
	if !MayLoadBPF(tb) {
		tb.Skip("needs CAP_BPF and CAP_PERFMON")
	}
}

// MayLoadBPF reports whether this process has the capabilities for BPF programs
// that read the kernel's memory.
func MayLoadBPF(tb testing.TB) bool {
	tb.Helper()
	set := effective(tb)
	return set.Has(caps.SysAdmin) || set.Has(unix.CAP_BPF) && set.Has(unix.CAP_PERFMON)
}

func effective(tb testing.TB) caps.Set {
	tb.Helper()
	set, err := caps.Effective()
	if err != nil {
		tb.Fatal(err)
	}
	return set
}

// capabilityName returns the name that capabilities(7) has for a capability that
// containers mostly lack.
func capabilityName(number uint) string {
	switch number {
	case unix.CAP_BPF:
		return "CAP_BPF"
	case unix.CAP_DAC_READ_SEARCH:
		return "CAP_DAC_READ_SEARCH"
	case unix.CAP_NET_ADMIN:
		return "CAP_NET_ADMIN"
	case unix.CAP_PERFMON:
		return "CAP_PERFMON"
	case unix.CAP_SYS_ADMIN:
		return "CAP_SYS_ADMIN"
	case unix.CAP_SYS_PTRACE:
		return "CAP_SYS_PTRACE"
	default:
		return fmt.Sprintf("capability %d", number)
	}
}
