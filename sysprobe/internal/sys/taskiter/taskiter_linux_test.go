package taskiter

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"testing"

	"telegraf-sysprobe/sysprobe/internal/decode/taskrec"
	"telegraf-sysprobe/sysprobe/sysprobetest"
)

// needBPF skips the test where there is no program to test.
func needBPF(t testing.TB) {
	t.Helper()
	sysprobetest.NeedBPF(t)
	if err := checkOrder(binary.NativeEndian); err != nil {
		t.Skipf("needs a little-endian machine: %v", err)
	}
}

// openProgram loads a program for the time of the test.
func openProgram(t *testing.T, name string) *Iterator {
	t.Helper()
	needBPF(t)
	if name == SumInKernel && kernelBefore(t, 6, 7) {
		t.Skip("needs Linux 6.7")
	}
	it, err := OpenProgram(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := it.Close(); err != nil {
			t.Error(err)
		}
	})
	return it
}

func kernelBefore(t *testing.T, major, minor int) bool {
	t.Helper()
	release, err := os.ReadFile("/proc/sys/kernel/osrelease")
	if err != nil {
		t.Fatal(err)
	}
	var gotMajor, gotMinor int
	if _, err := fmt.Sscanf(string(release), "%d.%d", &gotMajor, &gotMinor); err != nil {
		t.Fatal(err)
	}
	return gotMajor < major || gotMajor == major && gotMinor < minor
}

// read returns the processes of one pass.
func read(t *testing.T, it *Iterator, wants Wants) []taskrec.Process {
	t.Helper()
	processes, err := collect(it, wants)
	if err != nil {
		t.Fatal(err)
	}
	return processes
}

func collect(it *Iterator, wants Wants) (processes []taskrec.Process, err error) {
	err = it.Read(context.Background(), new(taskrec.Table), wants, func(part []taskrec.Process) error {
		processes = append(processes, part...)
		return nil
	})
	return processes, err
}

// all is everything there is to ask for.
var all = Wants{Status: true, Memory: true, IO: true, Files: true, Limits: true}

func find(processes []taskrec.Process, pid int) *taskrec.Process {
	for i := range processes {
		if processes[i].PID == int32(pid) {
			return &processes[i]
		}
	}
	return nil
}

// TestProgramsAgree reads a process at rest with both programs: what one sums
// up in the kernel the other does here.
func TestProgramsAgree(t *testing.T) {
	sysprobetest.NeedTool(t, "python3")
	inKernel, here := openProgram(t, SumInKernel), openProgram(t, SumHere)
	cmd := exec.Command("python3", "-c", `
import threading, time
work = lambda: [open("/dev/zero", "rb").read(4096) for _ in range(100)]
for _ in range(5):
    t = threading.Thread(target=work); t.start(); t.join()
for _ in range(5):
    threading.Thread(target=lambda: (work(), time.sleep(600)), daemon=True).start()
time.sleep(0.5)
print("ready", flush=True)
time.sleep(600)`)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		cmd.Process.Kill() //nolint:errcheck // it may have ended
		cmd.Wait()         //nolint:errcheck // it was killed
	}()
	if _, err := out.Read(make([]byte, 6)); err != nil {
		t.Fatal(err)
	}
	for range 100 {
		a := find(read(t, inKernel, all), cmd.Process.Pid)
		b := find(read(t, here, all), cmd.Process.Pid)
		if a == nil || b == nil {
			t.Fatal("a program does not see the process")
		}
		if *a == *b && a.Threads == 6 && a.Sums.ReadChars >= 10*100*4096 && a.Files >= 3 && a.Live {
			return
		}
	}
	t.Errorf("%s: %+v\n%s: %+v", SumInKernel, find(read(t, inKernel, all), cmd.Process.Pid), SumHere, find(read(t, here, all), cmd.Process.Pid))
}

// TestWants asks for one thing after the other: the others are 0.
func TestWants(t *testing.T) {
	needBPF(t)
	sleep := exec.Command("sleep", "600")
	sleep.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65533}}
	if err := sleep.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		sleep.Process.Kill() //nolint:errcheck // it may have ended
		sleep.Wait()         //nolint:errcheck // it was killed
	}()
	type facts struct {
		uid, sgid                                     uint32
		code, data, exactly, read, calls, limit, some bool
	}
	always := facts{some: true, exactly: true}
	status, memory, io, limits := always, always, always, always
	status.uid, status.sgid = 65534, 65533
	memory.code, memory.data = true, true
	io.read, io.calls = true, true
	limits.limit = true
	for _, name := range []string{SumInKernel, SumHere} {
		t.Run(name, func(t *testing.T) {
			it := openProgram(t, name)
			for _, tt := range []struct {
				wants Wants
				want  facts
			}{
				{Wants{}, always},
				{Wants{Status: true}, status},
				{Wants{Memory: true}, memory},
				{Wants{IO: true}, io},
				{Wants{Files: true}, always},
				{Wants{Limits: true}, limits},
			} {
				p := find(read(t, it, tt.wants), sleep.Process.Pid)
				if tt.want.exactly && kernelBefore(t, 6, 4) {
					tt.want.exactly = p.ExactMemory // as the kernel keeps it
				}
				got := facts{
					uid: p.UID, sgid: p.SGID, code: p.EndCode > p.StartCode, data: p.DataVM > 0, exactly: p.ExactMemory, limit: p.FilesLimit > 0,
					read: p.Sums.ReadChars > 0, calls: p.Sums.ReadCalls > 0,
					some: p.TotalVM > 0 && p.Sums.RunTime > 0 && p.Sums.MinorFaults > 0,
				}
				if got != tt.want {
					t.Errorf("%+v: %+v, want %+v", tt.wants, got, tt.want)
				}
			}
		})
	}
}

// TestFiles counts more descriptors than one read of the table has, with holes.
func TestFiles(t *testing.T) {
	for _, name := range []string{SumInKernel, SumHere} {
		t.Run(name, func(t *testing.T) {
			it := openProgram(t, name)
			if p := find(read(t, it, Wants{}), os.Getpid()); p.FilesKnown || p.Files != 0 {
				t.Errorf("%d files, unasked", p.Files)
			}
			var files []*os.File
			defer func() {
				for _, f := range files {
					f.Close()
				}
			}()
			for len(files) < 1500 {
				f, err := os.Open("/dev/null")
				if err != nil {
					t.Fatal(err)
				}
				files = append(files, f)
				n := len(files)
				if n%250 != 1 && n != 40 && n != 70 && n != 130 {
					continue
				}
				entries, err := os.ReadDir("/proc/self/fd")
				if err != nil {
					t.Fatal(err)
				}
				// Instead of the directory, the iterator is open.
				if p := find(read(t, it, Wants{Files: true}), os.Getpid()); !p.FilesKnown || int(p.Files) != len(entries) {
					t.Errorf("%d files, known: %v, want %d", p.Files, p.FilesKnown, len(entries))
				}
			}
		})
	}
}

// TestForkStorm reads while processes begin and end: what begins behind the end
// of a pass belongs to the next one.
func TestForkStorm(t *testing.T) {
	for _, name := range []string{SumInKernel, SumHere} {
		t.Run(name, func(t *testing.T) {
			it := openProgram(t, name)
			storm := exec.Command("sh", "-c", "while :; do (:); (:) & done")
			if err := storm.Start(); err != nil {
				t.Fatal(err)
			}
			defer func() {
				storm.Process.Kill() //nolint:errcheck // it may have ended
				storm.Wait()         //nolint:errcheck // it was killed
			}()
			for range 3000 {
				if find(read(t, it, Wants{}), os.Getpid()) == nil {
					t.Fatal("this process is not there")
				}
			}
		})
	}
}

// TestReadEnds ends a pass early, by each and by the context, and reads again.
func TestReadEnds(t *testing.T) {
	needBPF(t)
	it := openShared(t)
	defer it.Close() //nolint:errcheck // TestOpenShares closes
	enough := errors.New("enough")
	calls := 0
	err := it.Read(t.Context(), new(taskrec.Table), Wants{}, func([]taskrec.Process) error {
		calls++
		return enough
	})
	if !errors.Is(err, enough) || calls != 1 {
		t.Errorf("error %v after %d calls, want that of each after the first", err, calls)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err = it.Read(ctx, new(taskrec.Table), Wants{}, func([]taskrec.Process) error {
		t.Error("a part of a pass that must not begin")
		return nil
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want context.Canceled", err)
	}
	if find(read(t, it, Wants{}), os.Getpid()) == nil {
		t.Error("this process is not in a pass after one that was ended")
	}
}

// TestOpenEnds loads nothing once the context has ended.
func TestOpenEnds(t *testing.T) {
	needBPF(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if it, err := Open(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("iterator %v, error %v, want context.Canceled", it, err)
	}
	if e, err := OpenExits(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("exits %v, error %v, want context.Canceled", e, err)
	}
	if still := objects(t); len(still) > 0 {
		t.Errorf("open: %s", still)
	}
}
