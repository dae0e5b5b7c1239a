// Package ntinfo decodes what NtQuerySystemInformation of Windows returns for
// SystemProcessInformation: every process with its threads, in one answer.
//
// The records are described by tables of offsets, one for programs of 64 and one
// for those of 32 bits. The pointer of a name is an address of the buffer that it
// is in, so that an answer is decoded together with its address.
package ntinfo

import (
	"encoding/binary"
	"time"

	"telegraf-sysprobe/sysprobe/internal/decode"
)

// Process is one SYSTEM_PROCESS_INFORMATION. Byte slices are parts of the answer,
// not copies.
type Process struct {
	// PID is 0 of Idle, which stands for the time in which no process ran. Parent
	// is the PID of the process that started it, which another one might have by
	// now.
	PID, Parent uint32
	// Session is that of terminal services: 0 of services.
	Session uint32
	// Name is the file name of the program in UTF-16; empty of Idle, and where the
	// pointer to it leads out of the answer.
	Name []byte
	// Created is in units of 100 ns since 1601; 0 of what started with Windows.
	Created int64
	// UserTime and KernelTime are the CPU time of all threads, ended ones included.
	UserTime, KernelTime time.Duration
	// Priority is the base priority, from 0 to 31.
	Priority int32
	Threads  uint32
	Handles  uint32
	// PageFaults counts hard and soft faults, in 32 bits. HardFaults counts those
	// that read from a disk; 0 before Windows 8.
	PageFaults, HardFaults uint32
	// Memory is in bytes. WorkingSet is resident memory, Private the committed
	// memory of the process alone, Virtual the size of the address space.
	WorkingSet, PeakWorkingSet, Private, Virtual, Pagefile uint64
	// Reads, Writes and Others count operations, the rest their bytes; files,
	// devices and network alike.
	Reads, Writes, Others             uint64
	ReadBytes, WriteBytes, OtherBytes uint64
	// States are of the threads.
	States ThreadStates
}

// ThreadStates count the threads of a process by what they do.
type ThreadStates struct {
	// Running threads run or are ready to, Suspended ones wait to be resumed,
	// Waiting ones wait for anything else. Switches counts context switches of the
	// threads that live.
	Running, Waiting, Suspended uint32
	Switches                    uint64
}

// IsSuspended reports that every thread waits to be resumed.
func (s ThreadStates) IsSuspended() bool {
	return s.Suspended > 0 && s.Running == 0 && s.Waiting == 0
}

// Numbers of KTHREAD_STATE and KWAIT_REASON.
const (
	stateReady         = 1
	stateRunning       = 2
	stateStandby       = 3
	stateTerminated    = 4
	stateWait          = 5
	stateDeferredReady = 7

	reasonSuspended     = 5
	reasonUserSuspended = 12 // WrSuspended
)

// format names what is decoded in errors.
const format = "process table of Windows"

// DecodeProcesses calls f for each process of the answer that is in b and was
// written to the address base, for a program whose pointers have wordSize bytes,
// 4 or 8. The Process is the same each time.
//
// It returns an error that wraps decode.ErrMalformed where a record is cut, or
// does not lie behind the one before; the calls before that were for whole
// records.
func DecodeProcesses(b []byte, base uint64, wordSize int, f func(*Process)) error {
	l := layoutOf(wordSize)
	var p Process
	for off := 0; ; {
		record := b[off:]
		r := decode.NewRecord(record, binary.LittleEndian)
		next := r.Uint(l.next)
		if next != 0 {
			if next > uint64(len(record)) {
				return &decode.Error{Format: format, Offset: off, Reason: "the next record is not in the answer"}
			}
			r = decode.NewRecord(record[:next], binary.LittleEndian)
		}
		if r.Len() < l.size {
			return &decode.Error{Format: format, Offset: off, Reason: "the record is shorter than its layout"}
		}
		if uint64(r.Len()-l.size)/uint64(l.thread.size) < r.Uint(l.threads) {
			return &decode.Error{Format: format, Offset: off, Reason: "threads are missing"}
		}
		p.decode(&l, r)
		p.Name = nameIn(b, r.Uint(l.name)-base, int(r.Uint(l.nameLen)))
		f(&p)
		if next == 0 {
			return nil
		}
		off += int(next)
	}
}

// nameIn returns the length bytes at an offset of b; nil where they are not in
// it. The last one of an odd length is not part of a character.
func nameIn(b []byte, off uint64, length int) []byte {
	length &^= 1
	if off > uint64(len(b)) || length > len(b)-int(off) || length == 0 {
		return nil
	}
	return b[off:][:length:length]
}

// decode fills p from r, but for the name.
func (p *Process) decode(l *layout, r decode.Record) {
	*p = Process{
		PID:            uint32(r.Uint(l.pid)),
		Parent:         uint32(r.Uint(l.parent)),
		Session:        uint32(r.Uint(l.session)),
		Created:        r.Int(l.created),
		UserTime:       ticks(r.Int(l.userTime)),
		KernelTime:     ticks(r.Int(l.kernelTime)),
		Priority:       int32(r.Int(l.priority)),
		Threads:        uint32(r.Uint(l.threads)),
		Handles:        uint32(r.Uint(l.handles)),
		PageFaults:     uint32(r.Uint(l.pageFaults)),
		HardFaults:     uint32(r.Uint(l.hardFaults)),
		WorkingSet:     r.Uint(l.workingSet),
		PeakWorkingSet: r.Uint(l.peakWorkingSet),
		Private:        r.Uint(l.private),
		Virtual:        r.Uint(l.virtual),
		Pagefile:       r.Uint(l.pagefile),
		Reads:          r.Uint(l.reads),
		Writes:         r.Uint(l.writes),
		Others:         r.Uint(l.others),
		ReadBytes:      r.Uint(l.readBytes),
		WriteBytes:     r.Uint(l.writeBytes),
		OtherBytes:     r.Uint(l.otherBytes),
	}
	for i := range int(p.Threads) {
		p.States.add(&l.thread, r.Bytes(decode.Text(l.size+i*l.thread.size, l.thread.size)))
	}
}

// add counts the thread whose record is b, which is whole. It reads without a
// decode.Record, as there are ten threads for each process.
func (s *ThreadStates) add(l *threadLayout, b []byte) {
	s.Switches += uint64(binary.LittleEndian.Uint32(b[l.switches.At:]))
	switch binary.LittleEndian.Uint32(b[l.state.At:]) {
	case stateReady, stateRunning, stateStandby, stateDeferredReady:
		s.Running++
	case stateTerminated:
	case stateWait:
		switch binary.LittleEndian.Uint32(b[l.waitReason.At:]) {
		case reasonSuspended, reasonUserSuspended:
			s.Suspended++
		default:
			s.Waiting++
		}
	default: // initialized, in transition, waits for the process to be swapped in
		s.Waiting++
	}
}

// ticks is a time in units of 100 ns; 0 where the kernel's number is below that.
func ticks(n int64) time.Duration {
	const most = int64(1<<63-1) / 100
	return time.Duration(min(max(n, 0), most)) * 100
}

// Time returns the time of a number of 100 ns since 1601 in nanoseconds since
// 1970.
func Time(filetime int64) time.Time {
	const epoch = 11644473600 // seconds from 1601 to 1970
	return time.Unix(filetime/1e7-epoch, filetime%1e7*100)
}
