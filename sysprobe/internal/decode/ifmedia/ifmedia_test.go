package ifmedia

import (
	"encoding/binary"
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"telegraf-sysprobe/sysprobe/internal/decode"
	"telegraf-sysprobe/sysprobe/internal/opt"
	"telegraf-sysprobe/sysprobe/sysprobetest"
)

var numbers = cmpopts.EquateComparable(opt.Opt[uint32]{}, opt.Opt[bool]{})

// layoutOf returns the layout that a recording is in.
func layoutOf(t testing.TB, name string) Layout {
	t.Helper()
	l, ok := LayoutOf(strings.TrimRight(strings.SplitN(name, "-", 2)[0], "0123456789"), "amd64")
	if !ok {
		t.Fatalf("no layout for %s", name)
	}
	return l
}

// auto is the word of an Ethernet that chooses its medium.
func auto(raw uint64) Word { return Word{Raw: raw, Type: TypeEthernet, Auto: true} }

// ether is the word of an Ethernet of that speed in Mbit/s.
func ether(raw uint64, speed uint32, duplex Duplex) Word {
	return Word{Raw: raw, Type: TypeEthernet, Speed: opt.Some(speed), Duplex: duplex}
}

// configured are what the files of testdata/wire/ifmedia have to decode to.
func configured() map[string]Media {
	up, down := opt.Some(true), opt.Some(false)
	media := func(name string, active opt.Opt[bool], words uint32, current, link Word) Media {
		return Media{Name: []byte(name), Active: active, Words: words, Current: current, Link: link}
	}
	// SIOCGIFMEDIA of FreeBSD folds what is chosen into IFM_OTHER, and not what
	// is in use.
	folded := Word{Raw: 0x10003f, Type: TypeEthernet, Duplex: DuplexFull}
	lr8 := ether(0x101832, 400000, DuplexFull)
	all := map[string]Media{
		"freebsd13-em0-media":    media("em0", up, 4, auto(0x20), ether(0x100030, 1000, DuplexFull)),
		"freebsd13-em1-media":    media("em1", down, 2, auto(0x20), Word{}),
		"freebsd13-em2-media":    media("em2", up, 2, auto(0x20), ether(0x100835, 25000, DuplexFull)),
		"freebsd13-em3-media":    media("em3", up, 1, ether(0x200026, 100, DuplexHalf), ether(0x200026, 100, DuplexHalf)),
		"freebsd13-em4-media":    media("em4", up, 1, folded, lr8),
		"freebsd13-em4-xmedia":   media("em4", up, 1, lr8, lr8),
		"openbsd65-em0":          media("em0", up, 3, auto(0x100), ether(0x10000020110, 1000, DuplexFull)),
		"openbsd65-em1":          media("em1", down, 1, auto(0x100), Word{}),
		"openbsd65-ix0":          media("ix0", up, 1, ether(0x1000000012f, 25000, DuplexFull), ether(0x1000000012f, 25000, DuplexFull)),
		"openbsd65-re0":          media("re0", up, 1, ether(0x20000000106, 100, DuplexHalf), ether(0x20000000106, 100, DuplexHalf)),
		"netbsd79934-tap0":       media("tap0", opt.Opt[bool]{}, 7, auto(0x20), Word{}),
		"netbsd79934-tap1":       media("tap1", opt.Opt[bool]{}, 7, auto(0x20), Word{}),
		"netbsd79934-tap0-1000t": media("tap0", opt.Opt[bool]{}, 7, ether(0x100030, 1000, DuplexFull), Word{}),
		"netbsd79934-tap0-100tx": media("tap0", opt.Opt[bool]{}, 7, ether(0x26, 100, DuplexUnknown), Word{}),
		"netbsd79934-tap0-10t":   media("tap0", opt.Opt[bool]{}, 7, ether(0x100023, 10, DuplexFull), Word{}),
	}
	for _, card := range []string{"em0", "em1", "em2", "em3"} {
		all["freebsd13-"+card+"-xmedia"] = all["freebsd13-"+card+"-media"]
	}
	return all
}

func TestDecode(t *testing.T) {
	want := configured()
	for name, b := range sysprobetest.HexDir(t, "wire", "ifmedia") {
		t.Run(name, func(t *testing.T) {
			l := layoutOf(t, name)
			got, err := l.Decode(b, binary.LittleEndian)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want[name], got, numbers); diff != "" {
				t.Errorf("media (-want +got):\n%s", diff)
			}
			for n := range b {
				if got, err := l.Decode(b[:n], binary.LittleEndian); !errors.Is(err, decode.ErrMalformed) || !cmp.Equal(got, Media{}, numbers) {
					t.Errorf("cut at %d: %+v, error %v", n, got, err)
				}
			}
		})
	}
}

// TestEveryLayoutAndOrder lays one answer out for each system, architecture and
// byte order.
func TestEveryLayoutAndOrder(t *testing.T) {
	sizes := map[string]int{
		"freebsd/amd64": 48, "freebsd/arm64": 48, "freebsd/386": 40, "freebsd/arm": 40,
		"openbsd/amd64": 64, "openbsd/arm64": 64, "openbsd/386": 56, "openbsd/arm": 56,
		"netbsd/amd64": 48, "netbsd/arm64": 48, "netbsd/386": 40, "netbsd/arm": 40,
		"darwin/amd64": 44, "darwin/arm64": 44,
	}
	for target := range layoutNames {
		goos, goarch, _ := strings.Cut(target, "/")
		l, ok := LayoutOf(goos, goarch)
		if !ok || l.Size != sizes[target] || l.List.At+l.List.Size != l.Size {
			t.Errorf("%s: %d bytes, %v; want %d", target, l.Size, ok, sizes[target])
		}
		for _, order := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
			b := make([]byte, l.Size)
			copy(b, "name-of-15-byte")
			put := func(f decode.Field, n uint64) {
				if f.Size == 8 {
					order.PutUint64(b[f.At:], n)
				} else {
					order.PutUint32(b[f.At:], uint32(n))
				}
			}
			put(l.Current, l.ethernet)
			put(l.Active, l.ethernet|0x10|l.full)
			put(l.Status, 3)
			put(l.Count, 5)
			got, err := l.Decode(b, order)
			want := Media{
				Name: []byte("name-of-15-byte"), Active: opt.Some(true), Words: 5,
				Current: auto(l.ethernet), Link: ether(l.ethernet|0x10|l.full, 1000, DuplexFull),
			}
			if diff := cmp.Diff(want, got, numbers); diff != "" || err != nil {
				t.Errorf("%s, %v: error %v, media (-want +got):\n%s", target, order, err, diff)
			}
		}
	}
	for _, target := range []string{"linux", "freebsd", ""} {
		if l, ok := LayoutOf(target, ""); ok || !reflect.DeepEqual(l, Layout{}) {
			t.Errorf("%q has a layout", target)
		}
	}
}

// TestI12Speeds is acceptance case I12: the media from 2.5 to 400 Gbit/s have
// their speeds.
func TestI12Speeds(t *testing.T) {
	for target, words := range map[string]map[uint64]uint32{
		"freebsd": {
			0x100023: 10, 0x100026: 100, 0x100030: 1000, 0x100825: 2500, 0x100826: 5000, 0x10003a: 10000, 0x100835: 25000,
			0x10003b: 40000, 0x100838: 50000, 0x10082f: 100000, 0x101827: 200000, 0x101832: 400000, 0x101836: 50000,
		},
		"openbsd": {0x10000000122: 2500, 0x10000000123: 5000, 0x10000000116: 10000, 0x1000000012f: 25000, 0x10000000119: 40000, 0x1000000012a: 100000},
		"netbsd": {
			0x100030: 1000, 0x10003a: 10000, 0x100035: 2500, 0x10003c: 2500, 0x10003d: 2500, 0x10003e: 5000, 0x102021: 5000,
			0x10202d: 25000, 0x10402b: 56000, 0x10402d: 100000, 0x106024: 400000, 0x10602f: 400000,
		},
		"darwin": {0x100036: 2500, 0x100037: 5000, 0x100035: 10000, 0x110035: 25000, 0x11002f: 100000, 0x130027: 200000, 0x130032: 400000},
	} {
		l, _ := LayoutOf(target, "amd64")
		for raw, speed := range words {
			if got, want := l.Word(raw), ether(raw, speed, DuplexFull); got != want {
				t.Errorf("%s: %#x is %+v, want %+v", target, raw, got, want)
			}
		}
	}
}

// TestUnknownWords leaves the speed of what no table has absent, and keeps the
// number.
func TestUnknownWords(t *testing.T) {
	for target, words := range map[string]map[uint64]Word{
		"freebsd": {
			0:          {Auto: true},
			0x101839:   {Type: TypeEthernet, Duplex: DuplexFull}, // a subtype of a newer kernel
			0x10003f:   {Type: TypeEthernet, Duplex: DuplexFull}, // IFM_OTHER
			0x22:       {Type: TypeEthernet},                     // IFM_NONE
			0x300030:   {Type: TypeEthernet, Speed: opt.Some[uint32](1000)},
			0x108030:   {Type: TypeEthernet, Duplex: DuplexFull}, // a reserved bit
			0x8b:       {Type: TypeWireless},
			0x100060:   {Auto: true}, // FDDI, which FreeBSD lacks
			0xffffffff: {},
		},
		"netbsd":  {0x10003f: {Type: TypeEthernet, Duplex: DuplexFull}, 0x100830: {Type: TypeEthernet, Duplex: DuplexFull}},
		"openbsd": {0x403: {Type: TypeWireless}, 0x1fe: {Type: TypeEthernet}, ^uint64(0): {}},
		"darwin":  {0x1f003f: {Type: TypeEthernet, Duplex: DuplexFull}},
	} {
		l, _ := LayoutOf(target, "amd64")
		for raw, want := range words {
			want.Raw = raw
			if got := l.Word(raw); got != want {
				t.Errorf("%s: %#x is %+v, want %+v", target, raw, got, want)
			}
		}
	}
}

func TestAppendWords(t *testing.T) {
	for _, target := range []string{"freebsd", "openbsd"} {
		l, _ := LayoutOf(target, "amd64")
		want := []Word{auto(l.ethernet), ether(l.ethernet|0x10|l.half, 1000, DuplexHalf)}
		for _, order := range []binary.AppendByteOrder{binary.LittleEndian, binary.BigEndian} {
			var b []byte
			for _, w := range want {
				if l.Current.Size == 8 {
					b = order.AppendUint64(b, w.Raw)
				} else {
					b = order.AppendUint32(b, uint32(w.Raw))
				}
			}
			got, err := l.AppendWords(nil, b, order.(binary.ByteOrder))
			if diff := cmp.Diff(want, got, numbers); diff != "" || err != nil {
				t.Errorf("%s: error %v, words (-want +got):\n%s", target, err, diff)
			}
			got, err = l.AppendWords(nil, b[:len(b)-1], order.(binary.ByteOrder))
			if !errors.Is(err, decode.ErrMalformed) || len(got) != 1 {
				t.Errorf("%s: cut: %d words, error %v", target, len(got), err)
			}
		}
	}
	var none Layout
	if _, err := none.AppendWords(nil, nil, binary.LittleEndian); !errors.Is(err, decode.ErrMalformed) {
		t.Errorf("no layout: error %v", err)
	}
	if _, err := none.Decode(nil, binary.LittleEndian); !errors.Is(err, decode.ErrMalformed) {
		t.Errorf("no layout: error %v", err)
	}
}

func FuzzIfmedia(f *testing.F) {
	for _, b := range sysprobetest.HexDir(f, "wire", "ifmedia") {
		f.Add(b, uint8(0), false)
	}
	targets := strings.Fields("freebsd/amd64 freebsd/386 openbsd/amd64 openbsd/386 netbsd/amd64 netbsd/386 darwin/arm64")
	f.Fuzz(func(t *testing.T, b []byte, target uint8, big bool) {
		goos, goarch, _ := strings.Cut(targets[int(target)%len(targets)], "/")
		l, _ := LayoutOf(goos, goarch)
		var order binary.ByteOrder = binary.LittleEndian
		if big {
			order = binary.BigEndian
		}
		m, err := l.Decode(b, order)
		if (err != nil) != (len(b) < l.Size) || err != nil && !errors.Is(err, decode.ErrMalformed) {
			t.Fatal(err)
		}
		if m.Link != (Word{}) && !m.Active.Or(false) {
			t.Fatalf("%+v has a link and is not active", m)
		}
		words, err := l.AppendWords(nil, b, order)
		if len(words) != len(b)/l.Current.Size || (err != nil) != (len(b)%l.Current.Size != 0) {
			t.Fatalf("%d words of %d bytes, error %v", len(words), len(b), err)
		}
	})
}

// BenchmarkWords decodes 1,000 media words.
func BenchmarkWords(b *testing.B) {
	for _, target := range []string{"freebsd", "openbsd"} {
		b.Run(target, func(b *testing.B) {
			l, _ := LayoutOf(target, "amd64")
			var list []byte
			for i := range 1000 {
				raw := l.ethernet | uint64(i)&0x1f | l.full
				if l.Current.Size == 8 {
					list = binary.LittleEndian.AppendUint64(list, raw)
				} else {
					list = binary.LittleEndian.AppendUint32(list, uint32(raw))
				}
			}
			var dst []Word
			b.ReportAllocs()
			for b.Loop() {
				var err error
				if dst, err = l.AppendWords(dst[:0], list, binary.LittleEndian); err != nil || len(dst) != 1000 {
					b.Fatal(len(dst), err)
				}
			}
		})
	}
}
