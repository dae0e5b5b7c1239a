// Package utmp decodes utmp(5) and utmpx(5), the file in which programs write who is
// logged in: that of Linux, and those of FreeBSD, NetBSD, OpenBSD and macOS.
package utmp

import (
	"encoding/binary"

	"telegraf-sysprobe/sysprobe/internal/decode"
)

// Layout is how a C library lays out struct utmp (bits/utmp.h of glibc).
type Layout uint8

// The layouts.
const (
	// Narrow has times of 32 bits: that of 32-bit systems, and of those 64-bit ones
	// that run programs of these, such as x86-64.
	Narrow Layout = iota
	// Wide has times of 64 bits: ARM64, s390x.
	Wide
)

// typeUser is the type of a record of a user's session (USER_PROCESS).
const typeUser = 7

// size is that of a record.
func (l Layout) size() int {
	if l == Wide {
		return 400
	}
	return 384
}

// times are the seconds and microseconds of a record.
func (l Layout) times() (seconds, micros decode.Field) {
	if l == Wide {
		return decode.U64(344), decode.U64(352)
	}
	return decode.U32(340), decode.U32(344)
}

// Session is a user's session.
type Session struct {
	PID int32
	// User, Line and Host are the user, the terminal without "/dev/" and where the
	// user came from: any bytes.
	User, Line, Host string
	// Seconds and Micros are when it began, since 1970.
	Seconds, Micros int64
}

// Decode returns the sessions in a file in the byte order of the machine. The layout is
// the likely one: a file whose size is one of the other layout alone is of that. Half a
// record at the end, which a program is about to write, is left out.
func Decode(b []byte, order binary.ByteOrder, likely Layout) (sessions []Session) {
	layout := likely
	if other := Wide - likely; len(b)%likely.size() != 0 && len(b)%other.size() == 0 {
		layout = other
	}
	seconds, micros := layout.times()
	for ; len(b) >= layout.size(); b = b[layout.size():] {
		r := decode.NewRecord(b[:layout.size()], order)
		if r.Uint(decode.U16(0)) != typeUser {
			continue
		}
		sessions = append(sessions, Session{
			PID:  int32(r.Int(decode.U32(4))),
			Line: string(r.Text(decode.Text(8, 32))), User: string(r.Text(decode.Text(44, 32))), Host: string(r.Text(decode.Text(76, 256))),
			Seconds: int64(r.Uint(seconds)), Micros: int64(r.Uint(micros)),
		})
	}
	return sessions
}
