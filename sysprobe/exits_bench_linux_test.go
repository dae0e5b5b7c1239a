package sysprobe

import (
	"os/exec"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// BenchmarkExits reports the CPU time that this process spends on each of the
// exits of a shell that forks as fast as it can, and on nothing else. An
// operation is a second of that.
func BenchmarkExits(b *testing.B) {
	exits := openExits(b, nil)
	storm := exec.Command("/bin/sh", "-c", "while :; do (:); done")
	if err := storm.Start(); err != nil {
		b.Fatal(err)
	}
	defer func() {
		storm.Process.Kill() //nolint:errcheck // it is there until it is waited for
		storm.Wait()         //nolint:errcheck // it was killed
	}()
	var log ExitLog
	heard, spent := 0, cpuTime(b)
	for b.Loop() {
		time.Sleep(time.Second)
		if err := exits.Read(&log); err != nil {
			b.Fatal(err)
		}
		if log.Lost {
			b.Error("exits were lost")
		}
		heard += len(log.Exits)
	}
	spent = cpuTime(b) - spent
	b.ReportMetric(float64(heard)/b.Elapsed().Seconds(), "exits/s")
	b.ReportMetric(float64(spent.Nanoseconds())/float64(heard), "cpu-ns/exit")
	b.ReportMetric(100*spent.Seconds()/b.Elapsed().Seconds(), "%cpu")
}

// cpuTime is what this process has used.
func cpuTime(b *testing.B) time.Duration {
	b.Helper()
	var usage unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
