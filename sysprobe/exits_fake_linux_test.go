package sysprobe

import (
	"errors"
	"io/fs"
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"telegraf-sysprobe/sysprobe/internal/sys/procconn"
	"telegraf-sysprobe/sysprobe/sysprobetest"
)

// fakeExits is an exitSource that has what a test queues.
type fakeExits struct {
	mu     sync.Mutex
	queue  []procconn.Exit
	lost   bool
	err    error
	closed bool
	ended  bool // by Interrupt
}

// Wait implements exitSource.
func (f *fakeExits) Wait() bool {
	for ; ; time.Sleep(time.Millisecond) {
		f.mu.Lock()
		ended, waits := f.ended, len(f.queue) > 0 || f.lost || f.err != nil
		f.mu.Unlock()
		if ended || waits {
			return !ended
		}
	}
}

// Interrupt implements exitSource.
func (f *fakeExits) Interrupt() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.ended = true
	return nil
}

// add queues exits, an overrun and an error.
func (f *fakeExits) add(exits []procconn.Exit, lost bool, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.queue, f.lost, f.err = append(f.queue, exits...), lost, err
}

// Exits implements exitSource.
func (f *fakeExits) Exits(each func(procconn.Exit)) (overrun bool, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, e := range f.queue {
		each(e)
	}
	overrun, err = f.lost, f.err
	f.queue, f.lost, f.err = nil, false, nil
	return overrun, err
}

// Close implements exitSource.
func (f *fakeExits) Close() error {
	if f.closed {
		return errors.New("closed twice")
	}
	f.closed = true
	return nil
}

// open opens exits of f, for the time of the test.
func (f *fakeExits) open(t *testing.T) *Exits {
	t.Helper()
	exits := &Exits{client: startExits((&Config{}).withDefaults(), f)}
	t.Cleanup(func() {
		if err := exits.Close(); err != nil && !errors.Is(err, fs.ErrClosed) {
			t.Error(err)
		}
	})
	return exits
}

// readExits reads the exits so far.
func readExits(t testing.TB, exits *Exits) *ExitLog {
	t.Helper()
	var log ExitLog
	if err := exits.Read(&log); err != nil {
		t.Fatal(err)
	}
	return &log
}

// find returns the exit of a PID.
func (l *ExitLog) find(pid int32) Opt[Exit] {
	for _, e := range l.Exits {
		if e.PID == pid {
			return Some(e)
		}
	}
	return Opt[Exit]{}
}

func exitOf(tid, pid int32, status ExitStatus) procconn.Exit {
	return procconn.Exit{TID: tid, PID: pid, Status: uint32(status), At: time.Hour}
}

func TestExitsOfThreads(t *testing.T) {
	for _, tt := range []struct {
		name  string
		exits []procconn.Exit
		want  Opt[ExitStatus]
	}{
		{"all exit with one status", []procconn.Exit{exitOf(8, 8, 9), exitOf(10, 8, 9), exitOf(9, 8, 9)}, Some(ExitStatus(9))},
		{"a thread before the leader", []procconn.Exit{exitOf(9, 8, 0), exitOf(8, 8, 256)}, Some(ExitStatus(256))},
		{"the leader before a thread", []procconn.Exit{exitOf(8, 8, 0), exitOf(9, 8, 1792)}, Opt[ExitStatus]{}},
		{"a thread, its leader dead for long", []procconn.Exit{exitOf(9, 8, 1792)}, Opt[ExitStatus]{}},
		{"the leader of a former program", []procconn.Exit{exitOf(8, 8, 0), exitOf(8, 8, 768)}, Some(ExitStatus(768))},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := &fakeExits{}
			exits := f.open(t)
			for i := range tt.exits {
				tt.exits[i].At = time.Hour + time.Duration(i)
			}
			f.add(tt.exits, false, nil)
			log := readExits(t, exits)
			e, _ := log.find(8).Get()
			last := time.Hour + time.Duration(len(tt.exits)-1)
			if len(log.Exits) != 1 || e.Status != tt.want || e.At != last {
				t.Errorf("exits are %+v, want status %v at %v", log.Exits, tt.want, last)
			}
		})
	}
	t.Run("processors that do not report in order", func(t *testing.T) {
		table := exitTable{}
		table.add(Exit{PID: 8, At: 5}, true)
		table.add(Exit{PID: 8, At: 4}, false)
		if at := table[8].At; at != 5 {
			t.Errorf("the last is at %d, want 5", at)
		}
	})
}

func TestExitsLost(t *testing.T) {
	t.Run("overrun", func(t *testing.T) {
		f := &fakeExits{}
		exits := f.open(t)
		f.add([]procconn.Exit{exitOf(1, 1, 0)}, true, nil)
		if log := readExits(t, exits); !log.Lost || len(log.Exits) > 0 {
			t.Errorf("log is %+v, want Lost alone", log)
		}
		f.add([]procconn.Exit{exitOf(4, 4, 0)}, false, nil)
		if log := readExits(t, exits); log.Lost || !log.find(4).Known() || len(log.Exits) != 1 {
			t.Errorf("log is %+v, want the exit of 4", log)
		}
	})
	t.Run("a source that fails", func(t *testing.T) {
		f := &fakeExits{}
		exits := f.open(t)
		exits.client.mu.Lock() // the goroutine must not receive before Read does
		f.add([]procconn.Exit{exitOf(1, 1, 0)}, false, unix.EIO)
		exits.client.mu.Unlock()
		var log ExitLog
		switch err := exits.Read(&log); {
		case err == nil && !log.Lost: // the goroutine received
			t.Error("nothing says that the source failed")
		case err != nil && !errors.Is(err, unix.EIO):
			t.Errorf("error %v, want EIO", err)
		case err != nil:
			if log := readExits(t, exits); !log.Lost || len(log.Exits) > 0 {
				t.Errorf("log is %+v, want Lost alone", log)
			}
		}
	})
}

func TestExitsClose(t *testing.T) {
	before := runtime.NumGoroutine()
	for range 20 {
		f := &fakeExits{}
		exits := f.open(t)
		if err := exits.Close(); err != nil || !f.closed {
			t.Fatalf("%v, source closed: %v", err, f.closed)
		}
		var failed *OpError
		if err := exits.Close(); !errors.Is(err, fs.ErrClosed) || !errors.As(err, &failed) {
			t.Errorf("second Close: %v, want an OpError that wraps fs.ErrClosed", err)
		}
		if err := exits.Read(&ExitLog{}); !errors.Is(err, fs.ErrClosed) || !errors.As(err, &failed) {
			t.Errorf("Read after Close: %v, want an OpError that wraps fs.ErrClosed", err)
		}
	}
	sysprobetest.Eventually(t, func() string {
		if n := runtime.NumGoroutine(); n > before {
			return "goroutines are left"
		}
		return ""
	})
}

func TestExitTableIsBounded(t *testing.T) {
	table := exitTable{}
	for pid := range int32(maxExits + 10_000) {
		table.add(Exit{PID: pid}, true)
		if _, ok := table[pid]; !ok {
			t.Fatal("the newest is not there")
		}
	}
	if len(table) != maxExits {
		t.Errorf("%d exits, want %d", len(table), maxExits)
	}
}

// TestExitsForgetTheReaped is about more exits between two reads than are kept:
// exits of reaped processes make room for those of zombies.
func TestExitsForgetTheReaped(t *testing.T) {
	f := &fakeExits{}
	exits := f.open(t)
	stays := makeDead(t).pid
	const beyond = 1 << 22 // PID_MAX_LIMIT: no process has such a PID
	gone := make([]procconn.Exit, 0, maxExits/4)
	for range 8 { // twice as many as are kept
		gone = append(gone[:0], exitOf(stays, stays, 7<<8))
		for len(gone) < cap(gone) {
			pid := int32(beyond + 1 + rand.IntN(1<<29))
			gone = append(gone, exitOf(pid, pid, 0))
		}
		f.add(gone, false, nil)
		exits.client.mu.Lock()
		err := exits.client.receive()
		kept, room := len(exits.client.table), exits.client.room
		exits.client.mu.Unlock()
		if err != nil || kept > maxExits || room != maxExits/2 {
			t.Fatalf("%d exits kept, room for %d, %v", kept, room, err)
		}
	}
	if e, known := readExits(t, exits).find(stays).Get(); !known || e.Status != Some(ExitStatus(7<<8)) {
		t.Errorf("exit of the zombie is %+v (%v)", e, known)
	}
}
