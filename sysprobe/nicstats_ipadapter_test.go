package sysprobe

import (
	"math"
	"slices"
	"testing"

	"telegraf-sysprobe/sysprobe/internal/decode/ipadapter"
)

// TestStatsOfRows has a card and an interface of which nothing is known.
func TestStatsOfRows(t *testing.T) {
	rows := interfaceRows{texts: newRowTexts()}
	for range 2 {
		rows.begin(0)
		card := ethernetRow(9, "Ethernet")
		card.In = ipadapter.Traffic{Bytes: 1, UnicastPackets: 2, OtherPackets: 3, Discards: 4, Errors: 5, UnicastBytes: 6, MulticastBytes: 7, BroadcastBytes: 8}
		card.Out = ipadapter.Traffic{Bytes: 11, UnicastPackets: 12, OtherPackets: 13, Discards: 14, Errors: 15}
		rows.link(card)
		rows.link(&ipadapter.Row{Filter: true, Index: 10})
		rows.link(&ipadapter.Row{})
		rows.linked()
	}
	// One table has all interfaces: none is asked for by itself.
	t.Run("I07 an interface that is strange leaves the others", func(t *testing.T) {
		if len(rows.rows.Links) != 2 || rows.rows.Links[0].Link.Index != 0 {
			t.Fatalf("%+v, want an empty interface and the card", rows.rows.Links)
		}
	})
	card := rows.rows.Links[1]
	want := LinkCounters{
		RxBytes: Some(uint64(1)), RxPackets: 5, RxDropped: Some(uint64(4)), RxErrors: 5,
		TxBytes: Some(uint64(11)), TxPackets: 25, TxDropped: Some(uint64(14)), TxErrors: 15,
	}
	if got := card.Counters.Or(LinkCounters{}); got != want {
		t.Errorf("counters %+v, want %+v", got, want)
	}
	if card.Duplex != DuplexUnknown || card.Speed != Some(uint32(2500)) || card.RxSpeed != Some(uint32(2500)) || card.TxSpeed != Some(uint32(10000)) {
		t.Errorf("duplex %v, speed %v, %v, %v", card.Duplex, card.Speed, card.RxSpeed, card.TxSpeed)
	}
}

func TestSpeedsOfRows(t *testing.T) {
	none := Opt[uint32]{}
	for _, tt := range []struct {
		rx, tx uint64
		want   Opt[uint32]
	}{
		{1e9, 1e9, Some(uint32(1000))},
		{4e11, 4e11, Some(uint32(400_000))},
		{866e6, 144e6, Some(uint32(144))},
		{math.MaxUint64, math.MaxUint64, none},
		{math.MaxUint64, 1e9, Some(uint32(1000))},
		{0, 0, none},
		{56_000, 33_600, none},
		{5e15, 5e15, none}, // no link has that
		{10_737_418_240, 10_737_418_240, Some(uint32(10737))},
	} {
		rows := interfaceRows{texts: newRowTexts()}
		r := ethernetRow(1, "x")
		r.ReceiveSpeed, r.TransmitSpeed = tt.rx, tt.tx
		if rows.link(r); rows.rows.Links[0].Speed != tt.want {
			t.Errorf("%d and %d bit/s: %v, want %v", tt.rx, tt.tx, rows.rows.Links[0].Speed, tt.want)
		}
	}
}

// TestFilterInterfaces are left out unless they are wanted.
func TestFilterInterfaces(t *testing.T) {
	rows := interfaceRows{texts: newRowTexts()}
	for _, tt := range []struct {
		want  LinkFacts
		names []string
	}{{0, []string{"Ethernet"}}, {WantLinkDetail | WantFEC, []string{"Ethernet"}}, {WantFilters, []string{"Ethernet", "Ethernet-QoS Packet Scheduler-0000"}}} {
		rows.begin(tt.want)
		filter := ethernetRow(10, "Ethernet-QoS Packet Scheduler-0000")
		filter.Filter, filter.Hardware = true, false
		rows.link(filter)
		rows.link(ethernetRow(9, "Ethernet"))
		rows.linked()
		var names []string
		for i, l := range rows.rows.Links {
			names = append(names, l.Link.Name)
			if l.Link.Filter != (i == 1) || l.Link.Hardware == Some(l.Link.Filter) {
				t.Errorf("%s: filter %t, hardware %v", l.Link.Name, l.Link.Filter, l.Link.Hardware)
			}
		}
		if !slices.Equal(names, tt.names) {
			t.Errorf("wanted %b: %q, want %q", tt.want, names, tt.names)
		}
	}
}
