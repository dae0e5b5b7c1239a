// Package procfs decodes the text files of proc(5).
package procfs

import (
	"bytes"
	"math"

	"telegraf-sysprobe/sysprobe/internal/decode"
)

// FlagKernelThread is PF_KTHREAD of include/linux/sched.h.
const FlagKernelThread = 0x00200000

// FlagExiting is PF_EXITING of include/linux/sched.h.
const FlagExiting = 0x00000004

// Stat is /proc/PID/stat (proc_pid_stat(5)). Times are in ticks of USER_HZ.
type Stat struct {
	PID int32
	// Comm is the name as it is, any bytes, and points into what was decoded.
	Comm                           []byte
	State                          byte
	PPID, Group, Session           int32
	Terminal                       int32 // device number of the controlling one; 0 is none
	Flags                          uint32
	MinorFaults, MajorFaults       uint64
	UserTime, SystemTime           uint64
	ChildUserTime, ChildSystemTime uint64
	Nice                           int8
	Threads                        uint32
	Start                          uint64
	// VirtualSize is in bytes, Resident in pages.
	VirtualSize, Resident uint64
	CPU                   int32
	RTPriority            uint32
	Policy                uint8
	// IOWait is 0 before Linux 2.6.18, which had 41 fields.
	IOWait uint64
	// ExitCode is a wait status; 0 before Linux 3.5, which had 51 fields, and
	// to those who may not see it.
	ExitCode uint32
}

// DecodeStat reads /proc/PID/stat, or that of a thread. Fields that a newer
// kernel appended are ignored. The error answers to decode.ErrMalformed.
func DecodeStat(b []byte) (Stat, error) {
	const format = "proc stat"
	// The name may hold blanks and parentheses, so it ends at the last one;
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
	st.numbers(&s)
	if s.err != nil {
		return Stat{}, s.err
	}
	return st, nil
}

// numbers reads the fields from the fourth on.
func (st *Stat) numbers(s *scanner) {
	st.PPID, st.Group, st.Session = s.int32(), s.int32(), s.int32()
	st.Terminal = s.int32()
	s.skip(1) // tpgid
	st.Flags = s.uint32()
	st.MinorFaults = s.uint()
	s.skip(1) // cminflt
	st.MajorFaults = s.uint()
	s.skip(1) // cmajflt
	st.UserTime, st.SystemTime = s.uint(), s.uint()
	st.ChildUserTime, st.ChildSystemTime = s.uint(), s.uint()
	s.skip(1) // priority
	st.Nice, st.Threads = int8(s.signed(math.MaxInt8)), s.uint32()
	s.skip(1) // itrealvalue
	st.Start, st.VirtualSize, st.Resident = s.uint(), s.uint(), s.uint()
	s.skip(14) // rsslim to exit_signal
	st.CPU, st.RTPriority, st.Policy = s.int32(), s.uint32(), uint8(s.upTo(math.MaxUint8))
	if s.more() {
		st.IOWait = s.uint()
	}
	const betweenIOWaitAndExitCode = 9 // guest_time to env_end
	for range betweenIOWaitAndExitCode {
		if !s.more() {
			return
		}
		s.skip(1)
	}
	if s.more() {
		st.ExitCode = s.uint32()
	}
}
