package sysprobe

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"testing"
	"unsafe"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

// changes make this process one of another kernel or place.
var changes = map[string]func() error{
	"mount":       func() error { return mountProc("/proc", "") },
	"no-btf":      hideBTF,
	"no-bpf":      func() error { return refuseBPF(anyCommand, unix.ENOSYS) },
	"seccomp":     func() error { return refuseBPF(anyCommand, unix.EPERM) },
	"no-map":      func() error { return refuseBPF(unix.BPF_MAP_CREATE, unix.EPERM) },
	"no-program":  func() error { return refuseBPF(unix.BPF_PROG_LOAD, unix.EINVAL) },
	"no-link":     func() error { return refuseBPF(unix.BPF_LINK_CREATE, unix.EINVAL) },
	"no-iterator": func() error { return refuseBPF(unix.BPF_ITER_CREATE, unix.ENOMEM) },
}

// hideBTF makes the kernel one that does not describe itself.
func hideBTF() error {
	if err := makeMountsPrivate(); err != nil {
		return err
	}
	return unix.Mount("none", "/sys/kernel/btf", "tmpfs", 0, "")
}

const anyCommand = -1

// refuseBPF makes a command of bpf(2) fail, as do kernels that lack it, are
// locked down, or have been told to refuse it.
func refuseBPF(command int, errno unix.Errno) error {
	const allow, refuse = 0x7fff0000, 0x00050000 // SECCOMP_RET_ALLOW, SECCOMP_RET_ERRNO
	load := func(offset uint32) unix.SockFilter {
		return unix.SockFilter{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: offset}
	}
	unless := func(value, skip uint32) unix.SockFilter {
		return unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, Jf: uint8(skip), K: value}
	}
	answer := func(value uint32) unix.SockFilter { return unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: value} }
	// struct seccomp_data: int nr; __u32 arch; __u64 instruction_pointer, args[6].
	filter := []unix.SockFilter{load(0), unless(unix.SYS_BPF, 3), load(16), unless(uint32(command), 1), answer(refuse | uint32(errno)), answer(allow)}
	if command == anyCommand {
		filter = []unix.SockFilter{load(0), unless(unix.SYS_BPF, 1), answer(refuse | uint32(errno)), answer(allow)}
	}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return err
	}
	program := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	_, _, failed := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, unix.SECCOMP_FILTER_FLAG_TSYNC, uintptr(unsafe.Pointer(&program)))
	runtime.KeepAlive(filter)
	if failed != 0 {
		return failed
	}
	return nil
}

// TestBackendFallsBack takes from BPF what it needs, a thing at a time.
func TestBackendFallsBack(t *testing.T) {
	needBPF(t)
	for change, want := range map[string]backendAnswer{
		"no-btf":      {NotSupported: true},
		"no-bpf":      {NotSupported: true},
		"seccomp":     {Denied: true},
		"no-map":      {Denied: true},
		"no-program":  {},
		"no-link":     {NotSupported: true},
		"no-iterator": {},
	} {
		t.Run(change, func(t *testing.T) {
			var got backendAnswer
			startHelper(t, inNamespaces(unix.CLONE_NEWNS), "backend", "auto", change).answer(t, &got)
			t.Log(got.Why)
			if got.Why == "" || strings.Contains(got.Why, "\n") {
				t.Errorf("reason %q, want one line", got.Why)
			}
			got.Why = ""
			want.Used, want.Found = BackendProcFS, true
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("auto (-want +got):\n%s", diff)
			}
			got = backendAnswer{}
			startHelper(t, inNamespaces(unix.CLONE_NEWNS), "backend", "bpf", change).answer(t, &got)
			if !got.Failed || got.Why == "" {
				t.Errorf("bpf: %+v, want an error", got)
			}
		})
	}
}

// TestBackendWhileFallingBack asks for the backend while a snapshot that could not use
// BPF goes on.
func TestBackendWhileFallingBack(t *testing.T) {
	procs, err := OpenProcs(&Config{Backend: BackendProcFS})
	if err != nil {
		t.Fatal(err)
	}
	defer procs.Close() //nolint:errcheck // it was only read
	c := procs.client
	var meanwhile BackendStatus
	reason := fallbackError{errors.New("no BPF here")}
	c.sources = []source{
		{BackendBPF, func(context.Context, *sweep) error { return reason }},
		{BackendProcFS, func(ctx context.Context, sw *sweep) error {
			meanwhile = c.backend()
			return c.sweepFiles(ctx, sw)
		}},
	}
	var s ProcSnapshot
	if err := procs.Snapshot(t.Context(), &s, 0); err != nil {
		t.Fatal(err)
	}
	if meanwhile.Used == BackendBPF {
		t.Errorf("the backend is %v, which has read nothing", meanwhile.Used)
	}
	if got := procs.Backend(); got.Used != BackendProcFS || !errors.Is(got.Reason, reason) {
		t.Errorf("the backend is %+v", got)
	}
}
