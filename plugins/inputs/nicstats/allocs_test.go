package nicstats

import (
	"context"
	"fmt"
	"testing"

	"telegraf-sysprobe/plugins/internal/nic"
	"telegraf-sysprobe/plugins/internal/nic/nictest"
	"telegraf-sysprobe/plugins/internal/plugintest"
	"telegraf-sysprobe/sysprobe"
)

// steady has the interfaces of a server, all of whose counters of traffic grow from
// snapshot to snapshot. Its snapshots cost nothing, so that what is measured is the
// plugin.
type steady []sysprobe.LinkStats

func newSteady(n int) steady {
	s := make(steady, n)
	for i := range s {
		s[i] = sysprobe.LinkStats{
			Link: sysprobe.Link{
				Index: i + 1, Name: fmt.Sprint("eth", i), Kind: "veth",
				Flags:     sysprobe.FlagUp | sysprobe.FlagRunning | sysprobe.FlagBroadcast,
				OperState: sysprobe.OperUp, Carrier: sysprobe.Some(true), CarrierChanges: sysprobe.Some[uint32](2), MTU: 1500,
				TxQueueLen: sysprobe.Some[uint32](1000), HardwareAddr: sysprobe.HardwareAddrFrom([]byte{2, 0, 0, 0, byte(i >> 8), byte(i)}),
				MasterName: "br0",
			},
			Detail: sysprobe.LinkDetail{PeerIndex: i + 5000, PeerNetNSID: sysprobe.Some(int32(i))},
			Speed:  sysprobe.Some[uint32](10000), Duplex: sysprobe.DuplexFull, Autoneg: sysprobe.Some(false), Port: sysprobe.Some(sysprobe.PortTP),
			Promiscuity: sysprobe.Some[uint32](1), AllMulti: sysprobe.Some[uint32](1), ProtoDown: sysprobe.Some(false),
			Counters: sysprobe.Some(sysprobe.LinkCounters{
				RxPackets: 1000, RxBytes: sysprobe.Some[uint64](1 << 20), TxPackets: 1000, TxBytes: sysprobe.Some[uint64](1 << 20),
				RxDropped: sysprobe.Some[uint64](0), TxDropped: sysprobe.Some[uint64](0),
				Multicast: sysprobe.Some[uint64](300), Collisions: sysprobe.Some[uint64](0), Details: sysprobe.Some(sysprobe.LinkCounterDetails{}),
			}),
		}
	}
	return s
}

func (s steady) Snapshot(_ context.Context, dst *sysprobe.LinkSnapshot) error {
	for i := range s {
		c := s[i].Counters.Ref()
		c.RxPackets, c.TxPackets = c.RxPackets+7, c.TxPackets+9
		c.RxBytes, c.TxBytes = sysprobe.Some(c.RxBytes.Or(0)+7000), sysprobe.Some(c.TxBytes.Or(0)+9000)
	}
	dst.Links = append(dst.Links[:0], s...)
	return nil
}

func (steady) Close() error { return nil }

// TestAllocations holds what a gather allocates, without what Telegraf does to make
// metrics.
func TestAllocations(t *testing.T) {
	const interfaces = 100
	n := newPlugin(t)
	n.system = nictest.System()
	n.open = func(*sysprobe.Config, sysprobe.LinkFacts) (nic.Source[sysprobe.LinkSnapshot], error) {
		return newSteady(interfaces), nil
	}
	plugintest.Start(t, n, nil)
	per := plugintest.OwnAllocs(t, n.Gather) / interfaces
	if per > 20 {
		t.Errorf("%.1f allocations an interface, want at most 20", per)
	}
}
