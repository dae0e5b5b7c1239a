package sysprobe

import (
	"encoding/binary"
	"errors"
	"io/fs"
	"slices"
	"syscall"
	"testing"
	"time"

	"telegraf-sysprobe/sysprobe/sysprobetest"
)

// fakeWatch is an exitWatch whose processes exit when a test says so.
type fakeWatch struct {
	added   []int32
	denied  []int32
	batches chan []int32
	fails   chan error
	closed  bool
}

func newFakeWatch() *fakeWatch {
	return &fakeWatch{batches: make(chan []int32), fails: make(chan error, 1)}
}

// Add implements exitWatch.
func (w *fakeWatch) Add(pid int32) error {
	w.added = append(w.added, pid)
	if slices.Contains(w.denied, pid) {
		return syscall.EACCES
	}
	return nil
}

// Next implements exitWatch.
func (w *fakeWatch) Next(exited func(int32)) error {
	select {
	case batch := <-w.batches:
		for _, pid := range batch {
			exited(pid)
		}
		return nil
	case err := <-w.fails:
		return err
	}
}

// Close implements exitWatch.
func (w *fakeWatch) Close() error {
	if w.closed {
		return errors.New("closed twice")
	}
	w.closed = true
	w.fails <- fs.ErrClosed
	return nil
}

// exit returns once the exits are noted: the second batch is taken after the first.
func (w *fakeWatch) exit(pids ...int32) {
	w.batches <- pids
	w.batches <- nil
}

// TestKinfoExitsDateZombies gives a zombie an exact age if it was alive at the read
// before, and none if it was dead when the exits were opened.
func TestKinfoExitsDateZombies(t *testing.T) {
	r := kinfoRecordings[0]
	kernel := r.replay(t)
	dead := sysprobetest.Hex(t, "wire", "kinfo", r.file)
	alive := slices.Clone(dead)
	alive[recordOf(t, alive, 4400)+388] = 3 // ki_stat: SSLEEP
	for name, tc := range map[string]struct {
		first   []byte
		watched []int32
		exits   []int32
		exact   bool
	}{
		"alive before": {alive, []int32{4321, 4400, 5000, 5001, 99998}, []int32{4400}, true},
		"dead before":  {dead, []int32{4321, 5000, 5001, 99998}, nil, false},
		"not heard":    {alive, []int32{4321, 4400, 5000, 5001, 99998}, nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			kernel.Answer(r.question, tc.first)
			watch := newFakeWatch()
			exits := newKinfoExits(t, &r, kernel, watch)
			table := r.open(t, kernel)
			var s ProcSnapshot
			var tracker ZombieTracker
			var log ExitLog
			gather := func() Zombie {
				t.Helper()
				if err := errors.Join(table.snapshot(t.Context(), &s, 0), exits.read(&log)); err != nil {
					t.Fatal(err)
				}
				tracker.Learn(&log)
				zombies := tracker.Update(&s)
				if len(zombies) == 0 {
					return Zombie{}
				}
				return zombies[0]
			}
			gather()
			if !slices.Equal(watch.added, tc.watched) {
				t.Fatalf("watches %v, want %v", watch.added, tc.watched)
			}
			kernel.Answer(r.question, dead)
			before := time.Now()
			watch.exit(tc.exits...)
			after := time.Now()
			for range 2 {
				z := gather()
				if z.Proc == nil || z.Proc.ID.PID != 4400 || z.Exact != tc.exact {
					t.Fatalf("got %+v, want that of 4400, exact %v", z, tc.exact)
				}
				most, least := s.Taken.Sub(before), s.Taken.Sub(after)
				if age := z.Age.Or(-1); tc.exact && (age < least || age > most) {
					t.Errorf("it is dead for %v, want %v to %v", age, least, most)
				}
			}
			if exit, known := s.Find(4400).Exit.Get(); !known || exit != 0x300 {
				t.Errorf("it exited with %v, known %v; want 3", exit, known)
			}
		})
	}
}

// TestKinfoExitsFollow watches each process once, and again where another one has its
// PID.
func TestKinfoExitsFollow(t *testing.T) {
	r := kinfoRecordings[0]
	kernel := r.replay(t)
	watch := newFakeWatch()
	watch.denied = []int32{99998}
	exits := newKinfoExits(t, &r, kernel, watch)
	table := slices.Clone(kernel.Answers[r.question])
	var log ExitLog
	read := func(wantAdded, wantExits []int32) {
		t.Helper()
		watch.added = nil
		if err := exits.read(&log); err != nil {
			t.Fatal(err)
		}
		var pids []int32
		for _, e := range log.Exits {
			pids = append(pids, e.PID)
		}
		slices.Sort(pids)
		if !slices.Equal(watch.added, wantAdded) || !slices.Equal(pids, wantExits) {
			t.Errorf("watched %v, exits of %v; want %v, %v", watch.added, pids, wantAdded, wantExits)
		}
	}
	read(nil, nil)
	at := recordOf(t, table, 4321)
	kernel.Answer(r.question, slices.Delete(slices.Clone(table), at, at+1088))
	watch.exit(4321)
	read(nil, []int32{4321})
	kernel.Answer(r.question, table)
	read([]int32{4321}, nil)
	binary.LittleEndian.PutUint64(table[at+336:], 1234) // ki_start: another process
	kernel.Answer(r.question, table)
	watch.exit(5000)
	read([]int32{4321, 5000}, []int32{5000}) // 5000 is another one of the same tick
}

// TestKinfoExitsClocks counts the exits of each system as it counts the starts.
func TestKinfoExitsClocks(t *testing.T) {
	for i := range kinfoRecordings {
		r := &kinfoRecordings[i]
		t.Run(r.goos, func(t *testing.T) {
			kernel := r.replay(t)
			var s ProcSnapshot
			if err := r.open(t, kernel).snapshot(t.Context(), &s, 0); err != nil {
				t.Fatal(err)
			}
			watch := newFakeWatch()
			exits := newKinfoExits(t, r, kernel, watch)
			before := time.Now()
			watch.exit(4321)
			after := time.Now()
			var log ExitLog
			if err := exits.read(&log); err != nil || len(log.Exits) != 1 {
				t.Fatalf("%v, %v; want one exit", log.Exits, err)
			}
			died := s.epoch.Add(log.Exits[0].At)
			const rounding = time.Microsecond
			if log.Taken.Sub(s.epoch) != log.Uptime || died.Before(before.Add(-rounding)) || died.After(after.Add(rounding)) {
				t.Errorf("died at %v, read at %v, %v after %v; want between %v and %v", died, log.Taken, log.Uptime, s.epoch, before, after)
			}
		})
	}
}

// recordOf returns where a table of FreeBSD has the record of a process.
func recordOf(t *testing.T, table []byte, pid uint32) int {
	t.Helper()
	for at := 0; at < len(table); at += 1088 {
		if binary.LittleEndian.Uint32(table[at+72:]) == pid { // ki_pid
			return at
		}
	}
	t.Fatalf("no record of %d", pid)
	return 0
}

// newKinfoExits opens exits of a recorded kernel, for the time of the test.
func newKinfoExits(t *testing.T, r *kinfoRecording, kernel *sysprobetest.Sysctl, watch *fakeWatch) *kinfoExitsClient {
	t.Helper()
	c, err := newKinfoExitsClient((&Config{}).withDefaults(), procKernel{sysctl: kernel.Call, goos: r.goos, goarch: "amd64"},
		func() (exitWatch, error) { return watch, nil })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.close(); err != nil && !errors.Is(err, fs.ErrClosed) {
			t.Error(err)
		}
	})
	return c
}

// TestKinfoExitsFail opens no exits where there is no table or no queue, and reports a
// queue that fails later.
func TestKinfoExitsFail(t *testing.T) {
	r := kinfoRecordings[0]
	kernel := r.replay(t)
	asks := procKernel{sysctl: kernel.Call, goos: r.goos, goarch: "amd64"}
	open := func(cfg *Config, watch exitWatch, err error) error {
		_, got := newKinfoExitsClient(cfg.withDefaults(), asks, func() (exitWatch, error) { return watch, err })
		return got
	}
	if err := open(&Config{}, nil, syscall.EMFILE); !errors.Is(err, syscall.EMFILE) {
		t.Errorf("without a queue: %v", err)
	}
	kernel.Errors = map[string]error{r.question: syscall.EPERM}
	unread := newFakeWatch()
	if err := open(&Config{}, unread, nil); !errors.Is(err, ErrAccessDenied) || !unread.closed {
		t.Errorf("without a table: %v, closed %v", err, unread.closed)
	}
	kernel.Errors = nil

	watch := newFakeWatch()
	exits := newKinfoExits(t, &r, kernel, watch)
	var log ExitLog
	kernel.Errors = map[string]error{r.question: syscall.EPERM}
	if err := exits.read(&log); !errors.Is(err, ErrAccessDenied) {
		t.Errorf("a read without a table: %v", err)
	}
	kernel.Errors = nil
	watch.fails <- syscall.ENOMEM
	<-exits.done
	if err := exits.read(&log); !errors.Is(err, syscall.ENOMEM) {
		t.Errorf("of a queue that fails: %v", err)
	}
	if err := exits.close(); err != nil || !watch.closed {
		t.Errorf("close: %v", err)
	}
	if err := exits.close(); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("a second close: %v", err)
	}
	if err := exits.read(&log); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("after close: %v", err)
	}
}
