package rtnl_test

import (
	"encoding/binary"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"telegraf-sysprobe/sysprobe/internal/decode/nlmsg"
	"telegraf-sysprobe/sysprobe/internal/decode/rtnl"
	"telegraf-sysprobe/sysprobe/internal/opt"
	"telegraf-sysprobe/sysprobe/sysprobetest"
)

// TestDecodeLinksOfDrivers decodes what drivers of cards, and of interfaces on
// top of others, made the kernel say.
func TestDecodeLinksOfDrivers(t *testing.T) {
	ethernet := octets(t, "ffffffffffff")
	var got []rtnl.Link
	details := map[string]rtnl.Detail{}
	for _, m := range sysprobetest.Messages(t, "rtnl", "drivers-link") {
		var l rtnl.Link
		var d rtnl.Detail
		if err := rtnl.DecodeLink(m.Data, binary.LittleEndian, &l); err != nil {
			t.Fatal(err)
		}
		if err := rtnl.DecodeDetail(&l, binary.LittleEndian, &d); err != nil {
			t.Fatal(err)
		}
		details[string(l.Name)], l.KindData = d, nil
		if !l.Stats.Known() {
			t.Errorf("%s has no counters", l.Name)
		}
		got = append(got, l)
	}
	want := []rtnl.Link{
		{
			HardwareType: 1, Index: 3, Flags: 0x11043, Name: []byte("e1000e"), Address: octets(t, "525400000011"), Broadcast: ethernet,
			Permanent: octets(t, "525400000011"), ParentDev: []byte("0000:00:07.0"), ParentBus: []byte("pci"),
			Carrier: opt.Some(true), MTU: 1500, OperState: 6, TxQueueLen: opt.Some[uint32](1000), CarrierChanges: opt.Some[uint32](4),
		},
		{
			HardwareType: 1, Index: 34, Flags: 0x1402, Name: []byte("bond0"), Kind: []byte("bond"), Broadcast: ethernet,
			Carrier: opt.Some(false), MTU: 1500, OperState: 2, TxQueueLen: opt.Some[uint32](1000), CarrierChanges: opt.Some[uint32](1),
		},
		{
			HardwareType: 1, Index: 35, Flags: 0x11043, Name: []byte("vlan7"), Kind: []byte("vlan"),
			Address: octets(t, "525400000010"), Broadcast: ethernet,
			Carrier: opt.Some(true), MTU: 1500, OperState: 6, TxQueueLen: opt.Some[uint32](1000), CarrierChanges: opt.Some[uint32](0), Other: 2,
		},
		{
			HardwareType: 1, Index: 36, Flags: 0x1002, Name: []byte("team0"), Kind: []byte("team"), Broadcast: ethernet,
			Carrier: opt.Some(false), MTU: 1500, OperState: 2, TxQueueLen: opt.Some[uint32](1000), CarrierChanges: opt.Some[uint32](0),
		},
		{
			HardwareType: 0xfffe, Index: 37, Flags: 0x90, Name: []byte("wg0"), Kind: []byte("wireguard"),
			Carrier: opt.Some(true), MTU: 1420, OperState: 2, TxQueueLen: opt.Some[uint32](1000), CarrierChanges: opt.Some[uint32](0),
		},
	}
	for i := range want {
		want[i] = watched(want[i], 0)
	}
	for i := range got {
		if i < len(want) && want[i].Address == nil { // random
			got[i].Address = nil
		}
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty(), cmpopts.IgnoreFields(rtnl.Link{}, "Stats"), values); diff != "" {
		t.Errorf("links (-want +got):\n%s", diff)
	}
	if vlan, bond := details["vlan7"], details["bond0"]; vlan.VLANID != num(7) || vlan.VLANProtocol != num(0x8100) || bond.BondMode != num(1) {
		t.Errorf("details %+v and %+v, want ID 7 of 802.1Q, and mode active-backup", vlan, bond)
	}
}

// TestDecodeLinksOfBigEndian decodes what a machine of the other byte order sent.
func TestDecodeLinksOfBigEndian(t *testing.T) {
	var names []string
	for b := sysprobetest.Hex(t, "wire", "rtnl", "s390x", "link.hex"); len(b) > 0; {
		m, rest, err := nlmsg.Next(b, binary.BigEndian)
		if err != nil {
			t.Fatal(err)
		}
		var l rtnl.Link
		if err := rtnl.DecodeLink(m.Data, binary.BigEndian, &l); err != nil {
			t.Fatal(err)
		}
		counters, known := l.Stats.Get()
		if l.TxQueueLen != num(1000) || l.MTU != 1500 && l.MTU != 65536 || !known || counters.RxPackets > 1000 {
			t.Errorf("%s: queue of %v, MTU %d, counters %v", l.Name, l.TxQueueLen, l.MTU, l.Stats)
		}
		names, b = append(names, string(l.Name)), rest
	}
	if diff := cmp.Diff([]string{"virtio", "virtio25g", "lo"}, names); diff != "" {
		t.Errorf("names (-want +got):\n%s", diff)
	}
}
