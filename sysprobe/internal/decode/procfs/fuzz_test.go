package procfs

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"
	"strings"
	"testing"

	"telegraf-sysprobe/sysprobe/internal/decode"
	"telegraf-sysprobe/sysprobe/internal/opt"
)

// fuzz runs decode on anything and checks that errors are ErrMalformed, lie
// within the input, and come without a value.
func fuzz[T comparable](f *testing.F, decoder func([]byte) (T, error), seeds ...string) {
	for _, seed := range seeds {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		v, err := decoder(b)
		if err == nil {
			return
		}
		var (
			zero T
			at   *decode.Error
		)
		if v != zero {
			t.Errorf("value %v beside error %v", v, err)
		}
		if !errors.As(err, &at) || at.Offset < 0 || at.Offset > len(b) {
			t.Errorf("error %v does not point into %d bytes", err, len(b))
		}
	})
}

// FuzzDecodeStat puts what it is given into the name, too: no name may move a
// field.
func FuzzDecodeStat(f *testing.F) {
	f.Add(statLine("x", statTail))
	f.Add(statLine(")) R 1 1", statTail))
	f.Add([]byte("100 (foo"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if st, err := DecodeStat(b); err != nil && (!errors.Is(err, decode.ErrMalformed) || st.Comm != nil) {
			t.Errorf("value %v, error %v", st, err)
		}
		st, err := DecodeStat(statLine(string(b), statTail))
		if err != nil {
			t.Fatalf("name %q: %v", b, err)
		}
		if !bytes.Equal(st.Comm, b) || st.State != 'S' || st.Start != 12345 || st.ExitCode != opt.Some[uint32](1792) {
			t.Errorf("name %q gives %+v", b, st)
		}
	})
}

func FuzzDecodeBootOffset(f *testing.F) {
	fuzz(f, DecodeBootOffset, "monotonic 0 0\nboottime -1 999999999\n", "boottime 1")
}

func FuzzDecodeStatus(f *testing.F) {
	fuzz(f, DecodeStatus, "Tgid:\t1\nUid:\t1\t2\t3\t4\nGid:\t5\t6\t7\t8\nVmSwap:\t1 kB\nvoluntary_ctxt_switches:\t11\n", "Uid:")
}

func FuzzDecodeIO(f *testing.F) {
	fuzz(f, DecodeIO, "rchar: 1\nwchar: 2\nsyscr: 3\nsyscw: 4\nread_bytes: 5\nwrite_bytes: 6\n", "rchar:\n")
}

func FuzzDecodeStatm(f *testing.F) { fuzz(f, DecodeStatm, "100 50 20 10 0 30 0\n", "1 2") }

func FuzzDecodeMemTotal(f *testing.F) {
	fuzz(f, DecodeMemTotal, "MemTotal:  16000000 kB\n", "MemTotal:18446744073709551615 kB")
}

func FuzzDecodeBootTime(f *testing.F) { fuzz(f, DecodeBootTime, "cpu 1\nbtime 1700000000\n", "btime ") }

func FuzzDecodeRelease(f *testing.F) {
	fuzz(f, func(b []byte) (uint64, error) { major, minor, err := DecodeRelease(b); return major + minor, err }, "6.18.44-cloud\n", "6", "6.x")
}

func FuzzDecodePermitted(f *testing.F) {
	fuzz(f, DecodePermitted, "Uid:\t0\nCapPrm:\t000001ffffffffff\n", "CapPrm:\t-1\n", "CapPrm:")
}

func FuzzDecodeNumber(f *testing.F) { fuzz(f, DecodeNumber, "4194304\n", "-1", " ") }

func FuzzLongName(f *testing.F) {
	f.Add("gnome-keyring-d", []byte("/usr/bin/gnome-keyring-daemon\x00--foo\x00"))
	f.Add("gnome-keyring-d", []byte("gnome-keyring-daemon --foo\x00\x00"))
	f.Add("", []byte("\x00"))
	f.Fuzz(func(t *testing.T, comm string, cmdline []byte) {
		if name := LongName(comm, cmdline); !strings.HasPrefix(name, comm) {
			t.Errorf("%q does not extend %q", name, comm)
		}
	})
}

func FuzzAppendPIDs(f *testing.F) {
	f.Add(appendDirent(appendDirent(nil, binary.LittleEndian, "self"), binary.LittleEndian, "42"))
	f.Add(appendDirent(nil, binary.BigEndian, "7"))
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, order := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
			pids, err := AppendPIDs(nil, b, order)
			if err != nil && !errors.Is(err, decode.ErrMalformed) {
				t.Errorf("error %v", err)
			}
			for _, pid := range pids {
				if pid <= 0 {
					t.Errorf("PID %d", pid)
				}
			}
		}
	})
}

func FuzzAppendFDs(f *testing.F) {
	f.Add(appendDirent(appendDirent(nil, binary.LittleEndian, ".."), binary.LittleEndian, "0"))
	f.Fuzz(func(t *testing.T, b []byte) {
		fds, err := AppendFDs(nil, b, binary.LittleEndian)
		if err != nil && !errors.Is(err, decode.ErrMalformed) || len(fds) > len(b)/19 {
			t.Errorf("%d descriptors in %d bytes, error %v", len(fds), len(b), err)
		}
		if i := slices.IndexFunc(fds, func(fd int32) bool { return fd < 0 }); i >= 0 {
			t.Errorf("descriptor %d", fds[i])
		}
	})
}

func FuzzCountEntries(f *testing.F) {
	f.Add(appendDirent(appendDirent(nil, binary.LittleEndian, "."), binary.LittleEndian, "42"))
	f.Fuzz(func(t *testing.T, b []byte) {
		n, err := CountEntries(b, binary.LittleEndian)
		if err != nil && !errors.Is(err, decode.ErrMalformed) || n > len(b)/19 {
			t.Errorf("%d entries in %d bytes, error %v", n, len(b), err)
		}
	})
}
