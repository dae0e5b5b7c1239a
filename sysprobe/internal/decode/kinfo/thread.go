package kinfo

import (
	"bytes"
	"time"

	"telegraf-sysprobe/sysprobe/internal/decode"
	"telegraf-sysprobe/sysprobe/internal/opt"
)

// Thread is a thread of a process.
type Thread struct {
	PID, TID int32
	// State is StateUnknown for a number that the decoder does not know, which
	// RawState has.
	State    State
	RawState int8
	// Name is empty where the thread has none of its own.
	Name []byte
	// UserTime and SystemTime are absent on NetBSD.
	UserTime, SystemTime, RunTime opt.Opt[time.Duration]
	CPU                           opt.Opt[int32]
}

// AppendThreads appends the threads of the records of FreeBSD (KERN_PROC_ALL or
// KERN_PROC_INC_THREAD) and OpenBSD (KERN_PROC_SHOW_THREADS) to dst. Records of
// a process itself, which OpenBSD sends before those of its threads, are passed
// over. It returns the same errors as Append.
func (d *Decoder) AppendThreads(dst []Thread, b []byte) ([]Thread, error) {
	l := &d.Layout
	err := d.each(b, func(r decode.Record) {
		if !r.Has(l.TID) || r.Int(l.TID) < 0 {
			return
		}
		t := Thread{PID: int32(r.Int(l.PID)), TID: int32(r.Int(l.TID)), CPU: l.cpu(r), RunTime: l.RunTime.duration(r)}
		t.State, t.RawState = l.state(r)
		t.UserTime, t.SystemTime = l.UserTime.duration(r), l.SystemTime.duration(r)
		t.Name = r.Text(l.ThreadName)
		if rest := r.Text(l.ThreadNameRest); len(rest) > 0 {
			t.Name = append(bytes.Clone(t.Name), rest...)
		}
		dst = append(dst, t)
	})
	return dst, err
}

// lwpSize is the size of struct kinfo_lwp of NetBSD, on every architecture.
const lwpSize = 128

// Fields of struct kinfo_lwp: sys/sysctl.h.
var lwpFields = [...]decode.Field{
	lwpID: decode.U32(32), lwpStat: decode.U8(58), lwpCPU: decode.U64(80),
	lwpSeconds: decode.U32(88), lwpMicroseconds: decode.U32(92), lwpName: decode.Text(108, 20),
}

const (
	lwpID = iota
	lwpStat
	lwpCPU
	lwpSeconds
	lwpMicroseconds
	lwpName
)

// AppendLWPs appends the threads of process pid of NetBSD (KERN_LWP) to dst. A
// record has elemSize bytes, as the caller asked for. It returns an error that
// wraps decode.ErrMalformed where that is less than a record has or the last one
// is cut; what was appended before is whole.
func (d *Decoder) AppendLWPs(dst []Thread, b []byte, pid int32, elemSize int) ([]Thread, error) {
	if elemSize < lwpSize {
		return dst, &decode.Error{Format: "thread table", Reason: "records are too short"}
	}
	for off := 0; off < len(b); off += elemSize {
		if len(b)-off < elemSize {
			return dst, &decode.Error{Format: "thread table", Offset: off, Reason: "the last record is cut"}
		}
		r := decode.NewRecord(b[off:off+elemSize], d.Order)
		t := Thread{PID: pid, TID: int32(r.Int(lwpFields[lwpID])), RawState: int8(r.Int(lwpFields[lwpStat]))}
		t.State = lookup(netbsdThreadStates[:], t.RawState)
		t.Name = r.Text(lwpFields[lwpName])
		t.RunTime = span{lwpFields[lwpSeconds], lwpFields[lwpMicroseconds]}.duration(r)
		onCPU := Layout{LastCPU: lwpFields[lwpCPU]}
		t.CPU = onCPU.cpu(r)
		dst = append(dst, t)
	}
	return dst, nil
}
