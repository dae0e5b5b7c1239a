// Package kinfo decodes the process tables of FreeBSD, OpenBSD, NetBSD and
// macOS: the records that sysctl(3) returns for KERN_PROC and KERN_PROC2, those
// of the threads of a process, and the answers of proc_pidinfo of macOS.
//
// The records of each system and architecture are described by a table of
// offsets, a Layout. No Go struct is laid over them: the padding of C and of Go
// differ on 32-bit machines.
package kinfo

import (
	"encoding/binary"
	"fmt"
	"time"

	"telegraf-sysprobe/sysprobe/internal/decode"
	"telegraf-sysprobe/sysprobe/internal/opt"
)

// Proc is a process. Byte slices are parts of what was decoded, not copies.
type Proc struct {
	PID, PPID, PGID int32
	// SID is the session; macOS does not say it.
	SID opt.Opt[int32]
	// TTY is the device number of the terminal, absent where there is none.
	TTY opt.Opt[uint64]
	// State is StateUnknown for a number that the decoder does not know.
	// RawState is the number that decided: ki_stat, p_stat, or on NetBSD
	// p_realstat where that is not SACTIVE.
	State    State
	RawState int8
	// UID is the effective user, GID the effective group.
	UID, RUID, SUID uint32
	GID             opt.Opt[uint32]
	RGID, SGID      uint32
	// Nice is from -20 to 20.
	Nice int32
	// Flags are the system's own: ki_flag, p_flag, p_psflags of OpenBSD.
	Flags uint64
	// Kernel means that the process runs in the kernel only.
	Kernel bool
	// Idle means that its threads run where there is nothing to do, and that its CPU
	// times are those in which no process ran. Only FreeBSD has such a process.
	Idle bool
	// Name is cut by the kernel: to 19 bytes on FreeBSD, 23 on OpenBSD and
	// NetBSD (15 or 16 on older ones), 16 on macOS.
	Name []byte
	// Login is the name that setlogin(2) set. WaitChannel says what the process
	// waits for. Either is empty where the record has none.
	Login, WaitChannel []byte
	// Start is absent where the kernel does not say it, as for zombies of
	// OpenBSD and NetBSD, whose record has zero there.
	Start opt.Opt[time.Time]
	// CPU times are those of all threads, ended ones included. ChildTime is that
	// of children that were waited for. RunTime is what the scheduler counted.
	UserTime, SystemTime, ChildTime, RunTime opt.Opt[time.Duration]
	// Memory is in bytes. RSS is resident, Virtual the size of the address
	// space; MaxRSS is the largest RSS there was.
	RSS, Virtual, Text, Data, Stack, MaxRSS opt.Opt[uint64]
	MinorFaults, MajorFaults                opt.Opt[uint64]
	ReadBlocks, WriteBlocks                 opt.Opt[uint64]
	VoluntarySwitches, InvoluntarySwitches  opt.Opt[uint64]
	// Threads is absent where the table does not say it: see Decoder.Append.
	Threads opt.Opt[uint32]
	// CPU is the processor that the process is on, or was on last.
	CPU opt.Opt[int32]
	// JID is the jail on FreeBSD, 0 for the host.
	JID opt.Opt[int32]
	// ExitStatus is as wait(2) returns it, of zombies only.
	ExitStatus opt.Opt[uint16]
}

// IsZombie reports whether the process ended and was not waited for.
func (p *Proc) IsZombie() bool { return p.State == StateZombie }

// Decoder decodes the tables of one system.
type Decoder struct {
	// Layout is that of the system; see LayoutOf.
	Layout Layout
	// Order is the byte order of the machine.
	Order binary.ByteOrder
	// PageSize is hw.pagesize, in bytes.
	PageSize uint64
	// ElemSize is the size of an element that the caller asked the kernel for,
	// in bytes; 0 stands for Layout.Size. FreeBSD and macOS are not asked for
	// one.
	ElemSize int
}

// Append appends the processes of a table to dst. Records of the same process
// that follow each other, as the kernel sends them where threads were asked for,
// become one Proc, of the first record. Where only the number of such records
// says how many threads there are, on OpenBSD with KERN_PROC_SHOW_THREADS, they
// are counted.
//
// It returns an error that wraps decode.ErrMalformed, for the first of them, where
// records are not of the layout or the last one is cut; the others are appended.
func (d *Decoder) Append(dst []Proc, b []byte) ([]Proc, error) {
	first := len(dst)
	err := d.each(b, func(r decode.Record) {
		pid := int32(r.Int(d.Layout.PID))
		if last := len(dst) - 1; last >= first && dst[last].PID == pid {
			if d.Layout.countsThreads(r) {
				dst[last].Threads = opt.Some(dst[last].Threads.Or(0) + 1)
			}
			return
		}
		dst = append(dst, Proc{})
		d.proc(&dst[len(dst)-1], r)
	})
	return dst, err
}

// each calls f for every record of b that makes sense.
func (d *Decoder) each(b []byte, f func(decode.Record)) error {
	size := d.Layout.Size
	if d.ElemSize > 0 && d.Layout.StructSize == (decode.Field{}) {
		size = d.ElemSize
	}
	if name := d.Layout.Name; len(b) > 0 && (size < name.At+name.Size || size == 0) {
		return &decode.Error{Format: "process table", Reason: fmt.Sprintf("records of %d bytes have no name", size)}
	}
	var first error
	for off := 0; off < len(b); off += size {
		r := decode.NewRecord(b[off:min(off+size, len(b))], d.Order)
		reason := d.wrong(r, size)
		switch {
		case reason == "":
			f(r)
		case first == nil:
			first = &decode.Error{Format: "process table", Offset: off, Reason: reason}
		}
	}
	return first
}

// wrong says what keeps r from being a record of size bytes, and is empty if nothing
// does.
func (d *Decoder) wrong(r decode.Record, size int) string {
	if r.Len() < size {
		return fmt.Sprintf("want a record of %d bytes, have %d", size, r.Len())
	}
	if f := d.Layout.StructSize; r.Has(f) && r.Uint(f) != uint64(size) {
		return fmt.Sprintf("the record says that it has %d bytes, the layout has %d", r.Uint(f), size)
	}
	if f := d.Layout.Version; r.Uint(f) != 0 {
		return fmt.Sprintf("layout %d is unknown", r.Uint(f))
	}
	return ""
}

// proc fills p, which is zero, from r.
func (d *Decoder) proc(p *Proc, r decode.Record) {
	l := &d.Layout
	p.PID, p.PPID, p.PGID = int32(r.Int(l.PID)), int32(r.Int(l.PPID)), int32(r.Int(l.PGID))
	p.SID = opt.SomeIf(int32(r.Int(l.SID)), r.Has(l.SID))
	p.TTY = opt.SomeIf(r.Uint(l.TTY), r.Has(l.TTY) && r.Int(l.TTY) != noDevice)
	p.State, p.RawState = l.state(r)
	p.UID, p.RUID, p.SUID = uint32(r.Uint(l.UID)), uint32(r.Uint(l.RUID)), uint32(r.Uint(l.SUID))
	p.GID = opt.SomeIf(uint32(r.Uint(l.GID)), r.Has(l.GID) && (r.Int(l.Groups) > 0 || !r.Has(l.Groups)))
	p.RGID, p.SGID = uint32(r.Uint(l.RGID)), uint32(r.Uint(l.SGID))
	p.Nice = int32(r.Int(l.Nice)) - l.NiceOfZero
	p.Flags = r.Uint(l.Flags)
	p.Kernel = p.Flags&l.KernelFlag != 0
	p.Idle = p.Kernel && r.Uint(l.ThreadFlags)&l.IdleFlag != 0
	p.Name, p.Login, p.WaitChannel = r.Text(l.Name), r.Text(l.Login), r.Text(l.WaitChannel)
	if long := r.Text(l.LongName); len(long) > 0 {
		p.Name = long
	}
	p.JID = opt.SomeIf(int32(r.Int(l.JID)), r.Has(l.JID))
	p.Threads = opt.SomeIf(uint32(r.Uint(l.Threads)), r.Has(l.Threads))
	p.ExitStatus = opt.SomeIf(uint16(r.Uint(l.ExitStatus)), p.IsZombie() && r.Has(l.ExitStatus))
	p.CPU = l.cpu(r)
	p.RunTime = l.RunTime.duration(r)
	d.memory(p, r)
	if r.Has(l.UsageValid) && r.Uint(l.UsageValid) == 0 {
		return // times and counters are zero because they are not known
	}
	p.Start = l.Start.time(r)
	p.UserTime, p.SystemTime, p.ChildTime = l.UserTime.duration(r), l.SystemTime.duration(r), l.ChildTime.duration(r)
	p.MaxRSS = scaled(r, l.MaxRSS, 1024)
	p.MinorFaults, p.MajorFaults = number(r, l.MinorFaults), number(r, l.MajorFaults)
	p.ReadBlocks, p.WriteBlocks = number(r, l.ReadBlocks), number(r, l.WriteBlocks)
	p.VoluntarySwitches, p.InvoluntarySwitches = number(r, l.VoluntarySwitches), number(r, l.InvoluntarySwitches)
}

// noDevice is NODEV of sys/param.h, whatever its width.
const noDevice = -1

// memory fills what p has of memory.
func (d *Decoder) memory(p *Proc, r decode.Record) {
	l := &d.Layout
	p.RSS = scaled(r, l.RSS, d.PageSize)
	p.Text, p.Data, p.Stack = scaled(r, l.Text, d.PageSize), scaled(r, l.Data, d.PageSize), scaled(r, l.Stack, d.PageSize)
	p.Virtual = number(r, l.VirtualBytes)
	if r.Has(l.VirtualPages) {
		p.Virtual = scaled(r, l.VirtualPages, d.PageSize)
	}
	if l.VirtualIsSum {
		p.Virtual = opt.SomeIf(p.Text.Or(0)+p.Data.Or(0)+p.Stack.Or(0), r.Has(l.Stack))
	}
}

// number returns the counter f.
func number(r decode.Record, f decode.Field) opt.Opt[uint64] { return scaled(r, f, 1) }

// scaled returns f times unit; absent where the kernel's number is below 0, as
// those that it adds up without a lock can be.
func scaled(r decode.Record, f decode.Field, unit uint64) opt.Opt[uint64] {
	n := r.Int(f)
	return opt.SomeIf(uint64(n)*unit, n >= 0 && r.Has(f))
}
