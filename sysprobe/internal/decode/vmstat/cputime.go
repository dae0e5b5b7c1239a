package vmstat

import (
	"encoding/binary"
	"fmt"

	"telegraf-sysprobe/sysprobe/internal/decode"
)

// Ticks are how many ticks of the clock of statistics found a processor in a state
// (CP_* of sys/dkstat.h, sys/sched.h and sys/resource.h).
type Ticks struct {
	User, Nice, System, Interrupt, Idle uint64
}

// DecodeTicks appends the ticks of each processor in an answer to dst: that many
// numbers of the given size for each. OpenBSD has six, FreeBSD and NetBSD five; those
// that OpenBSD spends on locks of the kernel are System. Its error wraps
// decode.ErrMalformed.
func DecodeTicks(dst []Ticks, b []byte, order binary.ByteOrder, size, states int) ([]Ticks, error) {
	if states < 5 || states > 6 || len(b) == 0 || len(b)%(size*states) != 0 {
		return dst, &decode.Error{
			Format: "processor times", Offset: len(b), Reason: fmt.Sprintf("want %d numbers of %d bytes for each processor", states, size),
		}
	}
	r := decode.NewRecord(b, order)
	for at := 0; at < len(b); at += size * states {
		var n [6]uint64
		for i := range states {
			n[i] = r.Uint(decode.Field{At: at + i*size, Size: size})
		}
		t := Ticks{User: n[0], Nice: n[1], System: n[2], Interrupt: n[3], Idle: n[4]}
		if states == 6 {
			t.System, t.Interrupt, t.Idle = n[2]+n[3], n[4], n[5]
		}
		dst = append(dst, t)
	}
	return dst, nil
}

// DecodeClock returns how often a second the clock of statistics ticks, out of struct
// clockinfo (sys/time.h): hz, tick, a number that newer versions of OpenBSD lack,
// stathz, profhz. A machine without such a clock takes that of hz. Its error wraps
// decode.ErrMalformed.
func DecodeClock(b []byte, order binary.ByteOrder) (uint64, error) {
	const format = "clock rates"
	r := decode.NewRecord(b, order)
	stat := decode.U32(12)
	switch len(b) {
	case 20:
	case 16:
		stat.At = 8
	default:
		return 0, &decode.Error{Format: format, Offset: len(b), Reason: "want 16 or 20 bytes"}
	}
	rate := r.Int(stat)
	if rate == 0 {
		rate = r.Int(decode.U32(0))
	}
	const most = 1 << 20
	if rate <= 0 || rate > most {
		return 0, &decode.Error{Format: format, Offset: stat.At, Reason: fmt.Sprintf("no clock ticks %d times a second", rate)}
	}
	return uint64(rate), nil
}

// DecodeSwap returns how many pages a device for swap of FreeBSD has, and how many of
// them are used, out of struct xswdev (vm/vm_param.h), which has grown with dev_t in
// FreeBSD 12. Its error wraps decode.ErrMalformed.
func DecodeSwap(b []byte, order binary.ByteOrder) (pages, used uint64, err error) {
	r := decode.NewRecord(b, order)
	total := 0
	switch version := r.Uint(decode.U32(0)); {
	case version == 1 && len(b) == 20:
		total = 12
	case version == 2 && len(b) == 24: // of 32-bit Intel machines, which align dev_t to 4 bytes
		total = 16
	case version == 2 && len(b) == 32:
		total = 20
	default:
		return 0, 0, &decode.Error{Format: "swap device", Offset: len(b), Reason: fmt.Sprintf("version %d of %d bytes is unknown", version, len(b))}
	}
	number := func(at int) uint64 { return uint64(max(0, r.Int(decode.U32(at)))) }
	return number(total), number(total + 4), nil
}

// DecodeSwapUsage returns the swap of macOS and how much of it is used, in bytes, out
// of struct xsw_usage (sys/sysctl.h). Its error wraps decode.ErrMalformed.
func DecodeSwapUsage(b []byte, order binary.ByteOrder) (total, used uint64, err error) {
	c := decode.NewCursor(b, order, "swap usage")
	total = c.Uint64()
	c.Skip(8) // what is available
	used = c.Uint64()
	return total, used, c.Err()
}
