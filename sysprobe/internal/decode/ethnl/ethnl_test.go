package ethnl_test

import (
	"encoding/binary"
	"errors"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"telegraf-sysprobe/sysprobe/internal/decode"
	"telegraf-sysprobe/sysprobe/internal/decode/ethnl"
	"telegraf-sysprobe/sysprobe/internal/decode/nlmsg"
	"telegraf-sysprobe/sysprobe/internal/opt"
	"telegraf-sysprobe/sysprobe/sysprobetest"
)

// order reads and writes numbers.
type order interface {
	binary.ByteOrder
	binary.AppendByteOrder
}

var orders = []order{binary.LittleEndian, binary.BigEndian}

// bits is the set of the numbers given.
func bits(numbers ...int) ethnl.Bitset {
	var s ethnl.Bitset
	for _, n := range numbers {
		for n/32 >= len(s) {
			s = append(s, 0)
		}
		s[n/32] |= 1 << (n % 32)
	}
	return s
}

// compareBits takes sets for equal that have the same bits.
var compareBits = cmp.Options{compareOpts, cmp.Transformer("bits", func(s ethnl.Bitset) []int {
	var numbers []int
	for n := range 32 * len(s) {
		if s.Has(n) {
			numbers = append(numbers, n)
		}
	}
	return numbers
})}

// compareOpts compares optional values.
var compareOpts = cmpopts.EquateComparable(opt.Opt[uint8]{}, opt.Opt[uint32]{})

func TestDecodeLinkModesFixtures(t *testing.T) {
	told := func(index, speed uint32, duplex, autoneg uint8) ethnl.LinkModes {
		return ethnl.LinkModes{
			Index: index, Speed: opt.Some(speed), Duplex: opt.Some(duplex), Autoneg: opt.Some(autoneg),
		}
	}
	with := func(m ethnl.LinkModes, supported, advertised, peer ethnl.Bitset) ethnl.LinkModes {
		m.Supported, m.Advertised, m.Peer = supported, advertised, peer
		return m
	}
	namespace := []ethnl.LinkModes{
		told(2, 10000, 0xff, 0), told(3, 10000, 1, 0), told(4, 10000, 1, 0), told(5, 10000, 1, 0), told(6, 2500, 0, 0),
	}
	fast := bits(6, 10, 13, 51, 62, 85, 93, 94, 97, 120, 150)
	gigabit := bits(0, 1, 2, 3, 4, 5, 6, 7, 13)
	for fixture, want := range map[string][]ethnl.LinkModes{
		"linkmodes-compact":      namespace,
		"linkmodes-verbose":      namespace,
		"linkmodes-unknown":      {told(4, math.MaxUint32, 0xff, 0)},
		"linkmodes-65535":        {told(2, 65535, 0xff, 0)},
		"linkmodes-800g":         {with(told(2, 400000, 1, 1), fast, fast, bits(6, 62, 85, 93, 150))},
		"linkmodes-half":         {with(told(2, 100, 0, 1), gigabit, gigabit, bits(0, 1, 2, 3, 6))},
		"linkmodes-verbose-bits": {with(told(2, 1000, 1, 1), bits(5, 6, 48, 150), bits(5, 6, 150), bits(5, 6))},
	} {
		t.Run(fixture, func(t *testing.T) {
			var got []ethnl.LinkModes
			for _, m := range sysprobetest.Messages(t, "ethnl", fixture) {
				var l ethnl.LinkModes
				if err := ethnl.DecodeLinkModes(m.Data, binary.LittleEndian, &l); err != nil {
					t.Fatal(err)
				}
				if ethnl.Command(m.Data) != ethnl.CmdLinkModesGetReply {
					t.Errorf("command %d", ethnl.Command(m.Data))
				}
				got = append(got, l)
			}
			if diff := cmp.Diff(want, got, compareBits); diff != "" {
				t.Errorf("modes (-want +got):\n%s", diff)
			}
		})
	}
}

func TestCommandOfNothing(t *testing.T) {
	if got := ethnl.Command(nil); got != 0 {
		t.Errorf("Command of nothing = %d, want 0", got)
	}
}

func TestDecodeLinkState(t *testing.T) {
	got, err := ethnl.DecodeLinkState(sysprobetest.Messages(t, "ethnl", "linkstate-training")[0].Data, binary.LittleEndian)
	if err != nil {
		t.Fatal(err)
	}
	want := ethnl.LinkState{
		Index: 2, SQI: opt.Some[uint32](3), SQIMax: opt.Some[uint32](7), Reason: opt.Some[uint8](1), Detail: opt.Some[uint8](2),
	}
	if diff := cmp.Diff(want, got, compareOpts); diff != "" {
		t.Errorf("state (-want +got):\n%s", diff)
	}
	if _, err := ethnl.DecodeLinkState([]byte{6, 1, 0, 0, 4, 0, 5, 0}, binary.LittleEndian); !errors.Is(err, decode.ErrMalformed) {
		t.Errorf("reason of no octets: %v, want ErrMalformed", err)
	}
}

func TestDecodeFEC(t *testing.T) {
	got := ethnl.FEC{Index: 9, Modes: bits(120)} // of the interface before
	if err := ethnl.DecodeFEC(sysprobetest.Messages(t, "ethnl", "fec-rs")[0].Data, binary.LittleEndian, &got); err != nil {
		t.Fatal(err)
	}
	want := ethnl.FEC{Index: 2, Modes: bits(49, 50, 51), Auto: opt.Some[uint8](1), Active: opt.Some[uint32](50)}
	if diff := cmp.Diff(want, got, compareBits); diff != "" {
		t.Errorf("FEC (-want +got):\n%s", diff)
	}
	if err := ethnl.DecodeFEC([]byte{30, 1, 0, 0, 6, 0, 4, 0, 1, 2}, binary.LittleEndian, &got); !errors.Is(err, decode.ErrMalformed) {
		t.Errorf("active mode of two octets: %v, want ErrMalformed", err)
	}
}

func TestModeNames(t *testing.T) {
	for bit, want := range map[int]string{0: "10baseT/Half", 50: "RS", 93: "800000baseCR8/Full", 120: "800000baseVR4/Full", 121: "bit121", 65535: "bit65535"} {
		if got := ethnl.ModeName(bit); got != want {
			t.Errorf("ModeName(%d) = %q, want %q", bit, got, want)
		}
		if got, ok := ethnl.ModeBit(want); got != bit || !ok {
			t.Errorf("ModeBit(%q) = %d, %v; want %d", want, got, ok, bit)
		}
	}
	for _, name := range []string{"", "bit", "bit-1", "bit65536", "10baseT", "7"} {
		if got, ok := ethnl.ModeBit(name); ok {
			t.Errorf("ModeBit(%q) = %d, want none", name, got)
		}
	}
}

func TestDecodeLinkModesInBothOrders(t *testing.T) {
	for _, order := range orders {
		t.Run(order.String(), func(t *testing.T) {
			words := func(s ethnl.Bitset) (b []byte) {
				for _, w := range s {
					b = order.AppendUint32(b, w)
				}
				return b
			}
			ours := nlmsg.AppendAttr(nil, order, 5, words(bits(5, 47, 93)))
			ours = nlmsg.AppendAttr(ours, order, 4, words(bits(5, 93)))
			peer := nlmsg.AppendAttr(nlmsg.AppendAttr(nil, order, 4, words(bits(47))), order, 1, nil)
			b := nlmsg.AppendAttr([]byte{4, 1, 0, 0}, order, 1, nlmsg.AppendUint32(nil, order, 1, 258))
			b = nlmsg.AppendAttr(b, order, 3, ours)
			b = nlmsg.AppendAttr(b, order, 4, peer)
			b = nlmsg.AppendUint32(b, order, 5, 1000)
			before := ethnl.LinkModes{Supported: bits(120), Advertised: bits(120), Peer: bits(120), Duplex: opt.Some[uint8](1)}
			if err := ethnl.DecodeLinkModes(b, order, &before); err != nil {
				t.Fatal(err)
			}
			want := ethnl.LinkModes{
				Index: 258, Supported: bits(5, 47, 93), Advertised: bits(5, 93), Peer: bits(47), Speed: opt.Some[uint32](1000),
			}
			if diff := cmp.Diff(want, before, compareBits); diff != "" {
				t.Errorf("modes, nothing of those before (-want +got):\n%s", diff)
			}
		})
	}
}

func TestDecodeMalformed(t *testing.T) {
	order := binary.LittleEndian
	bit := nlmsg.AppendAttr(nil, order, 1, nlmsg.AppendUint32(nil, order, 1, math.MaxUint32))
	for name, body := range map[string][]byte{
		"half a header":          {4, 1},
		"words of three octets":  nlmsg.AppendAttr([]byte{4, 1, 0, 0}, order, 3, nlmsg.AppendAttr(nil, order, 4, []byte{1, 2, 3})),
		"bit 4294967295":         nlmsg.AppendAttr([]byte{4, 1, 0, 0}, order, 3, nlmsg.AppendAttr(nil, order, 3, bit)),
		"attribute of length 3":  {4, 1, 0, 0, 3, 0, 5, 0},
		"attribute out of range": {4, 1, 0, 0, 0xff, 0xff, 5, 0},
		"speed of two octets":    nlmsg.AppendAttr([]byte{4, 1, 0, 0}, order, 5, []byte{1, 2}),
	} {
		t.Run(name, func(t *testing.T) {
			var l ethnl.LinkModes
			if err := ethnl.DecodeLinkModes(body, order, &l); !errors.Is(err, decode.ErrMalformed) {
				t.Errorf("err = %v, want ErrMalformed", err)
			}
		})
	}
}

func TestAppendGet(t *testing.T) {
	for _, order := range orders {
		flags := nlmsg.AppendUint32(nil, order, 3, 1)
		tests := map[uint32][]byte{
			0: flags,
			7: append(nlmsg.AppendUint32(nil, order, 1, 7), flags...),
		}
		for index, header := range tests {
			want := nlmsg.AppendAttr([]byte{ethnl.CmdLinkModesGet, 1, 0, 0}, order, 0x8001, header)
			got := ethnl.AppendGet(nil, order, ethnl.CmdLinkModesGet, index)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%v: request for %d (-want +got):\n%s", order, index, diff)
			}
		}
	}
}

func TestBest(t *testing.T) {
	tests := map[string]struct {
		supported, advertised, peer ethnl.Bitset
		want                        ethnl.Best
	}{
		"nothing":                         {want: ethnl.Best{}},
		"no modes, only features":         {supported: bits(6, 7, 13, 49, 51), want: ethnl.Best{}},
		"own modes":                       {supported: bits(0, 1, 2, 3, 5, 6), want: ethnl.Best{Speed: 1000, Full: true}},
		"half duplex alone":               {supported: bits(0, 2), want: ethnl.Best{Speed: 100}},
		"modes of both ends":              {supported: bits(1, 3, 5), peer: bits(1, 3, 6), want: ethnl.Best{Speed: 100, Full: true}},
		"half is all that is common":      {supported: bits(2, 3, 5), peer: bits(2), want: ethnl.Best{Speed: 100}},
		"nothing in common":               {supported: bits(5), peer: bits(12), want: ethnl.Best{}},
		"the other end names no mode":     {supported: bits(5), peer: bits(6, 13), want: ethnl.Best{Speed: 1000, Full: true}},
		"offered where none is supported": {advertised: bits(47), want: ethnl.Best{Speed: 2500, Full: true}},
		"offering less is no limit":       {supported: bits(3, 5), advertised: bits(3), want: ethnl.Best{Speed: 1000, Full: true}},
		"800 Gbit/s":                      {supported: bits(98), want: ethnl.Best{Speed: 800000, Full: true}},
		"800 Gbit/s, the last known bit":  {supported: bits(120), want: ethnl.Best{Speed: 800000, Full: true}},
		"bits without a meaning":          {supported: bits(5, 121, 500), want: ethnl.Best{Speed: 1000, Full: true}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			l := ethnl.LinkModes{Supported: tt.supported, Advertised: tt.advertised, Peer: tt.peer}
			if diff := cmp.Diff(tt.want, l.Best()); diff != "" {
				t.Errorf("best (-want +got):\n%s", diff)
			}
		})
	}
}

func TestOffered(t *testing.T) {
	l := ethnl.LinkModes{Supported: bits(3, 5, 12), Advertised: bits(3, 5, 6), Peer: bits(3)}
	if diff := cmp.Diff(ethnl.Best{Speed: 1000, Full: true}, l.Offered()); diff != "" {
		t.Errorf("offered (-want +got):\n%s", diff)
	}
}

func TestBitsetHas(t *testing.T) {
	s := bits(0, 31, 32, 150)
	for n, want := range map[int]bool{-1: false, 0: true, 1: false, 31: true, 32: true, 150: true, 159: false, 160: false, 1 << 30: false} {
		if got := s.Has(n); got != want {
			t.Errorf("Has(%d) = %v, want %v", n, got, want)
		}
	}
}

func TestDecodeAllocatesNothing(t *testing.T) {
	body := sysprobetest.Messages(t, "ethnl", "linkmodes-800g")[0].Data
	var l ethnl.LinkModes
	var err error
	got := testing.AllocsPerRun(100, func() {
		err = errors.Join(err, ethnl.DecodeLinkModes(body, binary.LittleEndian, &l))
	})
	if err != nil || got != 0 {
		t.Errorf("decoding link modes: %v allocations, err %v; want none", got, err)
	}
}

// FuzzDecodeLinkModes checks that sets are not larger than their bytes allow,
// and that the words of a set do not depend on what l held before.
func FuzzDecodeLinkModes(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		ethnl.Command(b)
		var l ethnl.LinkModes
		if err := ethnl.DecodeLinkModes(b, binary.LittleEndian, &l); err != nil {
			if !errors.Is(err, decode.ErrMalformed) {
				t.Fatalf("%v is not ErrMalformed", err)
			}
			return
		}
		used := ethnl.LinkModes{Supported: bits(300), Advertised: bits(300), Peer: bits(300), Index: 9, Speed: opt.Some[uint32](1)}
		if err := ethnl.DecodeLinkModes(b, binary.LittleEndian, &used); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(l, used, cmpopts.EquateEmpty(), compareOpts); diff != "" {
			t.Fatalf("into used memory (-fresh +used):\n%s", diff)
		}
		l.Best()
	})
}

// FuzzDecodeLinkState checks that every error is ErrMalformed.
func FuzzDecodeLinkState(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		if _, err := ethnl.DecodeLinkState(b, binary.LittleEndian); err != nil && !errors.Is(err, decode.ErrMalformed) {
			t.Fatalf("%v is not ErrMalformed", err)
		}
	})
}

// FuzzDecodeFEC checks that nothing depends on what f held before.
func FuzzDecodeFEC(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		var fresh ethnl.FEC
		err := ethnl.DecodeFEC(b, binary.LittleEndian, &fresh)
		if err != nil && !errors.Is(err, decode.ErrMalformed) {
			t.Fatalf("%v is not ErrMalformed", err)
		}
		used := ethnl.FEC{Modes: bits(300), Active: opt.Some[uint32](9), Auto: opt.Some[uint8](1)}
		if again := ethnl.DecodeFEC(b, binary.LittleEndian, &used); (again == nil) != (err == nil) {
			t.Fatalf("%v, and into used memory %v", err, again)
		}
		if diff := cmp.Diff(fresh, used, cmpopts.EquateEmpty(), compareOpts); err == nil && diff != "" {
			t.Fatalf("into used memory (-fresh +used):\n%s", diff)
		}
	})
}

// seed adds the bodies of all fixtures.
func seed(f *testing.F) {
	f.Helper()
	for fixture := range sysprobetest.HexDir(f, "wire", "ethnl") {
		for _, m := range sysprobetest.Messages(f, "ethnl", fixture) {
			f.Add(m.Data)
		}
	}
}
