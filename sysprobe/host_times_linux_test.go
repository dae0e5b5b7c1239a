package sysprobe

import (
	"encoding/json"
	"errors"
	"io/fs"
	"math"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"testing"
	"time"

	"telegraf-sysprobe/sysprobe/internal/decode/procfs"
	"telegraf-sysprobe/sysprobe/internal/sys/clock"
	"telegraf-sysprobe/sysprobe/sysprobetest"
)

// TestHostTimesOracle reads times, load, boot time, PIDs and processes between two answers
// of psutil.
func TestHostTimesOracle(t *testing.T) {
	python := sysprobetest.NeedPython(t, "psutil")
	type answer struct {
		All  []float64
		Each [][]float64
		Boot float64
		Load []float64
		PIDs []int32
		Iter []int32
	}
	ask := func() (a answer) {
		t.Helper()
		out, err := exec.Command(python, "-c", `import json, psutil as p
print(json.dumps(dict(All=p.cpu_times(), Each=p.cpu_times(percpu=True), Boot=p.boot_time(), Load=p.getloadavg(), PIDs=p.pids(),
    Iter=[q.pid for q in p.process_iter()])))`).Output()
		check(t, err)
		check(t, json.Unmarshal(out, &a))
		return a
	}
	before := ask()
	times, err := ReadCPUTimes(nil)
	check(t, err)
	load, err := ReadLoad(nil)
	check(t, err)
	boot, err := ReadBootTime(nil)
	check(t, err)
	pids, err := PIDs(nil)
	check(t, err)
	var iterated []int32
	for p, err := range Processes(t.Context(), 0) {
		check(t, err)
		iterated = append(iterated, p.ID.PID)
	}
	after := ask()

	const rounding = 1e-6
	between := func(what string, value, least, most float64) {
		t.Helper()
		if value < least-rounding || value > most+rounding {
			t.Errorf("%s: %v, psutil %v and then %v", what, value, least, most)
		}
	}
	for i, value := range timesOf(&times.All) {
		between("all processors", value, before.All[i], after.All[i])
	}
	if len(times.Each) != len(before.Each) {
		t.Fatalf("%d processors, psutil %d", len(times.Each), len(before.Each))
	}
	for n := range times.Each {
		values := timesOf(&times.Each[n].CPUTimes)
		for _, i := range []int{0, 2} { // idle time and that of iowait can run backwards
			between("a processor", values[i], before.Each[n][i], after.Each[n][i])
		}
	}
	if math.Abs(float64(boot.Unix())-before.Boot) > 1 {
		t.Errorf("boot time %v, psutil %v", boot, before.Boot)
	}
	if low, high := min(before.Load[0], after.Load[0]), max(before.Load[0], after.Load[0]); load.One < low-0.1 || load.One > high+0.1 {
		t.Errorf("load %v, psutil %v and then %v", load, before.Load, after.Load)
	}
	for _, pid := range before.PIDs {
		if slices.Contains(after.PIDs, pid) && !slices.Contains(pids, pid) {
			t.Errorf("process %d is not listed", pid)
		}
	}
	for _, pid := range before.Iter {
		if slices.Contains(after.Iter, pid) && !slices.Contains(iterated, pid) {
			t.Errorf("process %d is not in the iteration", pid)
		}
	}
	if !slices.IsSorted(pids) || !slices.IsSorted(iterated) {
		t.Error("the PIDs are not in order")
	}
}

// timesOf returns the times in psutil's order, in seconds.
func timesOf(c *CPUTimes) []float64 {
	var seconds []float64
	for _, d := range []time.Duration{c.User, c.Nice, c.System, c.Idle, c.IOWait, c.IRQ, c.SoftIRQ, c.Steal, c.Guest, c.GuestNice} {
		seconds = append(seconds, d.Seconds())
	}
	return seconds
}

// TestBootTimeOfClocks compares what the clocks say with the file.
func TestBootTimeOfClocks(t *testing.T) {
	want, err := readHostFile(Config{ProcRoot: "/proc"}, "test", "stat", procfs.DecodeBootTime)
	check(t, err)
	if got, known := clock.Start(); got != int64(want) || !known {
		t.Errorf("%d, known: %t, want %d", got, known, want)
	}
	tree := sysprobetest.NewProcTree(t)
	tree.Write("stat", "btime 1234567890\n")
	got, err := ReadBootTime(&Config{ProcRoot: tree.Root})
	check(t, err)
	if got.Unix() != 1234567890 {
		t.Errorf("of a copy: %v, want that of its file", got)
	}
}

func TestPercentSince(t *testing.T) {
	before := CPUTimes{User: 10, System: 10, Idle: 100, IOWait: 7, Guest: 5}
	for _, tt := range []struct {
		now  CPUTimes
		want Opt[float64]
	}{
		{CPUTimes{User: 13, System: 10, Idle: 101, IOWait: 7, Guest: 8}, Some(75.0)},
		{CPUTimes{User: 13, System: 10, Idle: 101, IOWait: 2}, Some(75.0)},
		{CPUTimes{User: 10, System: 10, Idle: 105, IOWait: 7}, Some(0.0)},
		{CPUTimes{User: 11, System: 10, Idle: 100, IOWait: 10}, Some(25.0)}, // it waits for disks: nothing to do
		{CPUTimes{User: 10, System: 10, Idle: 100, IOWait: 9}, Some(0.0)},
		{CPUTimes{User: 10, System: 11, Idle: 101, IOWait: 8, Nice: 1, IRQ: 1, SoftIRQ: 1, Steal: 2}, Some(75.0)},
		{before, Opt[float64]{}},
	} {
		if got := tt.now.PercentSince(before); got != tt.want {
			t.Errorf("%+v: %v, want %v", tt.now, got, tt.want)
		}
	}
	if total, busy := before.Total(), before.Busy(); total != 127 || busy != 20 {
		t.Errorf("total %d, busy %d, want 127 and 20", total, busy)
	}
}

// TestPIDExists asks about a process, a zombie, a thread that is not the first
// one, and numbers that no process has.
func TestPIDExists(t *testing.T) {
	zombie := exec.Command("true")
	check(t, zombie.Start())
	check(t, zombify(t, zombie))
	threads, err := os.ReadDir("/proc/self/task")
	check(t, err)
	var other int
	for _, e := range threads {
		tid, err := strconv.Atoi(e.Name())
		check(t, err)
		if tid != os.Getpid() {
			other = tid
		}
	}
	for pid, want := range map[int]bool{
		os.Getpid(): true, 1: true, zombie.Process.Pid: true, other: false, 0: false, -1: false, math.MaxInt32: false,
	} {
		if got, err := PIDExists(nil, int32(pid)); err != nil || got != want {
			t.Errorf("PID %d: %v, %v, want %v", pid, got, err, want)
		}
	}
	check(t, zombie.Wait())
	if got, err := PIDExists(nil, int32(zombie.Process.Pid)); err != nil || got {
		t.Errorf("after it was reaped: %v, %v", got, err)
	}
	nowhere := &Config{ProcRoot: t.TempDir() + "/nowhere"}
	_, listErr := PIDs(nowhere)
	_, existErr := PIDExists(nowhere, 1)
	_, timesErr := ReadCPUTimes(nowhere)
	for _, err := range []error{listErr, existErr, timesErr} {
		var op *OpError
		if !errors.Is(err, fs.ErrNotExist) || !errors.As(err, &op) {
			t.Errorf("without proc(5): %v, want an OpError that wraps fs.ErrNotExist", err)
		}
	}
}

func TestSwap(t *testing.T) {
	m := HostMemory{Total: 200, SwapTotal: Some[uint64](100), SwapFree: Some[uint64](75)}
	if m.SwapUsed() != Some[uint64](25) || m.SwapPercent() != Some(25.0) || m.PercentOf(50) != 25 {
		t.Errorf("swap %v, %v %%, 50 bytes %v %%", m.SwapUsed(), m.SwapPercent(), m.PercentOf(50))
	}
	none := HostMemory{SwapTotal: Some[uint64](0), SwapFree: Some[uint64](0)}
	if none.SwapUsed() != Some[uint64](0) || none.SwapPercent() != Some(0.0) || none.PercentOf(1) != 0 {
		t.Errorf("without swap: %v, %v %%", none.SwapUsed(), none.SwapPercent())
	}
	if (HostMemory{}).SwapUsed().Known() || (HostMemory{}).SwapPercent().Known() {
		t.Error("what is used of unknown swap is known")
	}
}
