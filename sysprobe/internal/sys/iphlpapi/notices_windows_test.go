package iphlpapi

import (
	"errors"
	"os"
	"runtime"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"
)

// interfaceRow has the members of MIB_IPINTERFACE_ROW (netioapi.h) that a callback
// is told: the keys of what changed.
type interfaceRow struct {
	family uint16
	_      [6]byte
	luid   uint64
	index  uint32
	_      [148]byte
}

// addressRow is MIB_UNICASTIPADDRESS_ROW with its keys: a SOCKADDR_INET first.
type addressRow struct {
	family uint16
	_      [30]byte
	luid   uint64
	index  uint32
	_      [36]byte
}

// await waits for a notice, 10 seconds at most.
func await(t *testing.T, n *Notices) {
	t.Helper()
	if err := n.Await(time.Now().Add(10 * time.Second)); err != nil {
		t.Errorf("no notice: %v", err)
	}
}

// quiet expects that there is no notice.
func quiet(t *testing.T, n *Notices) {
	t.Helper()
	if err := n.Await(time.Now()); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("%v, want no notice", err)
	}
}

// TestCallbacks calls the callbacks as Windows does, with its rows. Wine 8 takes the
// subscription and never calls.
func TestCallbacks(t *testing.T) {
	if size := unsafe.Sizeof(interfaceRow{}); size != 168 {
		t.Errorf("MIB_IPINTERFACE_ROW has %d bytes, want 168", size)
	}
	if size := unsafe.Sizeof(addressRow{}); size != 80 {
		t.Errorf("MIB_UNICASTIPADDRESS_ROW has %d bytes, want 80", size)
	}
	n, err := Subscribe()
	if err != nil {
		t.Fatal(err)
	}
	quiet(t, n)
	link := &interfaceRow{family: windows.AF_INET, luid: 6 << 48, index: 7}
	address := &addressRow{family: windows.AF_INET6, luid: 6 << 48, index: 7}
	const parameter, add, remove = 0, 1, 2 // MIB_NOTIFICATION_TYPE
	tell := func(row unsafe.Pointer, kind uintptr) {
		syscall.SyscallN(callback(), uintptr(unsafe.Pointer(n)), uintptr(row), kind) //nolint:errcheck // it has no result
	}
	for _, call := range []struct {
		row  unsafe.Pointer
		kind uintptr
	}{{unsafe.Pointer(link), parameter}, {unsafe.Pointer(address), add}, {unsafe.Pointer(address), remove}} {
		tell(call.row, call.kind)
		await(t, n)
		quiet(t, n)
	}
	for range 1000 { // nobody awaits them: they are one, and none blocks
		tell(unsafe.Pointer(link), parameter)
	}
	await(t, n)
	quiet(t, n)
	if err := n.Close(); err != nil {
		t.Error(err)
	}
}

// TestCallbackOfAnotherThread is called by a thread that Go did not make, as Windows
// has for this, while the collector runs.
func TestCallbackOfAnotherThread(t *testing.T) {
	createThread := windows.NewLazySystemDLL("kernel32.dll").NewProc("CreateThread")
	n, err := Subscribe()
	if err != nil {
		t.Fatal(err)
	}
	for range 20 {
		runtime.GC()
		// A thread begins with one argument: the row and the kind are what the
		// registers have.
		thread, _, err := createThread.Call(0, 0, callback(), uintptr(unsafe.Pointer(n)), 0, 0)
		if thread == 0 {
			t.Fatal(err)
		}
		await(t, n)
		if err := windows.CloseHandle(windows.Handle(thread)); err != nil {
			t.Error(err)
		}
	}
	if err := n.Close(); err != nil {
		t.Error(err)
	}
}

// TestClose ends an Await that has no deadline.
func TestClose(t *testing.T) {
	n, err := Subscribe()
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error)
	go func() { ended <- n.Await(time.Time{}) }()
	if err := n.Close(); err != nil {
		t.Error(err)
	}
	if err := <-ended; !errors.Is(err, os.ErrClosed) {
		t.Errorf("%v, want os.ErrClosed", err)
	}
	if err := n.Await(time.Time{}); !errors.Is(err, os.ErrClosed) {
		t.Errorf("%v after Close, want os.ErrClosed", err)
	}
}

// TestManySubscriptions makes more of them than a program of Go can have callbacks,
// which is 2000, and looks for what they leave.
func TestManySubscriptions(t *testing.T) {
	own := windows.CurrentProcess()
	handles := func() (n uint32) {
		count := windows.NewLazySystemDLL("kernel32.dll").NewProc("GetProcessHandleCount")
		count.Call(uintptr(own), uintptr(unsafe.Pointer(&n))) //nolint:errcheck // then it is 0
		return n
	}
	before := runtime.NumGoroutine()
	open := handles()
	for range 3000 {
		n, err := Subscribe()
		if err != nil {
			t.Fatal(err)
		}
		if err := n.Close(); err != nil {
			t.Fatal(err)
		}
	}
	runtime.GC()
	if after := runtime.NumGoroutine(); after > before {
		t.Errorf("%d goroutines, before %d", after, before)
	}
	if after := handles(); after > open+16 {
		t.Errorf("%d handles, before %d", after, open)
	}
}
