package kinfo

import (
	"encoding/binary"
	"errors"
	"reflect"
	"slices"
	"testing"
	"time"

	"telegraf-sysprobe/sysprobe/internal/decode"
	"telegraf-sysprobe/sysprobe/internal/opt"
	"telegraf-sysprobe/sysprobe/sysprobetest"
)

// TestAppendCut cuts every recording at every byte: the processes whose records
// are whole stay, and the error says that the next one is not.
func TestAppendCut(t *testing.T) {
	want := recordings()
	for name, b := range sysprobetest.HexDir(t, "wire", "kinfo") {
		d := decoderOf(t, want[name])
		size := max(d.ElemSize, 0)
		if size == 0 {
			size = d.Layout.Size
		}
		var got, whole []Proc
		var err error
		for n := range len(b) {
			got, err = d.Append(got[:0], b[:n])
			cut := n%size != 0
			if !cut {
				whole = slices.Clone(got)
			}
			if errors.Is(err, decode.ErrMalformed) != cut || len(got) != len(whole) || !reflect.DeepEqual(last(got), last(whole)) {
				t.Fatalf("%s cut at %d: %d processes, want %d; error %v", name, n, len(got), len(whole), err)
			}
		}
	}
}

// last returns the last process.
func last(all []Proc) Proc {
	if len(all) == 0 {
		return Proc{}
	}
	return all[len(all)-1]
}

// table is a recording of one record to spoil.
func table(t testing.TB, name string) ([]byte, *Decoder) {
	return sysprobetest.Hex(t, "wire", "kinfo", name+".hex"), decoderOf(t, recordings()[name])
}

func TestAppendMalformed(t *testing.T) {
	b, d := table(t, "freebsd13-proc")
	second := d.Layout.Size
	for name, spoil := range map[string]func([]byte, *Decoder){
		"size of another layout":     func(b []byte, _ *Decoder) { binary.LittleEndian.PutUint32(b[second:], 768) },
		"size of 0":                  func(b []byte, _ *Decoder) { binary.LittleEndian.PutUint32(b[second:], 0) },
		"size that lies":             func(b []byte, _ *Decoder) { binary.LittleEndian.PutUint32(b[second:], 1<<31) },
		"version of a newer kernel":  func(b []byte, _ *Decoder) { b[second+4] = 1 },
		"bytes of the other order":   func(b []byte, _ *Decoder) { slices.Reverse(b[second : second+4]) },
		"records of the other order": func(_ []byte, d *Decoder) { d.Order = binary.BigEndian },
	} {
		bytes, decoder := slices.Clone(b), *d
		spoil(bytes, &decoder)
		got, err := decoder.Append(nil, bytes)
		kept := len(bytes)/second - 1 // all others
		if decoder.Order == binary.BigEndian {
			kept = 0
		}
		if !errors.Is(err, decode.ErrMalformed) || len(got) != kept {
			t.Errorf("%s: %d processes, error %v", name, len(got), err)
		}
	}
	for _, size := range []int{1, 100, 335} {
		b, d := table(t, "openbsd65-all")
		d.ElemSize = size
		if got, err := d.Append(nil, b); !errors.Is(err, decode.ErrMalformed) || len(got) > 0 {
			t.Errorf("elements of %d bytes: %d processes, error %v", size, len(got), err)
		}
	}
	none := Decoder{Order: binary.LittleEndian}
	if got, err := none.Append(nil, []byte{1}); !errors.Is(err, decode.ErrMalformed) || len(got) > 0 {
		t.Errorf("no layout: %d processes, error %v", len(got), err)
	}
}

// TestUnknownState keeps the number of a state that no header has.
func TestUnknownState(t *testing.T) {
	for _, tt := range []struct {
		file string
		raw  []int8
	}{
		{"freebsd13-pid", []int8{0, 8, 9, 127, -1, -128}},
		{"openbsd65-pid", []int8{0, 8, 9, 127, -1, -128}},
		{"netbsd79934-pid1", []int8{0, 6, 9, 127, -1, -128}},
		{"xnu11417-all", []int8{0, 6, 9, 127, -1, -128}},
	} {
		b, d := table(t, tt.file)
		for _, raw := range tt.raw {
			b[d.Layout.Stat.At] = byte(raw)
			got, err := d.Append(nil, b)
			if err != nil || got[0].State != StateUnknown || got[0].RawState != raw || got[0].ExitStatus.Known() {
				t.Errorf("%s: state %d is %v, %d, error %v", tt.file, raw, got[0].State, got[0].RawState, err)
			}
		}
	}
	b, d := table(t, "netbsd79934-pid1")
	b[d.Layout.RealStat.At] = 9
	if got, err := d.Append(nil, b); err != nil || got[0].State != StateUnknown || got[0].RawState != 9 {
		t.Errorf("p_realstat 9 is %v, error %v", got, err)
	}
}

// TestNamesWithoutEnd fills names with bytes up to the last: a name ends where
// its field does.
func TestNamesWithoutEnd(t *testing.T) {
	for _, file := range []string{"freebsd13-pid", "openbsd65-pid", "netbsd79934-pid1", "xnu11417-all"} {
		b, d := table(t, file)
		for _, f := range []decode.Field{d.Layout.Name, d.Layout.Login, d.Layout.WaitChannel} {
			for i := range f.Size {
				b[f.At+i] = 0xff
			}
		}
		got, err := d.Append(nil, b)
		if err != nil || len(got[0].Name) != d.Layout.Name.Size || len(got[0].Login) != d.Layout.Login.Size {
			t.Errorf("%s: name %q, login %q, error %v", file, got[0].Name, got[0].Login, err)
		}
		if p := got[0]; cap(p.Name) != len(p.Name) || cap(p.Login) != len(p.Login) {
			t.Errorf("%s: an append to a name would write into the table", file)
		}
	}
}

// TestTimesThatNoClockShows leaves absent what is below 0 or beyond any clock.
func TestTimesThatNoClockShows(t *testing.T) {
	for _, bad := range []struct{ sec, usec uint64 }{{1 << 62, 0}, {1 << 63, 0}, {1, 1e6}, {1, 1 << 31}, {^uint64(0), ^uint64(0)}} {
		b, d := table(t, "freebsd13-pid")
		for _, s := range []span{d.Layout.Start, d.Layout.UserTime} {
			binary.LittleEndian.PutUint64(b[s.sec.At:], bad.sec)
			binary.LittleEndian.PutUint64(b[s.usec.At:], bad.usec)
		}
		got, err := d.Append(nil, b)
		if err != nil || got[0].Start.Known() || got[0].UserTime.Known() || !got[0].SystemTime.Known() {
			t.Errorf("%v: start %v, user time %v, error %v", bad, got[0].Start, got[0].UserTime, err)
		}
	}
	b, d := table(t, "freebsd13-pid")
	binary.LittleEndian.PutUint64(b[d.Layout.RunTime.usec.At:], 1<<33)
	binary.LittleEndian.PutUint64(b[d.Layout.RSS.At:], ^uint64(0))
	got, err := d.Append(nil, b)
	if want := opt.Some(time.Duration(1<<33) * time.Microsecond); err != nil || got[0].RunTime != want || got[0].RSS.Known() {
		t.Errorf("run time %v, RSS %v, error %v", got[0].RunTime, got[0].RSS, err)
	}
}
