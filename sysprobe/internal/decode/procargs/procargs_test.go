package procargs

import (
	"bytes"
	"encoding/binary"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"telegraf-sysprobe/sysprobe/internal/decode"
)

// texts returns strings as text, to compare and to print.
func texts(all [][]byte) []string {
	var texts []string
	for _, s := range all {
		texts = append(texts, string(s))
	}
	return texts
}

func TestAppendStrings(t *testing.T) {
	for name, tt := range map[string]struct {
		b    string
		want []string
	}{
		"none":               {"", nil},
		"one":                {"init\x00", []string{"init"}},
		"without an end":     {"init\x00-a", []string{"init", "-a"}},
		"empty arguments":    {"\x00a\x00\x00\x00", []string{"", "a", "", ""}},
		"a title":            {"nginx: worker process (1)\x00", []string{"nginx: worker process (1)"}},
		"no text":            {"\xff\xfe\n\x00", []string{"\xff\xfe\n"}},
		"an argument of 1 M": {strings.Repeat("x", 1<<20) + "\x00", []string{strings.Repeat("x", 1<<20)}},
	} {
		if diff := cmp.Diff(tt.want, texts(AppendStrings(nil, []byte(tt.b)))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	if got := AppendStrings([][]byte{[]byte("kept")}, []byte("a")); len(got) != 2 || string(got[0]) != "kept" {
		t.Errorf("got %q", got)
	}
}

// vector is an array of pointers to strings, at an address, and the strings.
func vector(order binary.ByteOrder, pointerSize int, address uint64, args ...string) []byte {
	var array, all []byte
	put := func(p uint64) {
		word := make([]byte, pointerSize)
		if pointerSize == 8 {
			order.PutUint64(word, p)
		} else {
			order.PutUint32(word, uint32(p))
		}
		array = append(array, word...)
	}
	begin := address + uint64((len(args)+1)*pointerSize)
	for _, s := range args {
		put(begin + uint64(len(all)))
		all = append(append(all, s...), 0)
	}
	put(0)
	return append(array, all...)
}

func TestAppendVector(t *testing.T) {
	for _, order := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
		for _, size := range []int{4, 8} {
			for _, args := range [][]string{nil, {"init"}, {"sshd", "", "-D", "\xff\xfe"}, {""}} {
				b := vector(order, size, 0x7f001000, args...)
				got, err := AppendVector(nil, b, order, size)
				if diff := cmp.Diff(args, texts(got)); diff != "" || err != nil {
					t.Errorf("%v, pointers of %d bytes: error %v, arguments (-want +got):\n%s", order, size, err, diff)
				}
				for n := range len(b) {
					got, err := AppendVector(nil, b[:n], order, size)
					if len(got) > len(args) || err != nil && !errors.Is(err, decode.ErrMalformed) || n <= (len(args)+1)*size && err == nil {
						t.Errorf("%q cut at %d: %q, error %v", args, n, got, err)
					}
				}
			}
		}
	}
	b := vector(binary.LittleEndian, 8, 1<<32, "a", "b")
	binary.LittleEndian.PutUint64(b[8:], 1<<32)
	if got, err := AppendVector(nil, b, binary.LittleEndian, 8); !errors.Is(err, decode.ErrMalformed) || len(got) != 1 {
		t.Errorf("a pointer before the strings: %q, error %v", got, err)
	}
	for _, size := range []int{-1, 0, 3, 16} {
		if got, err := AppendVector(nil, b, binary.LittleEndian, size); !errors.Is(err, decode.ErrMalformed) || got != nil {
			t.Errorf("pointers of %d bytes: %q, error %v", size, got, err)
		}
	}
}

// procargs2 is an answer to KERN_PROCARGS2.
func procargs2(order binary.AppendByteOrder, argc uint32, rest string) []byte {
	return append(order.AppendUint32(nil, argc), rest...)
}

func TestDecode(t *testing.T) {
	const strings2 = "/bin/zsh\x00\x00\x00\x00\x00\x00\x00\x00sh\x00-c\x00\x00ls\x00A=1\x00B=\x00\x00executable_path=/bin/zsh\x00"
	for name, tt := range map[string]struct {
		argc uint32
		rest string
		want Args
		bad  bool
	}{
		"arguments and environment": {4, strings2, Args{Path: []byte("/bin/zsh"), Args: bytesOf("sh", "-c", "", "ls"), Env: bytesOf("A=1", "B=")}, false},
		"no environment":            {1, "/sbin/launchd\x00\x00/sbin/launchd\x00", Args{Path: []byte("/sbin/launchd"), Args: bytesOf("/sbin/launchd")}, false},
		"padding of 0 bytes":        {1, "/bin/sh\x00sh\x00A=1\x00\x00", Args{Path: []byte("/bin/sh"), Args: bytesOf("sh"), Env: bytesOf("A=1")}, false},
		"no arguments":              {0, "/x\x00\x00", Args{Path: []byte("/x")}, false},
		"no padding":                {1, "/x\x00x\x00", Args{Path: []byte("/x"), Args: bytesOf("x")}, false},
		"cut in an argument":        {2, "/x\x00x\x00argum", Args{Path: []byte("/x"), Args: bytesOf("x", "argum")}, false},
		"cut in the environment":    {1, "/x\x00x\x00A=", Args{Path: []byte("/x"), Args: bytesOf("x"), Env: bytesOf("A=")}, false},
		"fewer arguments":           {3, "/x\x00x\x00y\x00", Args{Path: []byte("/x"), Args: bytesOf("x", "y")}, true},
		"a number below 0":          {1 << 31, "/x\x00x\x00", Args{Path: []byte("/x")}, true},
		"a number that lies":        {1<<31 - 1, "/x\x00x\x00", Args{Path: []byte("/x"), Args: bytesOf("x")}, true},
		"nothing but a number":      {0, "", Args{}, false},
	} {
		for _, order := range []binary.AppendByteOrder{binary.LittleEndian, binary.BigEndian} {
			got, err := Decode(procargs2(order, tt.argc, tt.rest), order.(binary.ByteOrder))
			if len(got.Path) == 0 {
				got.Path = nil
			}
			if diff := cmp.Diff(tt.want, got); diff != "" || errors.Is(err, decode.ErrMalformed) != tt.bad {
				t.Errorf("%s: error %v, (-want +got):\n%s", name, err, diff)
			}
		}
	}
	whole := procargs2(binary.LittleEndian, 4, strings2)
	for n := range whole {
		got, err := Decode(whole[:n], binary.LittleEndian)
		if err != nil && !errors.Is(err, decode.ErrMalformed) || err == nil && len(got.Args) != 4 {
			t.Errorf("cut at %d: %q, error %v", n, got.Args, err)
		}
	}
}

// TestEmptyFirstArguments gives programs arguments at the start that are empty: no
// string of the environment becomes an argument.
func TestEmptyFirstArguments(t *testing.T) {
	for name, tt := range map[string]struct {
		argc      uint32
		rest      string
		args, env []string
	}{
		"one":                  {2, "/bin/x\x00\x00\x00-v\x00SECRET_TOKEN=abc\x00\x00", []string{"", "-v"}, []string{"SECRET_TOKEN=abc"}},
		"three":                {4, "/bin/x\x00\x00\x00\x00\x00-v\x00SECRET=abc\x00\x00", []string{"", "", "", "-v"}, []string{"SECRET=abc"}},
		"without a pad":        {2, "/bin/sh\x00\x00-v\x00SECRET=abc\x00\x00", []string{"", "-v"}, []string{"SECRET=abc"}},
		"behind 7 bytes":       {2, "/bin/zsh\x00\x00\x00\x00\x00\x00\x00\x00\x00-v\x00SECRET=abc\x00\x00", []string{"", "-v"}, []string{"SECRET=abc"}},
		"all":                  {1, "/bin/x\x00\x00\x00SECRET=abc\x00\x00", []string{""}, []string{"SECRET=abc"}},
		"all, no environment":  {2, "/bin/x\x00\x00\x00\x00\x00executable_path=/bin/x\x00", []string{"", ""}, nil},
		"none, no environment": {0, "/bin/x\x00\x00\x00executable_path=/bin/x\x00", nil, nil},
	} {
		got, err := Decode(procargs2(binary.LittleEndian, tt.argc, tt.rest), binary.LittleEndian)
		if diff := cmp.Diff(tt.args, texts(got.Args)); diff != "" || err != nil {
			t.Errorf("%s: error %v, arguments (-want +got):\n%s", name, err, diff)
		}
		if diff := cmp.Diff(tt.env, texts(got.Env)); diff != "" {
			t.Errorf("%s: environment (-want +got):\n%s", name, diff)
		}
	}
}

// bytesOf returns texts as strings of bytes.
func bytesOf(texts ...string) [][]byte {
	var all [][]byte
	for _, s := range texts {
		all = append(all, []byte(s))
	}
	return all
}

func FuzzProcargs(f *testing.F) {
	f.Add(vector(binary.LittleEndian, 8, 1<<40, "sh", "-c", ""), true, false)
	f.Add(vector(binary.BigEndian, 4, 1<<20, "sh"), false, true)
	f.Add(procargs2(binary.LittleEndian, 2, "/bin/sh\x00\x00sh\x00-c\x00A=1\x00\x00"), true, false)
	f.Fuzz(func(t *testing.T, b []byte, wide, big bool) {
		var order binary.ByteOrder = binary.LittleEndian
		if big {
			order = binary.BigEndian
		}
		size := 4
		if wide {
			size = 8
		}
		if got, want := bytes.Join(AppendStrings(nil, b), []byte{0}), bytes.TrimSuffix(b, []byte{0}); !bytes.Equal(got, want) {
			t.Fatalf("strings %q of %q", got, b)
		}
		got, err := AppendVector(nil, b, order, size)
		if err != nil && !errors.Is(err, decode.ErrMalformed) || len(got)*size > len(b) {
			t.Fatal(len(got), err)
		}
		a, err := Decode(b, order)
		if err != nil && !errors.Is(err, decode.ErrMalformed) || len(a.Args)+len(a.Env) > len(b) {
			t.Fatal(len(a.Args), len(a.Env), err)
		}
	})
}
