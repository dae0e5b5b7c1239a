package procfs

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"telegraf-sysprobe/sysprobe/internal/decode"
	"telegraf-sysprobe/sysprobe/internal/opt"
)

// numbers compares optional numbers by ==.
var numbers = cmpopts.EquateComparable(opt.Opt[uint64]{}, opt.Opt[uint32]{}, opt.Opt[int32]{})

func known(n uint64) opt.Opt[uint64] { return opt.Some(n) }

func TestDecodeStatus(t *testing.T) {
	const ids = "Tgid:\t77\nUid:\t1\t2\t3\t4\nGid:\t5\t6\t7\t8\n"
	base := Status{Tgid: 77, UID: [4]uint32{1, 2, 3, 4}, GID: [4]uint32{5, 6, 7, 8}}
	with := func(change func(*Status)) Status {
		st := base
		change(&st)
		return st
	}
	for _, tt := range []struct {
		name, text string
		want       Status
	}{
		{"G06 IDs", ids, base},
		{
			"G07 context switches", ids + "voluntary_ctxt_switches:\t11\nnonvoluntary_ctxt_switches:\t12\n",
			with(func(st *Status) { st.VoluntarySwitches, st.InvoluntarySwitches = known(11), known(12) }),
		},
		{"G07 context switches of 0 are known", ids + "voluntary_ctxt_switches:\t0\n", with(func(st *Status) { st.VoluntarySwitches = known(0) })},
		{"swap", ids + "VmSwap:\t       5 kB\n", with(func(st *Status) { st.Swap = known(5120) })},
		{
			"resident memory", ids + "RssAnon:\t       1 kB\nRssFile:\t       2 kB\nRssShmem:\t       0 kB\n",
			with(func(st *Status) { st.Anon, st.File, st.Shmem = known(1024), known(2048), known(0) }),
		},
		{
			"peaks and huge pages", ids + "VmPeak:\t       3 kB\nVmSize:\t       9 kB\nVmHWM:\t       2 kB\nVmRSS:\t       8 kB\nHugetlbPages:\t    2048 kB\n",
			with(func(st *Status) { st.PeakSize, st.PeakResident, st.HugeTLB = known(3072), known(2048), known(2<<20) }),
		},
		{"tracer", ids + "TracerPid:\t31\n", with(func(st *Status) { st.Tracer = opt.Some[int32](31) })},
		{"no tracer", ids + "TracerPid:\t0\n", with(func(st *Status) { st.Tracer = opt.Some[int32](0) })},
		{"F08 PID in nested namespaces", ids + "NSpid:\t77\t12\t1\n", with(func(st *Status) { st.OwnPID, st.Namespaces = opt.Some[int32](1), 3 })},
		{"other lines", "Name:\tUid: 9\\n\nSigQ:\t0/9\nno colon\n\n:\n" + ids, base},
		{"no newline at the end", strings.TrimSpace(ids), base},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := DecodeStatus([]byte(tt.text))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got, numbers); diff != "" {
				t.Errorf("status (-want +got):\n%s", diff)
			}
		})
	}
}

func TestDecodeIO(t *testing.T) {
	for _, tt := range []struct {
		name, text string
		want       IO
	}{
		{
			"G03 blank and unknown lines",
			"rchar: 1\nwchar: 2\nsyscr: 3\nsyscw: 4\n\nhello\nread_bytes: 5\nwrite_bytes: 6\ncancelled_write_bytes: 7\n",
			IO{known(1), known(2), known(3), known(4), known(5), known(6), known(7)},
		},
		{
			"G05 a kernel without syscw",
			"rchar: 1\nwchar: 2\nsyscr: 3\nread_bytes: 0\nwrite_bytes: 6\n",
			IO{ReadChars: known(1), WriteChars: known(2), ReadCalls: known(3), ReadBytes: known(0), WriteBytes: known(6)},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := DecodeIO([]byte(tt.text))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got, numbers); diff != "" {
				t.Errorf("io (-want +got):\n%s", diff)
			}
		})
	}
}

func TestDecodeBootOffset(t *testing.T) {
	for text, want := range map[string]int64{
		"monotonic           0         0\nboottime            0         0\n": 0,
		"monotonic        -864         7\nboottime         1000         5\n": 1_000_000_000_005,
		"boottime -2 999999999\n": -1_000_000_001,
	} {
		if got, err := DecodeBootOffset([]byte(text)); err != nil || got != want {
			t.Errorf("%q: %d, %v, want %d", text, got, err, want)
		}
	}
	for _, text := range []string{"", "monotonic 0 0\n", "boottime", "boottime 1", "boottime 1 x", "boottime 99999999999999 0"} {
		if got, err := DecodeBootOffset([]byte(text)); got != 0 || !errors.Is(err, decode.ErrMalformed) {
			t.Errorf("%q: %d, %v, want ErrMalformed", text, got, err)
		}
	}
}

func TestDecodeStatm(t *testing.T) {
	t.Run("G01 pages", func(t *testing.T) {
		got, err := DecodeStatm([]byte("100 50 20 10 0 30 0\n"))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(Statm{Size: 100, Resident: 50, Shared: 20, Text: 10, Data: 30}, got); diff != "" {
			t.Errorf("statm (-want +got):\n%s", diff)
		}
	})
}

func TestDecodeNumbers(t *testing.T) {
	for _, tt := range []struct {
		name   string
		decode func([]byte) (uint64, error)
		text   string
		want   uint64
	}{
		{"G16 MemTotal", DecodeMemTotal, "MemTotal:       16000000 kB\nMemFree: 1 kB\n", 16384000000},
		{"G15 no blank after the colon", DecodeMemTotal, "ShadowCallStack:10373888 kB\nMemTotal:7 kB\n", 7168},
		{"boot time", DecodeBootTime, "cpu  1 2 3\nintr 5 btime 6\nctxt 7\nbtime 1700000000\nprocesses 9\n", 1700000000},
		{"boot time at the end", DecodeBootTime, "btime 1700000000", 1700000000},
		{"number", DecodeNumber, "4194304\n", 4194304},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := tt.decode([]byte(tt.text))
			if err != nil || got != tt.want {
				t.Errorf("got %d, %v, want %d", got, err, tt.want)
			}
		})
	}
}

func TestMalformedFiles(t *testing.T) {
	status := func(b []byte) (any, error) { st, err := DecodeStatus(b); return st == Status{}, err }
	io := func(b []byte) (any, error) { io, err := DecodeIO(b); return io == IO{}, err }
	statm := func(b []byte) (any, error) { m, err := DecodeStatm(b); return m == Statm{}, err }
	memTotal := func(b []byte) (any, error) { n, err := DecodeMemTotal(b); return n == 0, err }
	bootTime := func(b []byte) (any, error) { n, err := DecodeBootTime(b); return n == 0, err }
	number := func(b []byte) (any, error) { n, err := DecodeNumber(b); return n == 0, err }
	for _, tt := range []struct {
		name   string
		decode func([]byte) (any, error) // whether the value is zero
		text   string
	}{
		{"status empty", status, ""},
		{"status without Gid", status, "Tgid:\t1\nUid:\t1\t2\t3\t4\n"},
		{"status with three user IDs", status, "Tgid:\t1\nUid:\t1\t2\t3\nGid:\t5\t6\t7\t8\n"},
		{"status with swap in MB", status, "Tgid:\t1\nUid:\t1\t2\t3\t4\nGid:\t5\t6\t7\t8\nVmSwap:\t1 MB\n"},
		{"status with a user ID beyond 32 bits", status, "Tgid:\t1\nUid:\t4294967296\t2\t3\t4\nGid:\t5\t6\t7\t8\n"},
		{"G04 io empty", io, ""},
		{"io with a line cut", io, "rchar: 1\nwchar:"},
		{"io with a number on the next line", io, "rchar:\n1\n"},
		{"io with a word", io, "rchar: one\n"},
		{"statm empty", statm, ""},
		{"statm cut", statm, "100 50 20 10 0"},
		{"statm with a sign", statm, "100 -50 20 10 0 30 0"},
		{"meminfo without MemTotal", memTotal, "MemFree: 1 kB\n"},
		{"meminfo without unit", memTotal, "MemTotal: 1\n"},
		{"meminfo beyond 64 bits", memTotal, "MemTotal: 18446744073709551615 kB\n"},
		{"G20 stat without btime", bootTime, "cpu 1 2 3\nxbtime 5\n"},
		{"btime without a number", bootTime, "btime \n"},
		{"number empty", number, ""},
		{"two numbers", number, "1 2\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			zero, err := tt.decode([]byte(tt.text))
			if !errors.Is(err, decode.ErrMalformed) {
				t.Errorf("error %v, want one that is ErrMalformed", err)
			}
			if zero != true {
				t.Error("there is a value beside the error")
			}
		})
	}
}

func TestLongName(t *testing.T) {
	for _, tt := range []struct {
		name, comm, cmdline, want string
	}{
		{"C20 as called", "gnome-keyring-d", "/usr/bin/gnome-keyring-daemon-copy\x00--foo\x00", "gnome-keyring-daemon-copy"},
		{"C21 called otherwise", "gnome-keyring-d", "totally-different-argv0\x00-x\x00", "gnome-keyring-d"},
		{"C23 blanks in the path", "foo bar baz qux", "/tmp/a b/foo bar baz qux )\x00-x\x00", "foo bar baz qux )"},
		{"C24 15 bytes that were not cut", "abcdefghijklmno", "/tmp/abcdefghijklmno\x00", "abcdefghijklmno"},
		{"C26 no command line", "gnome-keyring-d", "", "gnome-keyring-d"},
		{"a title over all arguments", "gnome-keyring-d", "gnome-keyring-daemon --foo=/a/b", "gnome-keyring-daemon"},
		{"a title that left NULs behind", "gnome-keyring-d", "gnome-keyring-daemon --foo\x00\x00\x00", "gnome-keyring-daemon"},
		{"a title with a colon", "gnome-keyring-d", "gnome-keyring-daemon: busy\x00", "gnome-keyring-daemon"},
		{"a lone argument with a path", "gnome-keyring-d", "/usr/bin/gnome-keyring-daemon\x00", "gnome-keyring-daemon"},
		{"a directory of that name", "gnome-keyring-d", "/opt/gnome-keyring-daemon/run\x00-x\x00", "gnome-keyring-d"},
		{"not a NUL in sight", "gnome-keyring-d", strings.Repeat("x", 1<<16), "gnome-keyring-d"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := LongName(tt.comm, []byte(tt.cmdline)); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}
