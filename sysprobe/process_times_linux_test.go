package sysprobe

import (
	"encoding/json"
	"os/exec"
	"strconv"
	"testing"
	"time"

	"telegraf-sysprobe/sysprobe/sysprobetest"
)

// TestProcessCPUTimesOracle reads the times of a process that is busy between two
// answers of psutil, twice, and its percentage between.
func TestProcessCPUTimesOracle(t *testing.T) {
	python := sysprobetest.NeedPython(t, "psutil")
	procs := openTableOf(t, BackendProcFS)
	busy := exec.Command("sh", "-c", "sh -c 'n=0; while [ $n -lt 99999 ]; do n=$((n+1)); done'; while :; do cat /proc/uptime >/dev/null; n=$((n+1)); done")
	start(t, busy)
	p := openProcess(t, procs, busy.Process.Pid)
	theirs := func() (seconds [5]float64) { // user, system, of children, iowait
		t.Helper()
		out, err := exec.Command(python, "-c", "import json, psutil, sys; print(json.dumps(psutil.Process(int(sys.argv[1])).cpu_times()))",
			strconv.Itoa(busy.Process.Pid)).Output()
		check(t, err)
		check(t, json.Unmarshal(out, &seconds))
		return seconds
	}
	read := func() (before [5]float64, times ProcessCPUTimes, after [5]float64) {
		t.Helper()
		before = theirs()
		times, err := p.CPUTimes(t.Context())
		check(t, err)
		after = theirs()
		ours := [5]float64{
			times.User.Seconds(), times.System.Seconds(),
			times.ChildUser.Or(-1).Seconds(), times.ChildSystem.Or(-1).Seconds(), times.IOWait.Seconds(),
		}
		for i := range ours {
			if ours[i] < before[i] || ours[i] > after[i] {
				t.Errorf("time %d: %v, psutil %v and then %v", i, ours[i], before[i], after[i])
			}
		}
		return before, times, after
	}
	before, first, middle := read()
	sysprobetest.Eventually(t, func() string {
		now, err := p.CPUTimes(t.Context())
		check(t, err)
		if now.User-first.User < 50*time.Millisecond || now.System == first.System || now.ChildUser.Or(0) == first.ChildUser.Or(0) {
			return "the process is not busy"
		}
		return ""
	})
	late, second, after := read()
	percent, err := second.PercentSince(first)
	check(t, err)
	elapsed := second.Taken.Sub(first.Taken).Seconds()
	used := percent.Or(-1) / 100 * elapsed
	const rounding = 1e-6
	if least, most := late[0]+late[1]-middle[0]-middle[1], after[0]+after[1]-before[0]-before[1]; used < least-rounding || used > most+rounding {
		t.Errorf("%v %% of %v s are %v s, psutil between %v and %v", percent, elapsed, used, least, most)
	}
}

// TestProcessCPUTimesOfZombie reads the times of a process that used some and is
// dead.
func TestProcessCPUTimesOfZombie(t *testing.T) {
	procs := openTableOf(t, BackendProcFS)
	cmd := exec.Command("sh", "-c", "n=0; while [ $n -lt 99999 ]; do n=$((n+1)); done")
	check(t, cmd.Start())
	defer cmd.Wait() //nolint:errcheck // the status is of no interest
	p := openProcess(t, procs, cmd.Process.Pid)
	check(t, zombify(t, cmd))
	times, err := p.CPUTimes(t.Context())
	if err != nil || times.User == 0 || times.ID != p.ID() || !times.ChildUser.Known() {
		t.Errorf("times %+v, %v", times, err)
	}
}
