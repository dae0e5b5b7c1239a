package utmp

import (
	"encoding/binary"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"telegraf-sysprobe/sysprobe/internal/decode"
	"telegraf-sysprobe/sysprobe/sysprobetest"
)

// fields are the fields of a file that it has, by the member of testdata/utmpx.h.
func (f *File) fields() map[string]decode.Field {
	all := map[string]decode.Field{
		"type": f.typ, "pid": f.pid, "user": f.user, "line": f.line, "host": f.host, "seconds": f.seconds, "micros": f.micros,
	}
	for member, field := range all {
		if field.Size == 0 {
			delete(all, member)
		}
	}
	return all
}

// TestFilesAgainstClang holds every place and size against those that clang gives the
// structures of testdata/utmpx.h.
func TestFilesAgainstClang(t *testing.T) {
	header, err := os.ReadFile("testdata/utmpx.h")
	if err != nil {
		t.Fatal(err)
	}
	for target, triple := range sysprobetest.Targets() {
		goos, goarch, _ := strings.Cut(target, "/")
		f, ok := FileOf(goos, goarch)
		if !ok {
			t.Fatalf("%s has no file", target)
		}
		var source strings.Builder
		source.Write(header)
		fmt.Fprintf(&source, "_Static_assert(sizeof(struct record) == %d, \"size\");\n", f.size)
		for member, field := range f.fields() {
			fmt.Fprintf(&source, "_Static_assert(__builtin_offsetof(struct record, %s) == %d && sizeof(((struct record *)0)->%[1]s) == %[3]d, \"%[1]s\");\n",
				member, field.At, field.Size)
		}
		sysprobetest.CompileC(t, triple, source.String())
	}
}

// write makes a record of a session.
func (f *File) write(order binary.ByteOrder, typ uint64, s Session) []byte {
	if f.bigEndian {
		order = binary.BigEndian
	}
	b := make([]byte, f.size)
	number := func(field decode.Field, n uint64) {
		switch field.Size {
		case 1:
			b[field.At] = byte(n)
		case 2:
			order.PutUint16(b[field.At:], uint16(n))
		case 4:
			order.PutUint32(b[field.At:], uint32(n))
		case 8:
			order.PutUint64(b[field.At:], n)
		}
	}
	number(f.typ, typ)
	number(f.pid, uint64(s.PID))
	number(f.seconds, uint64(s.Seconds))
	number(f.micros, uint64(s.Micros))
	if f.seconds.Size == 0 {
		number(f.micros, uint64(s.Seconds*1e6+s.Micros))
	}
	for text, field := range map[string]decode.Field{s.User: f.user, s.Line: f.line, s.Host: f.host} {
		copy(b[field.At:field.At+field.Size], text)
	}
	return b
}

// TestFiles decodes a file of each system: its first record, where one is, says of
// which version it is, and is of another type.
func TestFiles(t *testing.T) {
	alice := Session{PID: 4321, User: "alice", Line: "pts/0", Host: "2001:db8::1", Seconds: 1700000000, Micros: 123456}
	bob := Session{PID: 1, User: strings.Repeat("b", 32), Line: "ttyv0", Seconds: 1700000001}
	for _, goos := range []string{"freebsd", "netbsd", "openbsd", "darwin"} {
		for _, order := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
			f, _ := FileOf(goos, "arm64")
			others := f.write(order, 10, Session{User: "utmpx-1.00"})
			if f.allUsers {
				others = f.write(order, 0, Session{Line: "ttyp9", Host: "h", Seconds: 1})
			}
			b := slices.Concat(others, f.write(order, f.ofUser, alice), f.write(order, f.ofUser, bob), make([]byte, f.size))
			want := []Session{alice, bob}
			if f.allUsers { // it has neither PIDs nor microseconds
				want[0].PID, want[0].Micros, want[1].PID = 0, 0, 0
			}
			if diff := cmp.Diff(want, f.Decode(b, order)); diff != "" {
				t.Errorf("%s, %v (-want +got):\n%s", goos, order, diff)
			}
			for cut := range len(b) {
				if got, whole := len(f.Decode(b[:cut], order)), min(max(cut/f.size-1, 0), 2); got != whole {
					t.Fatalf("%s, %v: %d sessions in %d bytes, want %d", goos, order, got, cut, whole)
				}
			}
		}
	}
	if f, ok := FileOf("linux", "amd64"); ok || f.Decode(make([]byte, 400), binary.LittleEndian) != nil {
		t.Error("Linux has another file")
	}
}

// FuzzFiles decodes anything: there are no more sessions than records have room.
func FuzzFiles(f *testing.F) {
	for _, goos := range []string{"freebsd", "netbsd", "openbsd", "darwin"} {
		file, _ := FileOf(goos, "amd64")
		f.Add(file.write(binary.LittleEndian, file.ofUser, Session{PID: 1, User: "a", Line: "tty1", Host: "h", Seconds: 1}))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, goos := range []string{"freebsd", "netbsd", "openbsd", "darwin"} {
			file, _ := FileOf(goos, "386")
			sessions := file.Decode(b, binary.BigEndian)
			if len(sessions) > len(b)/file.size {
				t.Fatalf("%s: %d sessions in %d bytes", goos, len(sessions), len(b))
			}
			for _, s := range sessions {
				if len(s.User) > file.user.Size || len(s.Line) > file.line.Size || len(s.Host) > file.host.Size {
					t.Fatalf("%s: %+v is longer than its fields", goos, s)
				}
			}
		}
	})
}
