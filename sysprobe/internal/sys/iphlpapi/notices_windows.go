package iphlpapi

import (
	"errors"
	"os"
	"runtime"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"
)

// Notices is a subscription to changes of interfaces that IP is bound to, and of
// their unicast addresses. Await is for one goroutine, which Close may interrupt.
type Notices struct {
	changed chan struct{} // holds one where something changed since Await returned
	closed  chan struct{}
	handles []windows.Handle
	// pinned keeps the Notices where it is: the system has its address.
	pinned runtime.Pinner
}

// Subscribe begins to listen. It needs no privilege.
func Subscribe() (*Notices, error) {
	n := &Notices{changed: make(chan struct{}, 1), closed: make(chan struct{})}
	n.pinned.Pin(n)
	for _, subscribe := range [...]func(uint16, uintptr, unsafe.Pointer, bool, *windows.Handle) error{
		windows.NotifyIpInterfaceChange, windows.NotifyUnicastIpAddressChange,
	} {
		var handle windows.Handle
		if err := subscribe(windows.AF_UNSPEC, callback(), unsafe.Pointer(n), false, &handle); err != nil {
			return nil, errors.Join(err, n.Close())
		}
		n.handles = append(n.handles, handle)
	}
	return n, nil
}

// callback is the address of note for the system. Go keeps one for each function,
// however often it is asked for.
func callback() uintptr { return windows.NewCallback(note) }

// note is PIPINTERFACE_CHANGE_CALLBACK and PUNICAST_IPADDRESS_CHANGE_CALLBACK of
// netioapi.h, which the system calls in a thread of its own. It must not block: Close
// waits for it. The row has no more than the keys of what changed.
func note(n *Notices, _ unsafe.Pointer, _ uint32) uintptr {
	select {
	case n.changed <- struct{}{}:
	default: // Await has not yet seen the change before
	}
	return 0
}

// Await returns when something might have changed since it last returned, or the
// subscription began. It returns os.ErrDeadlineExceeded at the deadline, unless that
// is zero, and os.ErrClosed once Close was called.
func (n *Notices) Await(deadline time.Time) error {
	var alarm <-chan time.Time
	if !deadline.IsZero() {
		timer := time.NewTimer(time.Until(deadline))
		defer timer.Stop()
		alarm = timer.C
	}
	select {
	case <-n.closed:
		return os.ErrClosed
	case <-n.changed:
		return nil
	case <-alarm:
		return os.ErrDeadlineExceeded
	}
}

// Close ends the subscription, after a call of note that is under way. It must be
// called once.
func (n *Notices) Close() error {
	var failed error
	for _, handle := range n.handles {
		failed = errors.Join(failed, windows.CancelMibChangeNotify2(handle))
	}
	if failed == nil { // otherwise the system might still use the address
		n.pinned.Unpin()
	}
	close(n.closed)
	return failed
}
