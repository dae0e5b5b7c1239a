package sysprobe

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"runtime"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"telegraf-sysprobe/sysprobe/internal/decode/rtnl"
	"telegraf-sysprobe/sysprobe/internal/sys/ethtool"
	"telegraf-sysprobe/sysprobe/internal/sys/nlconn"
	"telegraf-sysprobe/sysprobe/sysprobetest"
)

// leftBehind returns a function that waits until this process has no more
// goroutines and descriptors than at the call of leftBehind.
func leftBehind(t *testing.T) func() {
	t.Helper()
	count := func() (goroutines, descriptors int) {
		entries, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			t.Fatal(err)
		}
		return runtime.NumGoroutine(), len(entries)
	}
	goroutines, descriptors := count()
	return func() {
		t.Helper()
		sysprobetest.Eventually(t, func() string {
			if g, d := count(); g > goroutines || d > descriptors {
				return fmt.Sprintf("%d goroutines and %d descriptors, want %d and %d", g, d, goroutines, descriptors)
			}
			return ""
		})
	}
}

// isCanceled checks that call, which gets no answer, promptly returns the error of
// its context in an OpError.
func isCanceled(t *testing.T, call func(context.Context) error) {
	t.Helper()
	wantOpError(t, context.Canceled, sysprobetest.Canceled(t, call))
}

// wantOpError checks that err is an OpError that wraps want.
func wantOpError(t *testing.T, want, err error) {
	t.Helper()
	var op *OpError
	if !errors.Is(err, want) || !errors.As(err, &op) {
		t.Errorf("the call returned %v, want an OpError that wraps %v", err, want)
	}
}

// deaf makes sockets to a kernel that never answers: real sockets, of which the
// other end is open too.
func deaf(t *testing.T) func() (nlconn.Socket, error) {
	t.Helper()
	return func() (nlconn.Socket, error) {
		pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			return nil, err
		}
		return &deafSocket{os.NewFile(uintptr(pair[0]), "own end"), os.NewFile(uintptr(pair[1]), "other end")}, nil
	}
}

// deafSocket is a socket of deaf.
type deafSocket struct{ own, other *os.File }

func (s *deafSocket) Send(b []byte) error {
	_, err := s.own.Write(b)
	return err
}

func (s *deafSocket) Receive(b []byte) (int, error) { return s.own.Read(b) }
func (s *deafSocket) Close() error                  { return errors.Join(s.own.Close(), s.other.Close()) }

// blocked makes sockets to a kernel that holds up what sends a request, as it does
// behind the lock of rtnetlink, until release is closed.
func blocked(release <-chan struct{}) func() (nlconn.Socket, error) {
	return func() (nlconn.Socket, error) { return blockedSocket(release), nil }
}

// blockedSocket is a socket of blocked.
type blockedSocket <-chan struct{}

func (s blockedSocket) Send([]byte) error {
	<-s
	return io.ErrUnexpectedEOF
}

func (blockedSocket) Receive([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }
func (blockedSocket) Close() error                { return nil } // and Send goes on

// TestNICSnapshotsLeaveTheKernel ends the context of snapshots that the kernel
// holds up: Close does not wait for it either.
func TestNICSnapshotsLeaveTheKernel(t *testing.T) {
	check := leftBehind(t)
	release := make(chan struct{})
	addrs, err := newNICAddrsClientOn(Config{}, blocked(release))
	if err != nil {
		t.Fatal(err)
	}
	stats, err := newNICStatsClientOn(Config{}, blocked(release), ethtool.KernelOf(""))
	if err != nil {
		t.Fatal(err)
	}
	a, l := &NICAddrs{client: addrs}, &NICStats{client: stats}
	for _, tt := range []struct {
		snapshot func(context.Context) error
		close    func() error
	}{
		{func(ctx context.Context) error { return a.Snapshot(ctx, new(AddrSnapshot)) }, a.Close},
		{func(ctx context.Context) error { return l.Snapshot(ctx, new(LinkSnapshot), 0) }, l.Close},
	} {
		for range 2 { // the second one waits for its turn
			isCanceled(t, tt.snapshot)
		}
		if err := tt.close(); err != nil { // it does not wait for the kernel
			t.Error(err)
		}
		for _, err := range []error{tt.close(), tt.snapshot(t.Context())} {
			if !errors.Is(err, fs.ErrClosed) {
				t.Errorf("after Close: %v, want fs.ErrClosed", err)
			}
		}
	}
	close(release)
	check()
}

func TestNICAddrsEndWithTheirContext(t *testing.T) {
	check := leftBehind(t)
	client, err := newNICAddrsClientOn(Config{}, deaf(t))
	if err != nil {
		t.Fatal(err)
	}
	h := &NICAddrs{client: client}
	s := AddrSnapshot{Interfaces: make([]InterfaceAddrs, 3)}
	for range 2 {
		isCanceled(t, func(ctx context.Context) error { return h.Snapshot(ctx, &s) })
		if len(s.Interfaces) != 0 {
			t.Errorf("%d interfaces after an error", len(s.Interfaces))
		}
	}
	// Another snapshot, which waits for its turn, ends too.
	other, cancelOther := context.WithCancel(t.Context())
	done := make(chan error)
	go func() {
		var s AddrSnapshot
		done <- h.Snapshot(other, &s)
	}()
	sysprobetest.Eventually(t, func() string {
		if len(client.turn.held) == 0 {
			return "no snapshot has its turn"
		}
		return ""
	})
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	wantOpError(t, context.DeadlineExceeded, h.Snapshot(ctx, &s))
	cancelOther()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("the other snapshot returned %v", err)
	}
	time.AfterFunc(20*time.Millisecond, func() {
		if err := h.Close(); err != nil {
			t.Error(err)
		}
	})
	wantOpError(t, fs.ErrClosed, h.Snapshot(t.Context(), &s))
	for _, err := range []error{h.Close(), h.Snapshot(t.Context(), &s)} {
		var op *OpError
		if !errors.Is(err, fs.ErrClosed) || !errors.As(err, &op) {
			t.Errorf("after Close: %v, want an OpError that wraps fs.ErrClosed", err)
		}
	}
	check()
}

// TestNICWatchEndsWithItsContext ends the opening of a watch: while the kernel
// does not answer, and while its tables never stand still.
func TestNICWatchEndsWithItsContext(t *testing.T) {
	check := leftBehind(t)
	changing := func() (nlconn.Socket, error) {
		return sysprobetest.NewNetlinkPeer(func(r request) answer { return answer{Interrupted: r.Type == rtnl.TypeGetLink} }), nil
	}
	for _, dial := range []func() (nlconn.Socket, error){deaf(t), changing} {
		isCanceled(t, func(ctx context.Context) error {
			notices, err := nlconn.DialWatch("", 0, nlconn.GroupLink)
			if err != nil {
				t.Fatal(err)
			}
			_, err = startNICWatch(ctx, (&Config{}).withDefaults(), NICChoice{}, notices, dial)
			return err
		})
	}
	ctx, cancel := context.WithCancel(t.Context())
	w, err := OpenNICWatch(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	cancel() // and the watch goes on
	var s AddrSnapshot
	if err := w.Snapshot(t.Context(), &s); err != nil || len(s.Interfaces) == 0 {
		t.Errorf("%d interfaces, %v", len(s.Interfaces), err)
	}
	if err := w.Snapshot(ctx, &s); !errors.Is(err, context.Canceled) || len(s.Interfaces) != 0 {
		t.Errorf("a snapshot with a canceled context returned %d interfaces, %v", len(s.Interfaces), err)
	}
	if err := w.Close(); err != nil {
		t.Error(err)
	}
	if err := w.Snapshot(t.Context(), &s); !errors.Is(err, fs.ErrClosed) || errors.Is(err, context.Canceled) {
		t.Errorf("after Close: %v, want fs.ErrClosed alone", err)
	}
	check()
}
