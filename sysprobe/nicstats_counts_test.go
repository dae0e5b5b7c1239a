package sysprobe

import (
	"fmt"
	"testing"
)

// counted returns an interface that has received that many packets and bytes.
func counted(index int, name string, packets uint64) LinkStats {
	return LinkStats{
		Link: Link{Index: index, Name: name, Kind: "veth"},
		Counters: Some(LinkCounters{
			RxPackets: packets, RxBytes: Some(10 * packets), Details: Some(LinkCounterDetails{RxNoHandler: 100 * packets}),
		}),
	}
}

// TestSteadyCounters follows interfaces from snapshot to snapshot.
func TestSteadyCounters(t *testing.T) {
	renamed := counted(7, "b", 20)
	other := counted(7, "a", 20) // with a greater count, in place of another kind
	other.Link.Kind = "dummy"
	absent := LinkStats{Link: Link{Index: 7, Name: "a", Kind: "veth"}}
	const total = "total"
	for _, tt := range []struct {
		name      string
		snapshots [][]LinkStats
		want      map[string]uint64 // of the last snapshot
	}{
		{"the first", [][]LinkStats{{counted(7, "a", 5)}}, map[string]uint64{"a": 5, total: 5}},
		{"it goes on", [][]LinkStats{{counted(7, "a", 5)}, {counted(7, "a", 8)}}, map[string]uint64{"a": 8, total: 8}},
		{"made anew", [][]LinkStats{{counted(7, "a", 5)}, {counted(8, "a", 2)}}, map[string]uint64{"a": 7, total: 7}},
		{"made anew, and ahead by now", [][]LinkStats{{counted(7, "a", 5)}, {counted(8, "a", 9)}}, map[string]uint64{"a": 14, total: 14}},
		{"made anew under its index", [][]LinkStats{{counted(7, "a", 5)}, {other}}, map[string]uint64{"a": 25, total: 25}},
		{"set back", [][]LinkStats{{counted(7, "a", 5)}, {counted(7, "a", 2)}}, map[string]uint64{"a": 7, total: 7}},
		{
			"set back twice",
			[][]LinkStats{{counted(7, "a", 5)}, {counted(7, "a", 2)}, {counted(7, "a", 1)}, {counted(7, "a", 3)}},
			map[string]uint64{"a": 10, total: 10},
		},
		{"gone", [][]LinkStats{{counted(7, "a", 5), counted(9, "c", 1)}, {counted(9, "c", 2)}}, map[string]uint64{"c": 2, total: 7}},
		{
			"gone for a while",
			[][]LinkStats{{counted(7, "a", 5)}, nil, nil, {counted(9, "a", 3)}, nil, {counted(10, "a", 1)}},
			map[string]uint64{"a": 9, total: 9},
		},
		{"renamed", [][]LinkStats{{counted(7, "a", 5)}, {counted(7, "a", 2)}, {renamed}}, map[string]uint64{"b": 25, total: 25}},
		{
			"another takes the name of one that is there",
			[][]LinkStats{{counted(7, "a", 5)}, {renamed, counted(8, "a", 1)}},
			map[string]uint64{"a": 1, "b": 20, total: 21},
		},
		{"without counters for once", [][]LinkStats{{counted(7, "a", 5)}, {absent}, {counted(7, "a", 4)}}, map[string]uint64{"a": 9, total: 9}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			counts := newLinkCounts()
			var s LinkSnapshot
			for _, links := range tt.snapshots {
				s = LinkSnapshot{Links: append([]LinkStats(nil), links...)}
				counts.follow(&s)
			}
			got := map[string]LinkCounters{total: s.Total()}
			for i := range s.Links {
				got[s.Links[i].Link.Name] = s.Links[i].Counters.Or(LinkCounters{})
			}
			for name, packets := range tt.want {
				if want := counted(0, "", packets).Counters; got[name] != want.Or(LinkCounters{}) {
					t.Errorf("%s: %+v, want %+v", name, got[name], want)
				}
			}
			if len(got) != len(tt.want) {
				t.Errorf("%d interfaces, want %d", len(got), len(tt.want))
			}
		})
	}
}

// TestSteadyCountersForget removes more interfaces than are remembered.
func TestSteadyCountersForget(t *testing.T) {
	counts := newLinkCounts()
	var s LinkSnapshot
	const all = maxGoneLinks + 3
	for i := 1; i <= all+1; i++ {
		s = LinkSnapshot{Links: []LinkStats{counted(i, fmt.Sprintf("veth%d", i), 1)}}
		counts.follow(&s)
	}
	if n := len(counts.gone); n != maxGoneLinks {
		t.Errorf("%d interfaces are remembered, want %d", n, maxGoneLinks)
	}
	if total := s.Total(); total.RxPackets != all+1 || total.RxBytes != Some[uint64](10*(all+1)) {
		t.Errorf("total %+v, want %d packets", total, all+1)
	}
	s = LinkSnapshot{Links: []LinkStats{counted(all+2, "veth1", 1), counted(all+3, "veth9", 1)}}
	counts.follow(&s)
	if first, ninth := s.Links[0].Counters, s.Links[1].Counters; first.Or(LinkCounters{}).RxPackets != 1 || ninth.Or(LinkCounters{}).RxPackets != 2 {
		t.Errorf("counters %+v of a forgotten interface and %+v of another, want 1 and 2 packets", first, ninth)
	}
}

func TestTotalWithoutCounters(t *testing.T) {
	var none LinkSnapshot
	if total := none.Total(); total != (LinkCounters{}) || total.RxBytes.Known() {
		t.Errorf("total %+v of no interface", total)
	}
	half := LinkSnapshot{Links: []LinkStats{counted(1, "a", 5), {Counters: Some(LinkCounters{RxPackets: 1})}, {}}}
	if total := half.Total(); total.RxPackets != 6 || total.RxBytes != Some[uint64](50) || total.TxBytes.Known() {
		t.Errorf("total %+v", total)
	}
}
