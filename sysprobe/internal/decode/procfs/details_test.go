package procfs

import (
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"telegraf-sysprobe/sysprobe/internal/decode"
)

func TestSplitCmdline(t *testing.T) {
	for _, tt := range []struct {
		name, text string
		want       []string
	}{
		{"nothing", "", nil},
		{"D09 two", "foo\x00bar\x00", []string{"foo", "bar"}},
		{"D09 an empty one at the end", "foo\x00bar\x00\x00", []string{"foo", "bar", ""}},
		{"D10 written over", "foo bar ", []string{"foo", "bar"}},
		{"D10 written over, two blanks", "foo bar  ", []string{"foo", "bar", ""}},
		{"D11 a lone one with a blank", "foo bar\x00", []string{"foo", "bar"}},
		{"D12 a blank in a path", "/a b/c\x00-x\x00", []string{"/a b/c", "-x"}},
		{"D13 an empty one", "\x00", []string{""}},
		{"D13 two empty ones", "\x00\x00", []string{"", ""}},
		{"D13 no NUL", "foo", []string{"foo"}},
		{"D14 not UTF-8", "\xff\xfe\x00x\x00", []string{"\xff\xfe", "x"}},
		{"D15 empty ones between", "sh\x00-c\x00x; y\x00\x00a b\x00\x00", []string{"sh", "-c", "x; y", "", "a b", ""}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, SplitCmdline([]byte(tt.text))); diff != "" {
				t.Errorf("arguments (-want +got):\n%s", diff)
			}
		})
	}
}

func TestSplitEnviron(t *testing.T) {
	for _, tt := range []struct {
		name, text string
		want       []string
	}{
		{"nothing", "", nil},
		{"D16 values with and without", "A=1\x00B=\x00C=x=y\x00", []string{"A=1", "B=", "C=x=y"}},
		{"D18 a newline", "A=1\n2\x00", []string{"A=1\n2"}},
		{"entries that are no variables", "A=1\x00junk\x00=x\x00B=2", []string{"A=1", "junk", "=x", "B=2"}},
		{"empty entries", "A=1\x00\x00B=2\x00\x00", []string{"A=1", "", "B=2", ""}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, SplitEnviron([]byte(tt.text))); diff != "" {
				t.Errorf("entries (-want +got):\n%s", diff)
			}
		})
	}
}

func TestTrimLink(t *testing.T) {
	for _, tt := range []struct {
		name, target, path string
		deleted            bool
	}{
		{"there", "/bin/sleep", "/bin/sleep", false},
		{"D01 removed", "/bin/sleep (deleted)", "/bin/sleep", true},
		{"D02 or so named", "/lit (deleted) (deleted)", "/lit (deleted)", true},
		{"D19 a NUL", "/x\x00 (deleted)", "/x", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if path, deleted := TrimLink([]byte(tt.target)); path != tt.path || deleted != tt.deleted {
				t.Errorf("got %q, %v, want %q, %v", path, deleted, tt.path, tt.deleted)
			}
		})
	}
}

func TestDecodeLimits(t *testing.T) {
	const text = "Limit                     Soft Limit           Hard Limit           Units     \n" +
		"Max cpu time              unlimited            unlimited            seconds   \n" +
		"Max processes             7823                 7824                 processes \n" +
		"Max open files            1024                 unlimited            files     \n" +
		"Max nice priority         0                    0                    \n" +
		"Max some future thing     1                    2                    us        \n"
	got, err := DecodeLimits([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	var want Limits
	want[6].Soft, want[6].Hard = known(7823), known(7824)
	want[7].Soft = known(1024)
	want[13].Soft, want[13].Hard = known(0), known(0)
	if diff := cmp.Diff(want, got, numbers); diff != "" {
		t.Errorf("limits (-want +got):\n%s", diff)
	}
	for _, text := range []string{"", "Max open files", "Max open files 1\n", "Max open files -1 2\n"} {
		if got, err := DecodeLimits([]byte(text)); !errors.Is(err, decode.ErrMalformed) || got != (Limits{}) {
			t.Errorf("%q: %v, %v, want ErrMalformed", text, got, err)
		}
	}
}

func TestDecodeMappings(t *testing.T) {
	const smaps = `555a1000-555a3000 r-xp 00001000 fe:00 123                        /bin/a  b (deleted)
Size:                  8 kB
Rss:                   4 kB
Pss:                   2 kB
Shared_Clean:          1 kB
Shared_Dirty:          2 kB
Private_Clean:         1 kB
Private_Dirty:         2 kB
Referenced:            3 kB
Anonymous:             4 kB
Private_Hugetlb:      16 kB
Swap:                  5 kB
SwapPss:               9 kB
VmFlags: rd ex mr mw me
555a3000-555a4000 rw-s 00000000 00:00 0 
Rss:                   4 kB
VmFlags:
ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  [vsyscall]
ffffffffffffe000-ffffffffffffffff ---p ffffffffffffffff 00:00 0          /a\012b`
	want := []Mapping{
		{
			Start: 0x555a1000, End: 0x555a3000, Permissions: "r-xp", Offset: 0x1000, Inode: 123, Path: "/bin/a  b (deleted)",
			Memory: MappingMemory{
				Size: known(8 << 10), RSS: known(4 << 10), PSS: known(2 << 10), SharedClean: known(1 << 10), SharedDirty: known(2 << 10),
				PrivateClean: known(1 << 10), PrivateDirty: known(2 << 10), PrivateHuge: known(16 << 10),
				Referenced: known(3 << 10), Anonymous: known(4 << 10), Swap: known(5 << 10),
			},
		},
		{Start: 0x555a3000, End: 0x555a4000, Permissions: "rw-s", Memory: MappingMemory{RSS: known(4 << 10)}},
		{Start: 0xffffffffff600000, End: 0xffffffffff601000, Permissions: "--xp", Path: "[vsyscall]"},
		{Start: 0xffffffffffffe000, End: math.MaxUint64, Permissions: "---p", Offset: math.MaxUint64, Path: `/a\012b`},
	}
	got, err := DecodeMappings([]byte(smaps))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got, numbers); diff != "" {
		t.Errorf("G09 G10 G11 G13 G14 mappings (-want +got):\n%s", diff)
	}
	for _, text := range []string{
		"Rss: 4 kB\n", "1-2\n", "1-x r-xp 0 0:0 0\n", "1ffffffffffffffff-2 r-xp 0 0:0 0\n", "1-2 r-xp 0 0:0 0\nRss: 4 MB\n",
	} {
		if got, err := DecodeMappings([]byte(text)); !errors.Is(err, decode.ErrMalformed) || got != nil {
			t.Errorf("%q: %v, %v, want ErrMalformed", text, got, err)
		}
	}
}

func TestDecodeFDInfo(t *testing.T) {
	got, err := DecodeFDInfo([]byte("pos:\t42\nflags:\t0102001\nmnt_id:\t23\nlock:\t1: POSIX  ADVISORY  WRITE\n"))
	if want := (FDInfo{Position: 42, Flags: 0o102001}); err != nil || got != want {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
	for _, text := range []string{"", "pos:\t1\n", "flags:\t0\n", "pos:\t1\nflags:\t9\n", "pos:\t-1\nflags:\t0\n"} {
		if got, err := DecodeFDInfo([]byte(text)); !errors.Is(err, decode.ErrMalformed) || got != (FDInfo{}) {
			t.Errorf("%q: %v, %v, want ErrMalformed", text, got, err)
		}
	}
}

func FuzzSplitCmdline(f *testing.F) {
	f.Add([]byte("foo\x00bar\x00\x00"))
	f.Add([]byte("foo bar "))
	f.Fuzz(func(t *testing.T, b []byte) {
		args := SplitCmdline(b)
		if (len(args) == 0) != (len(b) == 0) {
			t.Fatalf("%q gives %q", b, args)
		}
		// Nothing gets lost but what separates arguments.
		rest := string(b)
		for i, arg := range args {
			after, ok := strings.CutPrefix(rest, arg)
			if !ok || i < len(args)-1 && after == "" || len(after) > 0 && after[0] != 0 && after[0] != ' ' {
				t.Fatalf("argument %d of %q in %q", i, args, b)
			}
			rest = after[min(len(after), 1):]
		}
		if rest != "" {
			t.Errorf("%q is left of %q", rest, b)
		}
	})
}

func FuzzSplitEnviron(f *testing.F) {
	f.Add([]byte("A=1\x00B=\x00C=x=y\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if joined := strings.Join(SplitEnviron(b), "\x00"); joined != strings.TrimSuffix(string(b), "\x00") {
			t.Errorf("%q is %q", b, joined)
		}
	})
}

func FuzzTrimLink(f *testing.F) {
	f.Add([]byte("/x (deleted)"))
	f.Add([]byte("/x\x00y"))
	f.Fuzz(func(t *testing.T, b []byte) {
		path, deleted := TrimLink(b)
		if deleted {
			path += DeletedSuffix
		}
		if rest, ok := strings.CutPrefix(string(b), path); !ok || rest != "" && rest[0] != 0 {
			t.Errorf("%q of %q", path, b)
		}
	})
}

func FuzzDecodeLimits(f *testing.F) {
	fuzz(f, DecodeLimits, "Max open files            1024                 unlimited            files     \n", "Max nice priority 0")
}

func FuzzDecodeFDInfo(f *testing.F) { fuzz(f, DecodeFDInfo, "pos:\t0\nflags:\t0100002\n", "pos:") }

func FuzzDecodeMappings(f *testing.F) {
	f.Add([]byte("555a1000-555a3000 r-xp 00001000 fe:00 123   /bin/a  b\nRss:     4 kB\nVmFlags:\n"))
	f.Add([]byte("Rss: 1 kB"))
	f.Fuzz(func(t *testing.T, b []byte) {
		mappings, err := DecodeMappings(b)
		if err != nil && (!errors.Is(err, decode.ErrMalformed) || mappings != nil) {
			t.Errorf("value %v beside error %v", mappings, err)
		}
		if len(mappings) > strings.Count(string(b), "\n")+1 {
			t.Errorf("%d mappings in %q", len(mappings), b)
		}
	})
}

func FuzzDecodeDeviceName(f *testing.F) {
	fuzz(f, DecodeDeviceName, "MAJOR=4\nMINOR=1\nDEVNAME=tty1\n", "DEVNAME=")
}

func FuzzSocketInode(f *testing.F) {
	f.Add([]byte("socket:[5]"))
	f.Add([]byte("pipe:[6]"))
	f.Fuzz(func(t *testing.T, b []byte) {
		n, ok := SocketInode(b)
		if !ok && n != 0 || ok && !strings.HasPrefix(string(b), "socket:[") {
			t.Errorf("%d, %v of %q", n, ok, b)
		}
	})
}
