package nlmsg_test

import (
	"encoding/binary"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"telegraf-sysprobe/sysprobe/internal/decode"
	"telegraf-sysprobe/sysprobe/internal/decode/nlmsg"
	"telegraf-sysprobe/sysprobe/sysprobetest"
)

// order reads and writes numbers.
type order interface {
	binary.ByteOrder
	binary.AppendByteOrder
}

var orders = []order{binary.LittleEndian, binary.BigEndian}

func TestMessagesRoundTrip(t *testing.T) {
	want := []nlmsg.Message{
		{Header: nlmsg.Header{Type: 16, Flags: nlmsg.FlagMulti, Seq: 7, Port: 0x01020304}, Data: []byte("odd")},
		{Header: nlmsg.Header{Type: 0x1234, Seq: math.MaxUint32}, Data: []byte{}},
	}
	for _, order := range orders {
		t.Run(order.String(), func(t *testing.T) {
			var b []byte
			for _, m := range want {
				b = nlmsg.Append(b, order, m)
			}
			if len(b) != 20+16 {
				t.Errorf("%d bytes, want 36: messages are aligned to 4", len(b))
			}
			var got []nlmsg.Message
			for len(b) > 0 {
				var m nlmsg.Message
				var err error
				if m, b, err = nlmsg.Next(b, order); err != nil {
					t.Fatal(err)
				}
				got = append(got, m)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("messages (-want +got):\n%s", diff)
			}
		})
	}
}

func TestNextMalformed(t *testing.T) {
	whole := nlmsg.Append(nil, binary.LittleEndian, nlmsg.Message{Data: make([]byte, 8)})
	withLength := func(n uint32) []byte {
		b := append([]byte(nil), whole...)
		binary.LittleEndian.PutUint32(b, n)
		return b
	}
	for name, b := range map[string][]byte{
		"A31 nothing":                 {},
		"A31 half a header":           whole[:15],
		"A31 truncated last message":  whole[:len(whole)-1],
		"A31 length 0":                withLength(0),
		"A31 shorter than the header": withLength(15),
		"A31 beyond the end":          withLength(25),
		"A31 length of 32 bits":       withLength(math.MaxUint32),
	} {
		t.Run(name, func(t *testing.T) {
			m, rest, err := nlmsg.Next(b, binary.LittleEndian)
			if !errors.Is(err, decode.ErrMalformed) {
				t.Errorf("err = %v, want ErrMalformed", err)
			}
			if strings.HasPrefix(name, "A31 length 0") && reason(err) != "length shorter than the header" {
				t.Errorf("reason %q", reason(err))
			}
			if diff := cmp.Diff(nlmsg.Message{}, m); diff != "" || rest != nil {
				t.Errorf("an error with a result: %v and %d bytes", m, len(rest))
			}
		})
	}
}

// reason is what a decoder says is wrong.
func reason(err error) string {
	var e *decode.Error
	if !errors.As(err, &e) {
		return ""
	}
	return e.Reason
}

func TestDecodeStatus(t *testing.T) {
	tests := []struct {
		fixture string
		want    nlmsg.Status
	}{
		{"error-plain", nlmsg.Status{Errno: 19}},
		{"error-text", nlmsg.Status{Errno: 22, Text: "ipv4: Invalid values in header for address dump request"}},
	}
	for _, tt := range tests {
		t.Run(tt.fixture, func(t *testing.T) {
			m, _, err := nlmsg.Next(sysprobetest.Hex(t, "wire", "rtnl", tt.fixture+".hex"), binary.LittleEndian)
			if err != nil {
				t.Fatal(err)
			}
			got, err := nlmsg.DecodeStatus(m, binary.LittleEndian)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("status (-want +got):\n%s", diff)
			}
		})
	}
}

func TestDecodeStatusForms(t *testing.T) {
	for _, order := range orders {
		text := nlmsg.AppendAttr(nil, order, 1, []byte("why\x00"))
		errno := order.AppendUint32(nil, uint32(math.MaxUint32-95+1)) // -95
		why := nlmsg.Status{Errno: 95, Text: "why"}
		request := nlmsg.Append(nil, order, nlmsg.Message{Data: []byte("12345")})
		join := func(parts ...[]byte) (b []byte) {
			for _, p := range parts {
				b = append(b, p...)
			}
			return b
		}
		tests := map[string]struct {
			typ, flags uint16
			data       []byte
			want       nlmsg.Status
		}{
			"done without a status":  {nlmsg.TypeDone, 0, nil, nlmsg.Status{}},
			"done":                   {nlmsg.TypeDone, 0, make([]byte, 4), nlmsg.Status{}},
			"done with an error":     {nlmsg.TypeDone, nlmsg.FlagAckTLVs, join(errno, text), why},
			"acknowledgement":        {nlmsg.TypeError, 0, join(make([]byte, 4), request), nlmsg.Status{}},
			"error, request whole":   {nlmsg.TypeError, nlmsg.FlagAckTLVs, join(errno, request, text), why},
			"error, request capped":  {nlmsg.TypeError, nlmsg.FlagAckTLVs | nlmsg.FlagCapped, join(errno, request[:16], text), why},
			"error without a reason": {nlmsg.TypeError, nlmsg.FlagCapped, join(errno, request[:16]), nlmsg.Status{Errno: 95}},
		}
		for name, tt := range tests {
			t.Run(order.String()+" "+name, func(t *testing.T) {
				m := nlmsg.Message{Header: nlmsg.Header{Type: tt.typ, Flags: tt.flags}, Data: tt.data}
				got, err := nlmsg.DecodeStatus(m, order)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(tt.want, got); diff != "" {
					t.Errorf("status (-want +got):\n%s", diff)
				}
			})
		}
	}
}

// attr is one attribute as a walk finds it.
type attr struct {
	Type  uint16
	Value []byte
}

// walk reads all attributes, and those nested in ones of type 9.
func walk(b []byte, order binary.ByteOrder) ([]attr, error) {
	var got []attr
	c := decode.NewCursor(b, order, "attributes")
	for a := nlmsg.AttrsOf(c); a.Next(); {
		if a.Type == 9 {
			for n := nlmsg.AttrsOf(c); n.Next(); {
				got = append(got, attr{n.Type, n.Text()})
			}
			continue
		}
		got = append(got, attr{a.Type, c.Bytes(c.Len())})
	}
	return got, c.Err()
}

func TestAttrs(t *testing.T) {
	for _, order := range orders {
		t.Run(order.String(), func(t *testing.T) {
			b := nlmsg.AppendAttr(nil, order, 1, []byte("abcde"))
			inner := nlmsg.AppendAttr(nil, order, 2, []byte("in\x00junk"))
			b = nlmsg.AppendAttr(b, order, 9|0x8000, nlmsg.AppendAttr(inner, order, 3, nil))
			b = nlmsg.AppendUint32(b, order, 4, 5)
			got, err := walk(b, order)
			if err != nil {
				t.Fatal(err)
			}
			want := []attr{
				{1, []byte("abcde")}, {2, []byte("in")}, {3, []byte{}}, {4, order.AppendUint32(nil, 5)},
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("attributes (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAttrsLastWithoutPadding(t *testing.T) {
	got, err := walk([]byte{5, 0, 1, 0, 'x'}, binary.LittleEndian)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]attr{{1, []byte("x")}}, got); diff != "" {
		t.Errorf("attributes (-want +got):\n%s", diff)
	}
}

func TestAttrsMalformed(t *testing.T) {
	good := nlmsg.AppendUint32(nil, binary.LittleEndian, 1, 1)
	for name, tail := range map[string][]byte{
		"A31 length 0":              {0, 0, 1, 0},
		"A31 length 3":              {3, 0, 1, 0},
		"A31 length 65535":          {0xff, 0xff, 1, 0, 1, 2, 3, 4},
		"A31 half a header":         {8, 0},
		"A31 value cut":             {8, 0, 1, 0, 1, 2, 3},
		"A31 nested beyond its end": {8, 0, 9, 0, 8, 0, 1, 0, 1, 2, 3, 4},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := walk(append(append([]byte(nil), good...), tail...), binary.LittleEndian)
			if !errors.Is(err, decode.ErrMalformed) {
				t.Errorf("err = %v, want ErrMalformed", err)
			}
			short := strings.HasSuffix(name, "length 0") || strings.HasSuffix(name, "length 3")
			if short != (reason(err) == "attribute shorter than its header") {
				t.Errorf("reason %q", reason(err))
			}
			if len(got) != 1 {
				t.Errorf("got %d attributes, want the 1 before the error", len(got))
			}
		})
	}
}

func TestAppendAttrCutsWhatNoLengthCanSay(t *testing.T) {
	b := nlmsg.AppendAttr(nil, binary.LittleEndian, 1, make([]byte, 70000))
	got, err := walk(b, binary.LittleEndian)
	if err != nil || len(got) != 1 || len(got[0].Value) != math.MaxUint16-4 {
		t.Errorf("got %d attributes, err %v; want one of the greatest length", len(got), err)
	}
}

// FuzzNext takes messages off until there are none: each time fewer bytes are
// left, and a message written again is the one that was read.
func FuzzNext(f *testing.F) {
	for _, b := range sysprobetest.HexDir(f, "wire", "rtnl") {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		for len(b) > 0 {
			m, rest, err := nlmsg.Next(b, binary.LittleEndian)
			if err != nil {
				return
			}
			if len(rest) >= len(b) {
				t.Fatalf("%d bytes left of %d", len(rest), len(b))
			}
			again, _, err := nlmsg.Next(nlmsg.Append(nil, binary.LittleEndian, m), binary.LittleEndian)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(m, again); diff != "" {
				t.Fatalf("message (-read +written and read):\n%s", diff)
			}
			b = rest
		}
	})
}

// FuzzDecodeStatus gives an errno only with the bytes for one.
func FuzzDecodeStatus(f *testing.F) {
	for _, name := range []string{"error-plain", "error-text"} {
		f.Add(nlmsg.TypeError, nlmsg.FlagAckTLVs, sysprobetest.Hex(f, "wire", "rtnl", name+".hex")[nlmsg.HeaderLen:])
	}
	f.Fuzz(func(t *testing.T, typ, flags uint16, data []byte) {
		m := nlmsg.Message{Header: nlmsg.Header{Type: typ, Flags: flags}, Data: data}
		s, err := nlmsg.DecodeStatus(m, binary.LittleEndian)
		if err != nil && !errors.Is(err, decode.ErrMalformed) {
			t.Fatalf("%v is not ErrMalformed", err)
		}
		if len(data) < 4 && s.Errno != 0 {
			t.Fatalf("errno %d out of %d bytes", s.Errno, len(data))
		}
	})
}

// FuzzAttrs walks to an end: an attribute takes at least its header.
func FuzzAttrs(f *testing.F) {
	f.Add([]byte{8, 0, 9, 0, 8, 0, 1, 0, 1, 2, 3, 4})
	f.Add([]byte{0xff, 0xff, 1, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := walk(b, binary.LittleEndian)
		if len(got) > len(b)/4 {
			t.Fatalf("%d attributes in %d bytes", len(got), len(b))
		}
		if err != nil && !errors.Is(err, decode.ErrMalformed) {
			t.Fatalf("%v is not ErrMalformed", err)
		}
	})
}
