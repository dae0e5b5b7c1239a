package sysprobe

import (
	"errors"
	"syscall"
	"testing"
)

// BenchmarkConnections asks for 50 processes in a namespace with 4,000 sockets,
// of which each has a few: one after the other, and all at once.
func BenchmarkConnections(b *testing.B) {
	h := startHelper(b, inNamespaces(syscall.CLONE_NEWNET), "sockets", "4000", "50")
	var pids []int
	h.answer(b, &pids)
	procs := openTable(b, "")
	ids := make([]ProcID, len(pids))
	for i, pid := range pids {
		row, err := procs.Lookup(b.Context(), int32(pid), 0)
		if err != nil {
			b.Fatal(err)
		}
		ids[i] = row.ID
	}
	for _, bm := range []struct {
		name string
		ask  func() (int, error)
	}{
		{"each", func() (found int, err error) {
			for _, id := range ids {
				c, oneErr := readDetail(b.Context(), procs, id, (*Process).Connections)
				found, err = found+len(c.Sockets), errors.Join(err, oneErr)
			}
			return found, err
		}},
		{"all", func() (found int, err error) {
			for _, answer := range procs.ConnectionsOf(b.Context(), ids) {
				found, err = found+len(answer.Sockets), errors.Join(err, answer.Err)
			}
			return found, err
		}},
	} {
		b.Run(bm.name, func(b *testing.B) {
			cpu := cpuTime(b)
			b.ReportAllocs()
			for b.Loop() {
				if found, err := bm.ask(); found != 4000 || err != nil {
					b.Fatalf("%d sockets, error %v, want 4,000", found, err)
				}
			}
			b.ReportMetric(float64((cpuTime(b)-cpu).Nanoseconds())/float64(b.N), "cpu-ns/op")
		})
	}
}
