package ntinfo

import (
	"encoding/binary"
	"errors"
	"slices"
	"testing"

	"telegraf-sysprobe/sysprobe/internal/decode"
)

func TestDecodeTimeOfDay(t *testing.T) {
	var b []byte
	for _, n := range []uint64{133e15, 134e15, 7, 1, 500, 9} {
		b = binary.LittleEndian.AppendUint64(b, n)
	}
	if got, err := DecodeTimeOfDay(b); err != nil || got != (TimeOfDay{Boot: 133e15, Now: 134e15, Bias: 500}) || got.FirstBoot() != 133e15-500 {
		t.Errorf("%+v, %v", got, err)
	}
	if got, err := DecodeTimeOfDay(b[:16]); err != nil || got.FirstBoot() != 133e15 {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := DecodeTimeOfDay(b[:15]); !errors.Is(err, decode.ErrMalformed) {
		t.Errorf("%v, want malformed", err)
	}
}

// processors are records of the relations, each with size bytes.
func processors(size uint32, relations ...uint32) []byte {
	var b []byte
	for _, relation := range relations {
		record := make([]byte, max(size, 8))
		binary.LittleEndian.PutUint32(record, relation)
		binary.LittleEndian.PutUint32(record[4:], size)
		b = append(b, record...)
	}
	return b
}

func TestDecodeProcessors(t *testing.T) {
	// 130 cores are in three groups of processors.
	b := processors(48, append(slices.Repeat([]uint32{relationCore}, 130), relationPackage, relationPackage, 1, 2, 4)...)
	if got, err := DecodeProcessors(b); err != nil || got != (Processors{Cores: 130, Packages: 2}) {
		t.Errorf("%+v, %v", got, err)
	}
	for _, bad := range [][]byte{b[:47], processors(0, 0), processors(7, 0), make([]byte, 4)} {
		if _, err := DecodeProcessors(bad); !errors.Is(err, decode.ErrMalformed) {
			t.Errorf("%d bytes: %v, want malformed", len(bad), err)
		}
	}
}

// commandLine is the answer for a text of that many bytes.
func commandLine(wordSize int, text string, length uint16) []byte {
	b := make([]byte, 2*wordSize)
	binary.LittleEndian.PutUint16(b, length)
	if wordSize == 4 {
		binary.LittleEndian.PutUint32(b[4:], uint32(base(4))+8)
	} else {
		binary.LittleEndian.PutUint64(b[8:], base(8)+16)
	}
	return append(b, text...)
}

func TestCommandLine(t *testing.T) {
	for _, wordSize := range []int{4, 8} {
		if got, err := CommandLine(commandLine(wordSize, "a\x00b\x00", 4), base(wordSize), wordSize); string(got) != "a\x00b\x00" || err != nil {
			t.Errorf("%q, %v", got, err)
		}
		if got, err := CommandLine(commandLine(wordSize, "", 0), base(wordSize), wordSize); got != nil || err != nil {
			t.Errorf("%q, %v, want none", got, err)
		}
		for _, b := range [][]byte{nil, commandLine(wordSize, "a\x00b\x00", 6), commandLine(wordSize, "a\x00", 0xffff)} {
			if got, err := CommandLine(b, base(wordSize), wordSize); !errors.Is(err, decode.ErrMalformed) {
				t.Errorf("%q: %q, %v, want malformed", b, got, err)
			}
		}
	}
}

// TestSplitCommandLine has the examples of the documentation of
// CommandLineToArgvW.
func TestSplitCommandLine(t *testing.T) {
	for _, tt := range []struct {
		line string
		want []string
	}{
		{``, nil},
		{`svchost.exe -k netsvcs`, []string{`svchost.exe`, `-k`, `netsvcs`}},
		{`"C:\Program Files\a b.exe" "x y"  z`, []string{`C:\Program Files\a b.exe`, `x y`, `z`}},
		{`C:\dir\a.exe	b`, []string{`C:\dir\a.exe`, `b`}},
		{`a "abc" d e`, []string{`a`, `abc`, `d`, `e`}},
		{`a a\\b d"e f"g h`, []string{`a`, `a\\b`, `de fg`, `h`}},
		{`a a\\\"b c d`, []string{`a`, `a\"b`, `c`, `d`}},
		{`a a\\\\"b c" d e`, []string{`a`, `a\\b c`, `d`, `e`}},
		{`a "C:\dir\\" b`, []string{`a`, `C:\dir\`, `b`}},
		{`a "say ""hi""" b`, []string{`a`, `say "hi"`, `b`}},
		{`a ""`, []string{`a`, ``}},
		{`"no end`, []string{`no end`}},
		{`a "no end`, []string{`a`, `no end`}},
		{`a   `, []string{`a`}},
	} {
		if got := SplitCommandLine(tt.line); !slices.Equal(got, tt.want) {
			t.Errorf("%s: %q, want %q", tt.line, got, tt.want)
		}
	}
}

func FuzzSystem(f *testing.F) {
	f.Add(commandLine(8, "a\x00b\x00", 4), base(8), false)
	f.Add(processors(48, 0, 3), uint64(0), true)
	f.Fuzz(func(t *testing.T, b []byte, at uint64, short bool) {
		wordSize := 8
		if short {
			wordSize = 4
		}
		if _, err := DecodeTimeOfDay(b); err == nil != (len(b) >= 16) {
			t.Error(err)
		}
		if p, _ := DecodeProcessors(b); p.Cores+p.Packages > len(b)/8 {
			t.Errorf("%+v of %d bytes", p, len(b))
		}
		if text, err := CommandLine(b, at, wordSize); len(text) > len(b) || err != nil && !errors.Is(err, decode.ErrMalformed) {
			t.Errorf("%q, %v", text, err)
		}
		if args := SplitCommandLine(string(b)); len(args) > len(b) || len(b) > 0 && len(args) == 0 {
			t.Errorf("%q is %q", b, args)
		}
	})
}
