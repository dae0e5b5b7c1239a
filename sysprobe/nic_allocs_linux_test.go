package sysprobe

import "testing"

// TestNICAllocations holds what the comments of the handles say about the
// allocations of a snapshot, with 5 interfaces and with 201.
func TestNICAllocations(t *testing.T) {
	var allocs [2]map[string]float64
	for n, pairs := range []int{2, 100} {
		ns := newNetNS(t)
		ns.manyPairs(pairs)
		ns.ip("link set group default up") // those that are down are asked for each time
		addrs, err := OpenNICAddrs(ns.config())
		if err != nil {
			t.Fatal(err)
		}
		closeAfter(t, addrs)
		stats, err := OpenNICStats(ns.config())
		if err != nil {
			t.Fatal(err)
		}
		closeAfter(t, stats)
		watch := ns.watch(nil)
		var a, w AddrSnapshot
		var l LinkSnapshot
		allocs[n] = map[string]float64{}
		for name, snapshot := range map[string]func() error{
			"NICAddrs":                func() error { return addrs.Snapshot(t.Context(), &a) },
			"NICWatch":                func() error { return watch.Snapshot(t.Context(), &w) },
			"NICStats":                func() error { return stats.Snapshot(t.Context(), &l, 0) },
			"NICStats with all facts": func() error { return stats.Snapshot(t.Context(), &l, ^LinkFacts(0)) },
		} {
			allocs[n][name] = testing.AllocsPerRun(20, func() {
				if err := snapshot(); err != nil {
					t.Fatal(err)
				}
			})
		}
	}
	for _, tt := range []struct {
		name        string
		few         float64 // at most, of few interfaces
		perThousand float64 // at most, of a thousand interfaces more
	}{
		{"NICAddrs", 15, 30},
		{"NICWatch", 0, 0},
		{"NICStats", 40, 300},
		{"NICStats with all facts", 60, 400},
	} {
		few, more := allocs[0][tt.name], allocs[1][tt.name]-allocs[0][tt.name]
		if few > tt.few || more > tt.perThousand*196/1000 {
			t.Errorf("%s: %v allocations with 5 interfaces and %v more with 201, want at most %v and %v for a thousand",
				tt.name, few, more, tt.few, tt.perThousand)
		}
	}
}
