package ethtool

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"telegraf-sysprobe/sysprobe/internal/sys/nlconn"
	"telegraf-sysprobe/sysprobe/sysprobetest"
)

// lateness reads links 1 to 3 in a new round, and lists "speed", with "!" where
// it is late.
func lateness(t *testing.T, r *Reader, k *hangingKernel) string {
	t.Helper()
	k.round()
	view, err := r.Read(t.Context(), linksOf(3), 0)
	if err != nil || view.Err() != nil || view.Denied()+view.Failed() > 0 {
		t.Fatal(err, view)
	}
	var text string
	for i := range 3 {
		var speed uint32
		f, late := view.Facts(i + 1)
		if f != nil {
			speed = f.Modes.Speed.Or(0)
		}
		text += fmt.Sprint(" ", speed)
		if late {
			text += "!"
		}
	}
	return text[1:]
}

func TestDriverThatHangs(t *testing.T) {
	k := &hangingKernel{}
	r := NewReader(kernelOf(k.answer), timeoutOfTests())
	check := func(what, want string, order ...uint32) {
		t.Helper()
		if got := lateness(t, r, k); got != want {
			t.Errorf("B26 %s: %s, want %s", what, got, want)
		}
		if diff := cmp.Diff(order, k.order()); diff != "" {
			t.Errorf("B26 %s: asked (-want +got):\n%s", what, diff)
		}
	}
	check("all answer", "11 12 13", 0)
	open := k.shut()
	check("a dump hangs: the last answers", "11! 12! 13!", 0)
	open()
	awaitPass(t, r)
	open = k.shut()
	check("one by one; which one hangs is not known", "31 22! 23!", 1, 2)
	open()
	awaitPass(t, r)
	open = k.shut()
	check("the slow one is asked last", "41 32! 43", 1, 3, 2)
	check("and again", "41 32! 43")
	check("and again", "41 32! 43")
	check("its last answer is too old", "41 0! 43")
	open()
	awaitPass(t, r)
	check("it answers again", "81 82 83", 1, 3, 2)
	check("and all are asked at once", "91 92 93", 0)
	if err := r.Close(); err != nil {
		t.Error(err)
	}
}

func TestFirstReadHasNothingToKeep(t *testing.T) {
	k := &hangingKernel{}
	open := k.shut()
	r := NewReader(kernelOf(k.answer), timeoutOfTests())
	if got, want := lateness(t, r, k), "0! 0! 0!"; got != want {
		t.Errorf("B26 got %s, want %s", got, want)
	}
	open()
	awaitPass(t, r)
	if err := r.Close(); err != nil {
		t.Error(err)
	}
}

// countingKernel is the kernel itself, which answers nothing while gate is shut.
// It counts its sockets.
type countingKernel struct {
	Kernel

	gate chan struct{}
	open chan struct{} // a value for each open socket
}

type countedSocket struct {
	nlconn.Socket

	k *countingKernel
}

func newCountingKernel() *countingKernel {
	k := &countingKernel{gate: make(chan struct{}), open: make(chan struct{}, 10)}
	k.Kernel = Kernel{
		Dial: func() (nlconn.Socket, uint16, error) {
			sock, family, err := dial("")
			k.open <- struct{}{}
			return countedSocket{sock, k}, family, err
		},
		Client: noClient,
	}
	return k
}

// Send hangs, as a system call does in which the kernel waits for a driver.
func (s countedSocket) Send(b []byte) error {
	<-s.k.gate
	return s.Socket.Send(b)
}

func (s countedSocket) Close() error {
	<-s.k.open
	return s.Socket.Close()
}

// goroutines counts those that Readers have started.
func goroutines() int {
	stacks := make([]byte, 1<<20)
	stacks = stacks[:runtime.Stack(stacks, true)]
	return strings.Count(string(stacks), "created by telegraf-sysprobe/sysprobe/internal/sys/ethtool.(*Reader)")
}

// TestContextEndsRead cancels a Read while a driver does not reply.
func TestContextEndsRead(t *testing.T) {
	k := newCountingKernel()
	r := NewReader(k.Kernel, time.Hour)
	for range 2 { // the second one waits for the pass of the first
		if err := sysprobetest.Canceled(t, func(ctx context.Context) error {
			_, err := r.Read(ctx, linksOf(3), 0)
			return err
		}); !errors.Is(err, context.Canceled) {
			t.Errorf("Read returned %v", err)
		}
	}
	if n := goroutines(); n != 1 || len(k.open) != 1 {
		t.Errorf("%d goroutines and %d sockets, want those of one pass", n, len(k.open))
	}
	if err := r.Close(); err != nil { // it does not wait for the driver, which never replies
		t.Error(err)
	}
	if err := r.Close(); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("second Close: %v, want fs.ErrClosed", err)
	}
	if _, err := r.Read(t.Context(), nil, 0); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("Read after Close: %v, want fs.ErrClosed", err)
	}
	close(k.gate)
	sysprobetest.Eventually(t, func() string {
		if n := goroutines(); n > 0 || len(k.open) > 0 {
			return fmt.Sprintf("%d goroutines and %d sockets are left", n, len(k.open))
		}
		return ""
	})
}

// TestCanceledBeforeRead asks nothing.
func TestCanceledBeforeRead(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	k := &hangingKernel{}
	r := NewReader(kernelOf(k.answer), time.Hour)
	if _, err := r.Read(ctx, linksOf(3), 0); !errors.Is(err, context.Canceled) || len(k.order()) > 0 {
		t.Errorf("Read returned %v after %d requests", err, len(k.order()))
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
}

// TestSlowButInTime is about drivers that take their time, but not too much of
// it: they are asked in one dump.
func TestSlowButInTime(t *testing.T) {
	k := &hangingKernel{}
	r := NewReader(kernelOf(func(req request) answer {
		time.Sleep(timeoutOfTests() / 4)
		return k.answer(req)
	}), timeoutOfTests())
	for _, want := range []string{"11 12 13", "21 22 23"} {
		if got := lateness(t, r, k); got != want || len(k.order()) != 1 {
			t.Errorf("got %s with %d requests, want %s with one", got, len(k.order()), want)
		}
	}
}

// TestGoneWhileAsked is about an interface that vanishes between the dump of
// the links and the question.
func TestGoneWhileAsked(t *testing.T) {
	r := NewReader(kernelOf(func(req request) answer {
		if req.Dump {
			return answer{Errno: int(unix.ENODEV)}
		}
		return answer{Errno: int(unix.ENODEV)}
	}), time.Hour)
	view, err := r.Read(t.Context(), linksOf(1), 0)
	if err != nil {
		t.Fatal(err)
	}
	if f, late := view.Facts(1); f == nil || !f.Gone || late {
		t.Errorf("facts %+v, late %v; want a link that is gone", f, late)
	}
	if f, late := view.Facts(2); f != nil || late {
		t.Errorf("facts %+v, late %v of a link that was not asked about", f, late)
	}
}

// TestReaderInANamespaceThatIsGone blames the namespace and not the kernel.
func TestReaderInANamespaceThatIsGone(t *testing.T) {
	r := NewReader(KernelOf(filepath.Join(t.TempDir(), "gone")), time.Minute)
	view, err := r.Read(t.Context(), []Link{{Index: 1, Name: "lo"}}, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := view.Err(); !errors.Is(err, fs.ErrNotExist) || errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("no driver could be asked: %v, want fs.ErrNotExist alone", err)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
}
