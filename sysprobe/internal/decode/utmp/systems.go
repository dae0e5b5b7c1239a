package utmp

import (
	"encoding/binary"

	"telegraf-sysprobe/sysprobe/internal/decode"
)

// File is the file of a system other than Linux.
type File struct {
	// Name is that of the file, which the systems have in /var/run.
	Name string

	size                int // of a record
	typ, pid            decode.Field
	user, line, host    decode.Field
	seconds, micros     decode.Field
	ofUser              uint64 // the type of a record of a user's session
	bigEndian, allUsers bool   // allUsers: records have no type, those without a user are empty
}

// FileOf returns the file of a system and architecture, both as Go spells them, and
// whether it is known: utx.active of FreeBSD 9 and newer, whose records the C library
// writes in network byte order and without padding (lib/libc/gen/utxdb.h), utmpx of
// NetBSD (utmpx.h) and of macOS, whose records have times of 32 bits (struct utmpx32 of
// its C library), and utmp of OpenBSD (utmp.h).
func FileOf(goos, goarch string) (File, bool) {
	f := File{Name: "utmpx", ofUser: typeUser}
	switch goos {
	case "freebsd":
		return File{
			Name: "utx.active", size: 197, bigEndian: true, ofUser: 4,
			typ: decode.U8(0), micros: decode.U64(1), pid: decode.U32(17),
			user: decode.Text(21, 32), line: decode.Text(53, 16), host: decode.Text(69, 128),
		}, true
	case "netbsd":
		f.user, f.line, f.host = decode.Text(0, 32), decode.Text(36, 32), decode.Text(68, 256)
		f.typ, f.pid = decode.U16(326), decode.U32(328)
		f.size, f.seconds, f.micros = 520, decode.U64(464), decode.U32(472)
		if goarch == "386" {
			f.size = 516
		}
		return f, true
	case "openbsd":
		return File{
			Name: "utmp", size: 304, allUsers: true,
			line: decode.Text(0, 8), user: decode.Text(8, 32), host: decode.Text(40, 256), seconds: decode.U64(296),
		}, true
	case "darwin":
		f.user, f.line, f.host = decode.Text(0, 256), decode.Text(260, 32), decode.Text(308, 256)
		f.pid, f.typ = decode.U32(292), decode.U16(296)
		f.size, f.seconds, f.micros = 628, decode.U32(300), decode.U32(304)
		return f, true
	default:
		return File{}, false
	}
}

// Decode returns the sessions in the file in the byte order of the machine. Half a
// record at the end, which a program is about to write, is left out.
func (f File) Decode(b []byte, order binary.ByteOrder) (sessions []Session) {
	if f.bigEndian {
		order = binary.BigEndian
	}
	const microsOfSecond = 1e6
	for ; len(b) >= f.size && f.size > 0; b = b[f.size:] {
		r := decode.NewRecord(b[:f.size], order)
		user := r.Text(f.user)
		if f.allUsers && len(user) == 0 || !f.allUsers && r.Uint(f.typ) != f.ofUser {
			continue
		}
		s := Session{PID: int32(r.Int(f.pid)), User: string(user), Line: string(r.Text(f.line)), Host: string(r.Text(f.host))}
		s.Seconds, s.Micros = int64(r.Uint(f.seconds)), int64(r.Uint(f.micros))
		if f.seconds == (decode.Field{}) {
			s.Seconds, s.Micros = s.Micros/microsOfSecond, s.Micros%microsOfSecond
		}
		sessions = append(sessions, s)
	}
	return sessions
}
