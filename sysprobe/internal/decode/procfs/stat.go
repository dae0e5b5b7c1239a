// Package procfs decodes the text files of proc(5).
package procfs

import (
	"bytes"
	"math"

	"telegraf-sysprobe/sysprobe/internal/decode"
	"telegraf-sysprobe/sysprobe/internal/opt"
)

// FlagKernelThread is PF_KTHREAD of include/linux/sched.h.
const FlagKernelThread = 0x00200000

// FlagExiting is PF_EXITING of include/linux/sched.h.
const FlagExiting = 0x00000004

// Stat is /proc/PID/stat (proc_pid_stat(5)). Times are in ticks of USER_HZ.
type Stat struct {
	PID int32
	// Comm is the name, any bytes, and points into the decoded slice.
	Comm                           []byte
	State                          byte
	PPID, Group, Session           int32
	Terminal                       int32 // device number of the controlling one; 0 is none
	Flags                          uint32
	MinorFaults, MajorFaults       uint64
	UserTime, SystemTime           uint64
	ChildUserTime, ChildSystemTime opt.Opt[uint64] // absent if out of range
	Nice                           int8
	Threads                        uint32
	Start                          uint64
	// VirtualSize is in bytes, Resident in pages.
	VirtualSize, Resident uint64
	CPU                   opt.Opt[int32] // absent if out of range
	RTPriority            uint32
	Policy                uint8
	// IOWait is 0 before Linux 2.6.18, which had 41 fields.
	IOWait uint64
	// ExitCode is a wait status; 0 to users who must not see it, and absent before
	// Linux 3.5, which had 51 fields, and if out of range.
	ExitCode opt.Opt[uint32]
	// OutOfRange counts the fields that are absent, or 0, because their numbers are
	// out of range, and UsageOutOfRange those of them that are 0 and say what the
	// process uses: faults, times, threads and memory.
	OutOfRange, UsageOutOfRange int
}

// DecodeStat reads /proc/PID/stat, or that of a thread. Fields that a newer
// kernel appended are ignored. A number that is out of range, as damaged counters
// and made-up trees have them, costs its field, except for the start, without which
// it is not known which process that is. The error wraps decode.ErrMalformed.
func DecodeStat(b []byte) (Stat, error) {
	const format = "proc stat"
	// The name can hold blanks and parentheses, so it ends at the last one;
	// nothing but numbers and a letter follows.
	opened, closed := bytes.IndexByte(b, '('), bytes.LastIndexByte(b, ')')
	if opened < 0 || closed < opened {
		return Stat{}, &decode.Error{Format: format, Offset: len(b), Reason: "want a name in parentheses"}
	}
	head := scanner{buf: b[:opened], format: format}
	st := Stat{PID: head.int32(), Comm: b[opened+1 : closed]}
	if head.err != nil {
		return Stat{}, head.err
	}
	s := scanner{buf: b, off: closed + 1, format: format}
	if letter := s.token(); len(letter) == 1 {
		st.State = letter[0]
	} else {
		s.fail("want a letter before here")
	}
	s.tolerant = true
	st.numbers(&s)
	st.OutOfRange += st.UsageOutOfRange
	if s.err != nil {
		return Stat{}, s.err
	}
	return st, nil
}

// ticks reads a time in ticks of 10 ms that nanoseconds can hold.
func (s *scanner) ticks() uint64 { return s.upTo(math.MaxInt64 / 10_000_000) }

// pages reads a number of pages of up to 64 KiB whose size in bytes fits.
func (s *scanner) pages() uint64 { return s.upTo(math.MaxInt64 >> 16) }

// took returns how many numbers were out of range since it was asked last.
func (s *scanner) took() (outOfRange int) {
	outOfRange, s.outOfRange = s.outOfRange, 0
	return outOfRange
}

// numbers reads the fields from the fourth on.
func (st *Stat) numbers(s *scanner) {
	st.PPID, st.Group, st.Session = s.int32(), s.int32(), s.int32()
	st.Terminal = s.int32()
	s.skip(1) // tpgid
	st.Flags = s.uint32()
	st.OutOfRange += s.took()
	st.MinorFaults = s.uint()
	s.skip(1) // cminflt
	st.MajorFaults = s.uint()
	s.skip(1) // cmajflt
	st.UserTime, st.SystemTime = s.ticks(), s.ticks()
	st.UsageOutOfRange += s.took()
	st.ChildUserTime = inRange(s, st, s.ticks())
	st.ChildSystemTime = inRange(s, st, s.ticks())
	s.skip(1) // priority
	st.Nice = int8(s.signed(math.MaxInt8))
	st.OutOfRange += s.took()
	st.Threads = s.uint32()
	s.skip(1) // itrealvalue
	s.tolerant = false
	st.Start = s.uint()
	s.tolerant = true
	st.VirtualSize, st.Resident = s.uint(), s.pages()
	st.UsageOutOfRange += s.took()
	s.skip(14) // rsslim to exit_signal
	st.CPU = inRange(s, st, s.int32())
	st.RTPriority, st.Policy = s.uint32(), uint8(s.upTo(math.MaxUint8))
	st.OutOfRange += s.took()
	st.optionalNumbers(s)
}

// optionalNumbers reads the fields that not all kernels have.
func (st *Stat) optionalNumbers(s *scanner) {
	if s.more() {
		st.IOWait = s.ticks()
		st.UsageOutOfRange += s.took()
	}
	const betweenIOWaitAndExitCode = 9 // guest_time to env_end
	for range betweenIOWaitAndExitCode {
		if !s.more() {
			return
		}
		s.skip(1)
	}
	if s.more() {
		st.ExitCode = inRange(s, st, s.uint32())
	}
}

// inRange returns the number that s has just read; absent, and counted, if that was
// out of range.
func inRange[T any](s *scanner, st *Stat, number T) opt.Opt[T] {
	lost := s.took()
	st.OutOfRange += lost
	return opt.SomeIf(number, lost == 0)
}
