package ethnl_test

import (
	"encoding/binary"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"telegraf-sysprobe/sysprobe/internal/decode/ethnl"
	"telegraf-sysprobe/sysprobe/internal/decode/nlmsg"
	"telegraf-sysprobe/sysprobe/internal/opt"
	"telegraf-sysprobe/sysprobe/sysprobetest"
)

// driverModes are what a fixture says of each interface, as ethtool(8) prints
// it: link modes are 0 10baseT/Half, 1 10baseT/Full, 2 100baseT/Half, 3
// 100baseT/Full, 5 1000baseT/Full, 6 autonegotiation, 7 and 9 the ports TP and
// MII, 13 pause.
type driverModes struct {
	ethnl.LinkModes

	Best ethnl.Best
}

// decodeDrivers decodes a fixture.
func decodeDrivers(t *testing.T, order binary.ByteOrder, elem ...string) []driverModes {
	t.Helper()
	var all []driverModes
	for b := sysprobetest.Hex(t, append([]string{"wire", "ethnl"}, elem...)...); len(b) > 0; {
		m, rest, err := nlmsg.Next(b, order)
		if err != nil {
			t.Fatal(err)
		}
		var l ethnl.LinkModes
		if err := ethnl.DecodeLinkModes(m.Data, order, &l); err != nil {
			t.Fatal(err)
		}
		all, b = append(all, driverModes{l, l.Best()}), rest
	}
	return all
}

// driver is the answer of a driver that knows everything.
func driver(index, speed uint32, duplex, autoneg uint8) ethnl.LinkModes {
	return ethnl.LinkModes{
		Index: index, Speed: opt.Some(speed), Duplex: opt.Some(duplex), Autoneg: opt.Some(autoneg),
	}
}

func TestDecodeLinkModesOfDrivers(t *testing.T) {
	const unknown = math.MaxUint32
	with := func(m ethnl.LinkModes, supported, advertised, peer ethnl.Bitset) ethnl.LinkModes {
		m.Supported, m.Advertised, m.Peer = supported, advertised, peer
		return m
	}
	gigabit := bits(0, 1, 2, 3, 5, 6, 7)
	want := []driverModes{
		{with(driver(3, 100, 0, 0), gigabit, bits(7), nil), ethnl.Best{Speed: 1000, Full: true}}, // e1000e
		{
			with(driver(4, 100, 1, 1), bits(0, 1, 2, 3, 6, 7, 9), bits(0, 1, 2, 3, 6, 7, 9, 13), bits(0, 1, 2, 3, 13)),
			ethnl.Best{Speed: 100, Full: true}, // rtl8139
		},
		{with(driver(6, 10, 0, 0), bits(7, 8), nil, nil), ethnl.Best{}},                            // pcnet
		{driver(8, unknown, 0xff, 0), ethnl.Best{}},                                                // virtio
		{driver(34, unknown, 0xff, 0), ethnl.Best{}},                                               // bond0
		{with(driver(35, 1000, 1, 1), gigabit, gigabit, nil), ethnl.Best{Speed: 1000, Full: true}}, // vlan7
		{driver(36, unknown, 0xff, 0), ethnl.Best{}},                                               // team0
	}
	if diff := cmp.Diff(want, decodeDrivers(t, binary.LittleEndian, "drivers-linkmodes.hex"), compareBits); diff != "" {
		t.Errorf("modes (-want +got):\n%s", diff)
	}
}

// TestDecodeLinkModesOfBigEndian decodes what a machine of the other byte order
// sent.
func TestDecodeLinkModesOfBigEndian(t *testing.T) {
	want := []driverModes{{driver(2, math.MaxUint32, 0xff, 0), ethnl.Best{}}, {driver(3, 25000, 0, 0), ethnl.Best{}}}
	if diff := cmp.Diff(want, decodeDrivers(t, binary.BigEndian, "s390x", "linkmodes.hex"), compareBits); diff != "" {
		t.Errorf("modes (-want +got):\n%s", diff)
	}
}
