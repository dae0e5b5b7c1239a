package sysprobe

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"telegraf-sysprobe/sysprobe/sysprobetest"
)

// openWorkers opens the process table at root by proc(5) with so many workers.
func openWorkers(t testing.TB, root string, workers int) *Procs {
	t.Helper()
	return openTableBy(t, &Config{ProcRoot: root, Backend: BackendProcFS, Workers: workers})
}

// TestWorkers compares what workers read together with what one reads.
func TestWorkers(t *testing.T) {
	tree := sysprobetest.NewProcTree(t)
	add := func(pid int, start uint64) {
		tree.Add(sysprobetest.Process{PID: pid, Comm: "gnome-keyring-d", Start: start, Cmdline: "/gnome-keyring-daemon-" + strconv.Itoa(pid%7) + "\x00"})
		tree.Write(strconv.Itoa(pid)+"/cgroup", "0::/"+strconv.Itoa(pid%3)+".service\n")
	}
	for pid := 100; pid < 400; pid++ {
		switch pid % 11 {
		case 1:
			tree.Mkdir(strconv.Itoa(pid)) // ended
		case 2:
			tree.Write(strconv.Itoa(pid)+"/stat", "cut")
		case 3: // none has the PID
		default:
			add(pid, 7)
		}
	}
	for _, workers := range []int{2, 3, 7, 299, 1000} {
		t.Run(strconv.Itoa(workers), func(t *testing.T) {
			one, many := openWorkers(t, tree.Root, 1), openWorkers(t, tree.Root, workers)
			var want, got ProcSnapshot
			for sweep := range 3 {
				takeSnapshot(t, one, &want, wantAll)
				takeSnapshot(t, many, &got, wantAll)
				if diff := cmp.Diff(want.Procs, got.Procs, exact); diff != "" {
					t.Fatalf("sweep %d (-one +many):\n%s", sweep, diff)
				}
				if len(got.Procs) < 200 || got.Vanished == 0 || got.Malformed == 0 ||
					got.Vanished != want.Vanished || got.Malformed != want.Malformed || got.Denied != want.Denied {
					t.Errorf("%d rows; vanished %d and %d, malformed %d and %d, denied %d and %d", len(got.Procs),
						want.Vanished, got.Vanished, want.Malformed, got.Malformed, want.Denied, got.Denied)
				}
				// Reused, ended and new ones.
				for _, pid := range []int{103 + 11*sweep, 104 + 11*sweep, 398} {
					add(pid, uint64(1000*workers+sweep))
				}
				tree.Remove(strconv.Itoa(200 + 11*sweep))
			}
		})
	}
	t.Run("an error of one", func(t *testing.T) {
		var told bool
		startHelper(t, nil, "no-files", "3").answer(t, &told)
		if !told {
			t.Error("want EMFILE and no rows")
		}
	})
}

func TestWorkersByDefault(t *testing.T) {
	cpus := runtime.GOMAXPROCS(0)
	for _, tt := range []struct{ most, processes, want int }{
		{0, 0, 1},
		{0, 2*processesPerWorker - 1, 1},
		{0, 2 * processesPerWorker, min(2, cpus)},
		{0, 1 << 20, min(maxWorkers, cpus)},
		{1, 1 << 20, 1},
		{16, 1 << 20, 16},
		{16, 5, 5},
		{16, 0, 1},
	} {
		if got := (&procWorkers{most: tt.most}).count(tt.processes); got != tt.want {
			t.Errorf("Workers %d and %d processes: %d, want %d", tt.most, tt.processes, got, tt.want)
		}
	}
}

// fifo makes the named file of a tree one that cannot be read until it is
// written to.
func fifo(t *testing.T, tree *sysprobetest.ProcTree, path string) string {
	t.Helper()
	path = filepath.Join(tree.Root, path)
	if err := unix.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestCloseDuringSnapshot is K06: the sweep ends after the process it is at.
// Whoever reads on hangs.
func TestCloseDuringSnapshot(t *testing.T) {
	for _, workers := range []int{1, 2} {
		tree := sysprobetest.NewProcTree(t)
		for _, pid := range []string{"100", "200", "300", "400"} {
			tree.Mkdir(pid)
		}
		first, second := fifo(t, tree, "100/stat"), fifo(t, tree, "300/stat")
		fifo(t, tree, "200/stat")
		fifo(t, tree, "400/stat")
		procs, err := OpenProcs(&Config{ProcRoot: tree.Root, Workers: workers})
		if err != nil {
			t.Fatal(err)
		}
		var s ProcSnapshot
		ended, closed := make(chan error, 1), make(chan error, 1)
		go func() { ended <- procs.Snapshot(context.Background(), &s, 0) }()
		read := []string{first, second}[:workers]
		writers := make([]*os.File, 0, workers)
		for _, path := range read {
			w, err := os.OpenFile(path, os.O_WRONLY, 0) // waits for the reader
			if err != nil {
				t.Fatal(err)
			}
			writers = append(writers, w)
		}
		go func() { closed <- procs.Close() }()
		sysprobetest.Eventually(t, func() string {
			if !procs.client.turn.closed.Load() {
				return "Close waits before it says so"
			}
			return ""
		})
		select {
		case err := <-closed:
			t.Errorf("K06: Close returned %v while a process was read", err)
		case <-time.After(10 * time.Millisecond):
		}
		for _, w := range writers {
			if _, err := w.WriteString(sysprobetest.Process{PID: 100}.Stat()); err != nil {
				t.Error(err)
			}
			if err := w.Close(); err != nil {
				t.Error(err)
			}
		}
		if err := <-ended; !errors.Is(err, fs.ErrClosed) || len(s.Procs) != 0 {
			t.Errorf("K06: %d workers: error %v and %d rows, want ErrClosed and none", workers, err, len(s.Procs))
		}
		if err := <-closed; err != nil {
			t.Error(err)
		}
	}
	procs := openBackend(t, BackendBPF)
	procs.client.turn.closed.Store(true)
	defer procs.client.turn.closed.Store(false)
	var s ProcSnapshot
	if err := procs.client.read(context.Background(), &s, 0); !errors.Is(err, fs.ErrClosed) || len(s.Procs) != 0 {
		t.Errorf("K06: error %v and %d rows by BPF, want ErrClosed and none", err, len(s.Procs))
	}
}

// fewFilesAnswer is what helpFewFiles prints.
type fewFilesAnswer struct {
	Backend             Backend
	Rows, Files, Denied int
	Found               bool
}

// helpFewFiles BACKEND: sweeps with at most 64 open files.
func helpFewFiles(args []string) error {
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: 64, Max: 64}); err != nil {
		return err
	}
	c := Config{Workers: 16}
	if err := c.Backend.UnmarshalText([]byte(args[0])); err != nil {
		return err
	}
	procs, err := OpenProcs(&c)
	if err != nil {
		return err
	}
	var s ProcSnapshot
	for range 3 {
		if err := procs.Snapshot(context.Background(), &s, wantAll); err != nil {
			return err
		}
	}
	files := 0
	for _, n := range openFiles() {
		files += n
	}
	self := s.Find(int32(os.Getpid()))
	answer := fewFilesAnswer{s.Backend, len(s.Procs), files, s.Denied, self != nil && self.FDs.Known() && self.IO.Known()}
	return errors.Join(ready(), say(answer))
}

func TestFewFiles(t *testing.T) {
	for _, backend := range []Backend{BackendAuto, BackendProcFS} {
		var got fewFilesAnswer
		startHelper(t, nil, "few-files", backend.String()).answer(t, &got)
		if !got.Found || got.Rows < 3 || got.Files > 24 || backend == BackendProcFS && got.Backend != BackendProcFS {
			t.Errorf("%s: %+v, want all, with few files open", backend, got)
		}
		if mayUseBPF(t) && backend == BackendAuto && got.Backend != BackendBPF {
			t.Errorf("the backend is %s, want bpf", got.Backend)
		}
	}
}
