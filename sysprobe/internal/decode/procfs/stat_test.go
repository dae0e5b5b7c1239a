package procfs

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"telegraf-sysprobe/sysprobe/internal/decode"
	"telegraf-sysprobe/sysprobe/internal/opt"
)

// statTail is a stat of 52 fields from the third on; every field that is
// decoded has a value of its own.
const statTail = "S 1 77 78 0 -1 4194304 111 5 222 6 300 100 40 20 20 -5 3 0 12345 8192000 640 18446744073709551615 " +
	"1 1 0 0 0 0 0 0 0 0 0 0 17 3 9 1 700 0 0 0 0 0 0 0 0 0 1792"

func statLine(comm, tail string) []byte { return []byte("100 (" + comm + ") " + tail + "\n") }

// wantStat is statTail decoded.
func wantStat(comm string) Stat {
	return Stat{
		PID: 100, Comm: []byte(comm), State: 'S', PPID: 1, Group: 77, Session: 78, Flags: 4194304,
		MinorFaults: 111, MajorFaults: 222, UserTime: 300, SystemTime: 100, ChildUserTime: opt.Some[uint64](40), ChildSystemTime: opt.Some[uint64](20),
		Nice: -5, Threads: 3, Start: 12345, VirtualSize: 8192000, Resident: 640,
		CPU: opt.Some[int32](3), RTPriority: 9, Policy: 1, IOWait: 700, ExitCode: opt.Some[uint32](1792),
	}
}

func TestDecodeStatComm(t *testing.T) {
	for name, comm := range map[string]string{
		"C01 parentheses inside":   "foo) (bar baz",
		"C02 looks like fields":    ")) R 1 1",
		"C04 blanks":               "a b c",
		"C05 closing parenthesis":  ")",
		"C05 opening parenthesis":  "(",
		"C06 empty":                "",
		"C08 tab and backslash":    "a\tb\\c\\n",
		"C08 newline":              "a\nb",
		"C09 invalid UTF-8":        "\xff\xfe\x80",
		"C10 UTF-8":                "é",
		"C11 leading blank":        " lead",
		"C11 trailing blank":       "trail ",
		"C12 15 bytes":             "xxxxxxxxxxxxxxx",
		"C14 looks like a zombie":  "evil) Z 1 2 3",
		"E19 a zombie in disguise": ") S 1 (",
	} {
		t.Run(name, func(t *testing.T) {
			got, err := DecodeStat(statLine(comm, statTail))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(wantStat(comm), got, numbers); diff != "" {
				t.Errorf("stat (-want +got):\n%s", diff)
			}
		})
	}
}

func TestDecodeStatLength(t *testing.T) {
	fields := strings.Fields(statTail)
	without := func(change func(*Stat)) Stat {
		st := wantStat("x")
		change(&st)
		return st
	}
	for _, tt := range []struct {
		name string
		tail string
		want Stat
	}{
		{"C15 41 fields", strings.Join(fields[:39], " "), without(func(st *Stat) { st.IOWait, st.ExitCode = 0, opt.Opt[uint32]{} })},
		{"44 fields", strings.Join(fields[:42], " "), without(func(st *Stat) { st.ExitCode = opt.Opt[uint32]{} })},
		{"C16 a future kernel", statTail + " 5 later -7", wantStat("x")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := DecodeStat(statLine("x", tt.tail))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got, numbers); diff != "" {
				t.Errorf("stat (-want +got):\n%s", diff)
			}
		})
	}
}

func TestDecodeStatMalformed(t *testing.T) {
	fields := strings.Fields(statTail)
	change := func(field int, value string) []byte {
		changed := append([]string(nil), fields...)
		changed[field-3] = value
		return statLine("x", strings.Join(changed, " "))
	}
	for name, b := range map[string][]byte{
		"C17 empty":                     nil,
		"C17 cut inside the name":       []byte("100 (foo bar"),
		"C17 name of 1 MiB, cut":        append([]byte("100 ("), bytes.Repeat([]byte{'x'}, 1<<20)...),
		"C17 name of 1 MiB, no fields":  append(append([]byte("100 ("), bytes.Repeat([]byte{'('}, 1<<20)...), ')'),
		"C17 nothing after the name":    []byte("100 (x)"),
		"C17 parentheses the wrong way": []byte("100 )x( S 1 1"),
		"no PID":                        []byte("(x) " + statTail),
		"PID is no number":              []byte("1x0 (x) " + statTail),
		"40 fields":                     statLine("x", strings.Join(fields[:38], " ")),
		"state of two letters":          change(3, "SS"),
		"PPID is a lone sign":           change(4, "-"),
		"start is negative":             change(22, "-1"),
		"start beyond 64 bits":          change(22, "18446744073709551616"),
		"threads with a fraction":       change(20, "4.2"),
		"hexadecimal":                   change(24, "0x10"),
	} {
		t.Run(name, func(t *testing.T) {
			got, err := DecodeStat(b)
			if !errors.Is(err, decode.ErrMalformed) {
				t.Errorf("error %v, want one that is ErrMalformed", err)
			}
			if diff := cmp.Diff(Stat{}, got, numbers); diff != "" {
				t.Errorf("value beside the error:\n%s", diff)
			}
		})
	}
}

// TestDecodeStatOutOfRange has numbers that do not fit: each costs its own field.
// The children's times are those of a public tree of test data.
func TestDecodeStatOutOfRange(t *testing.T) {
	fields := strings.Fields(statTail)
	set := func(field int, value string) { fields[field-3] = value }
	want := wantStat("x")
	for _, tt := range []struct {
		field int
		value string
		lose  func()
	}{
		{4, "2147483648", func() { want.PPID = 0 }},
		{16, "-9223372036854775808", func() { want.ChildUserTime = opt.Opt[uint64]{} }},
		{17, "9223372036854775807", func() { want.ChildSystemTime = opt.Opt[uint64]{} }},
		{14, "18446744073709551607", func() { want.UserTime = 0; want.UsageOutOfRange++ }},
		{19, "128", func() { want.Nice = 0 }},
		{20, "4294967296", func() { want.Threads = 0; want.UsageOutOfRange++ }},
		{24, "-3", func() { want.Resident = 0; want.UsageOutOfRange++ }},
		{39, "9223372036854775807", func() { want.CPU = opt.Opt[int32]{} }},
		{52, "99999999999999999999999", func() { want.ExitCode = opt.Opt[uint32]{} }},
	} {
		set(tt.field, tt.value)
		tt.lose()
		want.OutOfRange++
		got, err := DecodeStat(statLine("x", strings.Join(fields, " ")))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got, numbers); diff != "" {
			t.Errorf("field %d is %s (-want +got):\n%s", tt.field, tt.value, diff)
		}
	}
}

func TestDecodeStatAllocatesNothing(t *testing.T) {
	b := statLine("foo) (bar", statTail)
	if n := testing.AllocsPerRun(100, func() { _, _ = DecodeStat(b) }); n != 0 {
		t.Errorf("%v allocations, want none", n)
	}
}

func BenchmarkDecodeStat(b *testing.B) {
	line := statLine("gnome-keyring-d", statTail)
	for b.Loop() {
		if _, err := DecodeStat(line); err != nil {
			b.Fatal(err)
		}
	}
}
