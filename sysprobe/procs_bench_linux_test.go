package sysprobe

import (
	"context"
	"os/exec"
	"strconv"
	"syscall"
	"testing"
)

// sleepers starts that many processes that do nothing, for the time of the
// benchmark.
func sleepers(b *testing.B, n int) {
	b.Helper()
	shell := exec.Command("sh", "-c", "i=0; while [ $i -lt "+strconv.Itoa(n)+" ]; do sleep 3600 & i=$((i+1)); done; echo; wait")
	shell.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	out, err := shell.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := shell.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		syscall.Kill(-shell.Process.Pid, syscall.SIGKILL) //nolint:errcheck // the group is there until its leader is reaped
		shell.Wait()                                      //nolint:errcheck // it was killed
	})
	if _, err := out.Read(make([]byte, 1)); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkProcs sweeps the process table of this machine, and 5,000 processes
// more, in the steady state.
func BenchmarkProcs(b *testing.B) {
	sleepers(b, 5000)
	for _, bm := range []struct {
		name string
		want Fields
	}{
		{"stat", 0},
		{"stat,status", WantStatus},
		{"all but memory", WantName | WantStatus | WantIO | WantFDs},
		{"all", wantAll},
	} {
		for _, backend := range []Backend{BackendBPF, BackendProcFS} {
			b.Run(bm.name+"/"+backend.String(), func(b *testing.B) {
				procs := openBackend(b, backend)
				var s ProcSnapshot
				for range 2 { // both halves of the snapshot have their memory then
					takeSnapshot(b, procs, &s, bm.want)
				}
				rows, cpu := 0, cpuTime(b)
				b.ReportAllocs()
				for b.Loop() {
					if err := procs.Snapshot(context.Background(), &s, bm.want); err != nil {
						b.Fatal(err)
					}
					rows += len(s.Procs)
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(rows), "ns/process")
				b.ReportMetric(float64((cpuTime(b)-cpu).Nanoseconds())/float64(rows), "cpu-ns/process")
			})
		}
	}
}
