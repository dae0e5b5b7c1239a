package kinfo

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"telegraf-sysprobe/sysprobe/internal/decode"
	"telegraf-sysprobe/sysprobe/sysprobetest"
)

// TestFilesAgainstClang holds the places and sizes that file.go has, and that
// sysprobetest writes, against those that clang gives the structures of
// testdata/file.h.
func TestFilesAgainstClang(t *testing.T) {
	header, err := os.ReadFile("testdata/file.h")
	if err != nil {
		t.Fatal(err)
	}
	source := string(header)
	assert := func(structure string, size int, places map[string]decode.Field) {
		source += fmt.Sprintf("_Static_assert(sizeof(struct %s) == %d, \"size\");\n", structure, size)
		for member, f := range places {
			source += fmt.Sprintf("_Static_assert(__builtin_offsetof(struct %s, %s) == %d && sizeof(((struct %[1]s *)0)->%[2]s) == %[4]d, \"%[2]s\");\n",
				structure, member, f.At, f.Size)
		}
	}
	assert("kinfo_file", 1392, map[string]decode.Field{
		"kf_structsize": decode.U32(0), "kf_type": decode.U32(4), "kf_fd": decode.U32(8), "kf_flags": decode.U32(16), "kf_offset": decode.U64(24),
		"kf_un.file.kf_file_type": decode.U32(32), "kf_path": decode.Text(filePath, 1024),
	})
	assert("kinfo_vmentry", 1160, map[string]decode.Field{
		"kve_structsize": decode.U32(0), "kve_type": decode.U32(4), "kve_start": decode.U64(8), "kve_end": decode.U64(16), "kve_offset": decode.U64(24),
		"kve_flags": decode.U32(44), "kve_resident": decode.U32(48), "kve_protection": decode.U32(56), "kve_path": decode.Text(regionPath, 1024),
	})
	assert("rlimit", 16, map[string]decode.Field{"cur": decode.U64(0), "max": decode.U64(8)})
	for target, triple := range sysprobetest.Targets() {
		if strings.HasPrefix(target, "freebsd/") {
			sysprobetest.CompileC(t, triple, source)
		}
	}
}

// TestFiles decodes open files whose records are made by hand: there is no recording
// of them.
func TestFiles(t *testing.T) {
	for _, order := range []sysprobetest.ByteOrder{binary.LittleEndian, binary.BigEndian} {
		var b []byte
		b = append(b, sysprobetest.KinfoFile{Type: 1, FD: -6, Flags: 3, Kind: 4, Path: "/dev/pts/0"}.Record(order)...)
		b = append(b, sysprobetest.KinfoFile{Type: 1, FD: 3, Flags: 0x26, Kind: 1, Offset: 1 << 33, Path: "/var/log/messages"}.Record(order)...)
		b = append(b, sysprobetest.KinfoFile{Type: 2, FD: 4, Flags: 3, Kind: 1}.Record(order)...) // a socket of which the domain is 1
		want := []File{
			{FD: FDTerminal, Read: true, Write: true, Flags: 3, Path: []byte("/dev/pts/0")},
			{FD: 3, Regular: true, Write: true, Append: true, Flags: 0x26, Offset: 1 << 33, Path: []byte("/var/log/messages")},
			{FD: 4, Read: true, Write: true, Flags: 3, Path: []byte{}},
		}
		got, err := AppendFiles(nil, b, order)
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%v: %v (-want +got):\n%s", order, err, diff)
		}
		for cut := range b {
			if got, err := AppendFiles(nil, b[:cut], order); len(got) > 2 || err != nil && !errors.Is(err, decode.ErrMalformed) {
				t.Fatalf("%v, cut at %d: %v, %v", order, cut, got, err)
			}
		}
		for _, size := range []uint32{0, 367, 1 << 31, 1<<32 - 1} {
			order.PutUint32(b, size)
			if got, err := AppendFiles(nil, b, order); len(got) > 0 || !errors.Is(err, decode.ErrMalformed) {
				t.Errorf("%v, a size of %d: %v, %v", order, size, got, err)
			}
		}
	}
}

// TestRegions decodes regions of memory and limits.
func TestRegions(t *testing.T) {
	for _, order := range []sysprobetest.ByteOrder{binary.LittleEndian, binary.BigEndian} {
		b := append(
			sysprobetest.KinfoRegion{
				Type: 2, Start: 0x200000, End: 0x203000, Offset: 0x1000, Protection: 5, Resident: 3, Flags: 2, Path: "/bin/sleep",
			}.Record(order),
			sysprobetest.KinfoRegion{Type: 1, Start: 0x7ffffffdf000, End: 0x7ffffffff000, Protection: 3, Resident: 7, Flags: 4}.Record(order)...)
		want := []Region{
			{Start: 0x200000, End: 0x203000, Offset: 0x1000, Type: 2, Resident: 3, Read: true, Exec: true, CopyOnWrite: true, Path: []byte("/bin/sleep")},
			{Start: 0x7ffffffdf000, End: 0x7ffffffff000, Type: 1, Resident: 7, Read: true, Write: true, NoCore: true, Path: []byte{}},
		}
		got, err := AppendRegions(nil, b, order)
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%v: %v (-want +got):\n%s", order, err, diff)
		}
		if got, err := AppendRegions(nil, b[:len(b)-1], order); len(got) != 1 || !errors.Is(err, decode.ErrMalformed) {
			t.Errorf("%v, cut: %v, %v", order, got, err)
		}
		limit := order.AppendUint64(order.AppendUint64(nil, 1024), 1<<63-1)
		if soft, hard, err := DecodeLimit(limit, order); soft != 1024 || hard != 1<<63-1 || err != nil {
			t.Errorf("%v: %d, %d, %v", order, soft, hard, err)
		}
		if _, _, err := DecodeLimit(limit[:15], order); !errors.Is(err, decode.ErrMalformed) {
			t.Errorf("%v, a cut limit: %v", order, err)
		}
	}
}

// FuzzFiles decodes any bytes as open files and as regions.
func FuzzFiles(f *testing.F) {
	f.Add(sysprobetest.KinfoFile{Type: 1, FD: 3, Flags: 3, Kind: 1, Offset: 5, Path: "/etc/passwd"}.Record(binary.LittleEndian), false)
	f.Add(sysprobetest.KinfoRegion{Type: 2, Start: 1, End: 2, Offset: 3, Protection: 7, Resident: 3, Flags: 1, Path: "/bin/ls"}.Record(binary.BigEndian), true)
	f.Fuzz(func(t *testing.T, b []byte, big bool) {
		var order binary.ByteOrder = binary.LittleEndian
		if big {
			order = binary.BigEndian
		}
		files, err := AppendFiles(nil, b, order)
		regions, err2 := AppendRegions(nil, b, order)
		_, _, err3 := DecodeLimit(b, order)
		if path, err := DecodeVnodePaths(b); len(path) > 1024 || (err != nil) != (len(b) < VnodePathsSize) {
			t.Fatal(len(path), err)
		}
		if len(files)*filePath > len(b) || len(regions)*regionPath > len(b) {
			t.Fatal(len(files), len(regions), len(b))
		}
		for _, err := range []error{err, err2, err3} {
			if err != nil && !errors.Is(err, decode.ErrMalformed) {
				t.Fatal(err)
			}
		}
	})
}

// TestVnodePaths decodes the working directory of a process of macOS, whose path is
// where layout tables of its headers have it: pvi_cdir at 0, vip_path at 152 of it.
func TestVnodePaths(t *testing.T) {
	b := make([]byte, VnodePathsSize)
	copy(b[152:], "/Users/alice")
	copy(b[1176+152:], "/private/root")
	if path, err := DecodeVnodePaths(b); string(path) != "/Users/alice" || err != nil {
		t.Errorf("%q, %v", path, err)
	}
	if path, err := DecodeVnodePaths(b[:len(b)-1]); !errors.Is(err, decode.ErrMalformed) {
		t.Errorf("cut: %q, %v", path, err)
	}
}
