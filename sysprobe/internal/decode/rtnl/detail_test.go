package rtnl_test

import (
	"encoding/binary"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"telegraf-sysprobe/sysprobe/internal/decode"
	"telegraf-sysprobe/sysprobe/internal/decode/nlmsg"
	"telegraf-sysprobe/sysprobe/internal/decode/rtnl"
	"telegraf-sysprobe/sysprobe/internal/opt"
	"telegraf-sysprobe/sysprobe/sysprobetest"
)

// num is a number that was sent.
func num(n uint32) opt.Opt[uint32] { return opt.Some(n) }

// values compares optional values.
var values = cmpopts.EquateComparable(rtnl.Detail{}, opt.Opt[uint8]{}, opt.Opt[int32]{}, opt.Opt[uint32]{}, opt.Opt[bool]{}, opt.Opt[rtnl.Stats]{})

func TestDecodeDetailFixtures(t *testing.T) {
	for fixture, want := range map[string]rtnl.Detail{
		"link-bond":       {BondMode: num(1), BondActiveSlave: num(3), BondMIIMon: num(100)},
		"link-bond-slave": {BondSlaveState: num(1), BondSlaveMII: num(2), BondSlaveFailures: num(2)},
		"link-vlan":       {Lower: 2, VLANID: num(100), VLANProtocol: num(0x88a8)},
		"link-ipvlan":     {Lower: 2, NetNSID: opt.Some[int32](5), IPVLANMode: num(2)},
		"link-gre":        {Lower: 2},
		"link-veth":       {Peer: 3, BridgePortState: num(0)},
		"link-tun":        {},
		"link-lo":         {},
	} {
		t.Run(fixture, func(t *testing.T) {
			var l rtnl.Link
			if err := rtnl.DecodeLink(sysprobetest.Messages(t, "rtnl", fixture)[0].Data, binary.LittleEndian, &l); err != nil {
				t.Fatal(err)
			}
			got := rtnl.Detail{VXLANID: num(9)} // of the link before
			if err := rtnl.DecodeDetail(&l, binary.LittleEndian, &got); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got, values); diff != "" {
				t.Errorf("detail (-want +got):\n%s", diff)
			}
		})
	}
}

func TestDecodeDetailInBothOrders(t *testing.T) {
	for _, order := range orders {
		u8 := func(typ uint16, n uint8) []byte { return nlmsg.AppendAttr(nil, order, typ, []byte{n}) }
		u16 := func(typ, n uint16) []byte { return nlmsg.AppendAttr(nil, order, typ, order.AppendUint16(nil, n)) }
		u32 := func(typ uint16, n uint32) []byte { return nlmsg.AppendUint32(nil, order, typ, n) }
		for _, tt := range []struct {
			kind, port string
			data       [][]byte
			want       rtnl.Detail
		}{
			{"vlan", "", [][]byte{u16(1, 4094), nlmsg.AppendAttr(nil, order, 5, []byte{0x81, 0})}, rtnl.Detail{VLANID: num(4094), VLANProtocol: num(0x8100)}},
			{"vxlan", "", [][]byte{u32(1, 1<<24-1), u8(5, 3)}, rtnl.Detail{VXLANID: num(1<<24 - 1)}},
			{"vxlan", "", [][]byte{u32(1, 0), u8(25, 0)}, rtnl.Detail{VXLANID: num(0), VXLANExternal: num(0)}},
			{"vxlan", "", [][]byte{u32(1, 0), u8(25, 1)}, rtnl.Detail{VXLANExternal: num(1)}},
			{"macvlan", "", [][]byte{u32(1, 4)}, rtnl.Detail{MACVLANMode: num(4)}},
			{"macvtap", "", [][]byte{u32(1, 16)}, rtnl.Detail{MACVLANMode: num(16)}},
			{"ipvtap", "", [][]byte{u16(1, 0)}, rtnl.Detail{IPVLANMode: num(0)}},
			{"bridge", "", [][]byte{u32(5, 2), u8(7, 1), u16(6, 9)}, rtnl.Detail{BridgeSTP: num(2), BridgeVLANFiltering: num(1)}},
			{"bond", "", [][]byte{u8(1, 4), u32(3, 50)}, rtnl.Detail{BondMode: num(4), BondMIIMon: num(50)}},
			{"", "bridge", [][]byte{u8(1, 3)}, rtnl.Detail{BridgePortState: num(3)}},
			{"", "bond", [][]byte{u8(1, 0), u32(3, 7)}, rtnl.Detail{BondSlaveState: num(0), BondSlaveFailures: num(7)}},
			{"", "team", [][]byte{u8(1, 1)}, rtnl.Detail{}},
			{"of next year", "", [][]byte{u8(1, 1), u32(77, 7)}, rtnl.Detail{}},
		} {
			t.Run(order.String()+" "+tt.kind+tt.port, func(t *testing.T) {
				var data []byte
				for _, a := range tt.data {
					data = append(data, a...)
				}
				l := rtnl.Link{Kind: []byte(tt.kind), KindData: data}
				if tt.port != "" {
					l = rtnl.Link{PortKind: []byte(tt.port), PortData: data}
				}
				var got rtnl.Detail
				if err := rtnl.DecodeDetail(&l, order, &got); err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(tt.want, got, values); diff != "" {
					t.Errorf("detail (-want +got):\n%s", diff)
				}
			})
		}
	}
}

// TestDecodeDetailRelates is about what an interface runs over, or is paired with.
func TestDecodeDetailRelates(t *testing.T) {
	for _, order := range orders {
		u32 := func(typ uint16, n uint32) []byte { return nlmsg.AppendUint32(nil, order, typ, n) }
		none, elsewhere := opt.Opt[int32]{}, opt.Some[int32](0)
		for _, tt := range []struct {
			name, kind  string
			index       int32
			data        []byte
			other       int32
			netNSID     opt.Opt[int32]
			lower, peer int32
			want        opt.Opt[int32]
		}{
			{"of no kind, such as a port of a switch", "", 7, nil, 2, none, 2, 0, none},
			{"a kind of next year", "new", 7, nil, 2, elsewhere, 2, 0, elsewhere},
			{"alone", "bridge", 7, nil, 0, none, 0, 0, none},
			{"a vlan", "vlan", 7, nil, 2, none, 2, 0, none},
			{"a macvlan whose lower has its index elsewhere", "macvlan", 2, nil, 2, elsewhere, 2, 0, elsewhere},
			{"a pair", "veth", 7, nil, 8, none, 0, 8, none},
			{"a pair of one index in two namespaces", "veth", 2, nil, 2, elsewhere, 0, 2, elsewhere},
			{"a pair", "netkit", 7, nil, 9, opt.Some[int32](3), 0, 9, opt.Some[int32](3)},
			{"a pair", "vxcan", 7, nil, 8, none, 0, 8, none},
			{"moved, its own index", "wireguard", 4, nil, 4, elsewhere, 0, 0, none},
			{"moved, its own index", "geneve", 4, u32(1, 9), 4, elsewhere, 0, 0, none},
			{"over a device", "vxlan", 7, u32(3, 3), 0, none, 3, 0, none},
			{"over a device, moved", "vxlan", 4, u32(3, 3), 4, elsewhere, 3, 0, elsewhere},
			{"over nothing, moved", "vxlan", 4, u32(1, 42), 4, elsewhere, 0, 0, none},
			{"over a device", "amt", 7, u32(4, 3), 7, elsewhere, 3, 0, elsewhere},
			{"over a device", "gre", 7, u32(1, 3), 3, none, 3, 0, none},
			{"over nothing, moved", "ip6gretap", 7, u32(1, 0), 0, elsewhere, 0, 0, none},
			{"over a device, moved", "erspan", 7, u32(1, 3), 3, elsewhere, 3, 0, elsewhere},
			{"over a device", "sit", 7, u32(1, 3), 3, none, 3, 0, none},
			{"over a device", "ip6tnl", 7, u32(1, 3), 3, none, 3, 0, none},
			{"over a device", "vti6", 7, u32(1, 3), 3, none, 3, 0, none},
			{"over a device", "xfrm", 7, append(u32(2, 77), u32(1, 3)...), 3, none, 3, 0, none},
		} {
			t.Run(order.String()+" "+tt.kind+" "+tt.name, func(t *testing.T) {
				l := rtnl.Link{Index: tt.index, Kind: []byte(tt.kind), KindData: tt.data, Other: tt.other, OtherNetNSID: tt.netNSID}
				var d rtnl.Detail
				if err := rtnl.DecodeDetail(&l, order, &d); err != nil {
					t.Fatal(err)
				}
				if d.Lower != tt.lower || d.Peer != tt.peer || d.NetNSID != tt.want {
					t.Errorf("lower %d, peer %d in namespace %v; want %d, %d, %v", d.Lower, d.Peer, d.NetNSID, tt.lower, tt.peer, tt.want)
				}
			})
		}
	}
}

func TestDecodeDetailMalformed(t *testing.T) {
	for name, data := range map[string][]byte{
		"attribute of length 3":    {3, 0, 1, 0},
		"attribute of no octets":   {4, 0, 1, 0},
		"attribute out of range":   {0xff, 0xff, 1, 0, 1},
		"half a header":            {8, 0},
		"nested where a number is": {12, 0, 1, 0, 0xff, 0xff, 1, 0},
	} {
		for _, l := range []rtnl.Link{{Kind: []byte("vlan"), KindData: data}, {PortKind: []byte("bond"), PortData: data}} {
			var d rtnl.Detail
			if err := rtnl.DecodeDetail(&l, binary.LittleEndian, &d); !errors.Is(err, decode.ErrMalformed) {
				t.Errorf("%s: %v, want ErrMalformed", name, err)
			}
		}
	}
}

// FuzzDecodeDetail checks that only what is of the kind is known.
func FuzzDecodeDetail(f *testing.F) {
	for _, fixture := range []string{"link-bond", "link-bond-slave", "link-vlan", "link-ipvlan", "link-gre", "link-veth"} {
		var l rtnl.Link
		if err := rtnl.DecodeLink(sysprobetest.Messages(f, "rtnl", fixture)[0].Data, binary.LittleEndian, &l); err != nil {
			f.Fatal(err)
		}
		f.Add(l.Kind, l.KindData, l.PortKind, l.PortData)
	}
	f.Fuzz(func(t *testing.T, kind, data, portKind, portData []byte) {
		l := rtnl.Link{Kind: kind, KindData: data, PortKind: portKind, PortData: portData}
		var d rtnl.Detail
		if err := rtnl.DecodeDetail(&l, binary.LittleEndian, &d); err != nil {
			if !errors.Is(err, decode.ErrMalformed) {
				t.Fatalf("%v is not ErrMalformed", err)
			}
			return
		}
		if d.VLANID.Known() && string(kind) != "vlan" || d.BondSlaveState.Known() && string(portKind) != "bond" {
			t.Fatalf("%q in %q has %+v", kind, portKind, d)
		}
	})
}
