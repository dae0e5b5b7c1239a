package sysprobe

import "testing"

// BenchmarkProcs sweeps the process table of this machine in the steady state.
func BenchmarkProcs(b *testing.B) {
	for _, bm := range []struct {
		name string
		want Fields
	}{
		{"stat", 0},
		{"stat,status", WantStatus},
		{"all", WantName | WantStatus | WantMemory | WantIO | WantFDs},
	} {
		b.Run(bm.name, func(b *testing.B) {
			procs := openTable(b, "")
			var s ProcSnapshot
			rows := 0
			b.ReportAllocs()
			for b.Loop() {
				if err := procs.Snapshot(&s, bm.want); err != nil {
					b.Fatal(err)
				}
				rows += len(s.Procs)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(rows), "ns/process")
		})
	}
}
