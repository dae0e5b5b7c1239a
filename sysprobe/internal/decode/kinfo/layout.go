package kinfo

import (
	"math"
	"time"

	"telegraf-sysprobe/sysprobe/internal/decode"
	"telegraf-sysprobe/sysprobe/internal/opt"
)

// Layout says where the records of a system have what. A field that it does not
// have is the zero Field.
type Layout struct {
	// Size is that of a record, in bytes.
	Size int
	// StructSize and Version are numbers that the record has about itself: its
	// size, and 0.
	StructSize, Version                      decode.Field
	PID, PPID, PGID, SID, TID, TTY           decode.Field
	UID, RUID, SUID, RGID, SGID              decode.Field
	Groups, GID                              decode.Field // GID is the first of them
	Stat, RealStat, Nice, Flags              decode.Field
	Name, Login, WaitChannel                 decode.Field
	LongName                                 decode.Field // in place of Name, where it is not empty
	ThreadName, ThreadNameRest, ThreadFlags  decode.Field
	RSS, Text, Data, Stack                   decode.Field // pages
	VirtualBytes, VirtualPages               decode.Field
	ExitStatus, OnCPU, LastCPU, JID, Threads decode.Field
	MaxRSS                                   decode.Field // KiB
	MinorFaults, MajorFaults                 decode.Field
	ReadBlocks, WriteBlocks                  decode.Field
	VoluntarySwitches, InvoluntarySwitches   decode.Field
	UsageValid                               decode.Field // 0: no times, no counters
	Start                                    span
	UserTime, SystemTime, ChildTime, RunTime span
	// NiceOfZero is the number of a process of nice 0.
	NiceOfZero int32
	// KernelFlag is the bit of Flags that processes of the kernel have.
	KernelFlag uint64
	// IdleFlag is the bit of ThreadFlags that threads have which run where there is
	// nothing to do.
	IdleFlag uint64
	// VirtualIsSum means that the size of the address space is the sum of text,
	// data and stack, as top(1) of the system has it.
	VirtualIsSum bool

	family family
}

// layoutNames are the names of the layouts of the systems and architectures
// whose headers were compiled. A record that has numbers of fixed widths only is
// the same on all.
var layoutNames = map[string]string{
	"freebsd/amd64": "freebsd 64", "freebsd/arm64": "freebsd 64", "freebsd/386": "freebsd 386", "freebsd/arm": "freebsd arm",
	"openbsd/amd64": "openbsd", "openbsd/arm64": "openbsd", "openbsd/arm": "openbsd", "openbsd/386": "openbsd 386",
	"netbsd/amd64": "netbsd", "netbsd/arm64": "netbsd", "netbsd/386": "netbsd", "netbsd/arm": "netbsd",
	"darwin/amd64": "darwin", "darwin/arm64": "darwin",
}

// LayoutOf returns the layout of a system and architecture, both as Go spells
// them, and whether there is one.
func LayoutOf(goos, goarch string) (Layout, bool) {
	l, ok := layouts[layoutNames[goos+"/"+goarch]]
	return l, ok
}

// BSDInfo is the layout of struct proc_bsdinfo of macOS, which proc_pidinfo
// returns for PROC_PIDTBSDINFO. The caller has to be root or the owner of the
// process.
func BSDInfo() Layout { return layouts["darwin bsdinfo"] }

// ShortBSDInfo is the layout of struct proc_bsdshortinfo of macOS, which
// proc_pidinfo returns for PROC_PIDT_SHORTBSDINFO, whoever the caller is. It has
// neither nice value nor start.
func ShortBSDInfo() Layout { return layouts["darwin shortinfo"] }

// countsThreads reports whether r is the record of a thread that no number of
// the record of its process counts.
func (l *Layout) countsThreads(r decode.Record) bool {
	return l.Threads == (decode.Field{}) && r.Has(l.TID) && r.Int(l.TID) >= 0
}

// span is where a time is: seconds, of which there may be none, and
// microseconds.
type span struct{ sec, usec decode.Field }

// maxSeconds is more than any clock of a process shows.
const maxSeconds = math.MaxInt64 / int64(time.Second)

// duration returns the time of r; absent where it has none, or one that no clock
// shows.
func (s span) duration(r decode.Record) opt.Opt[time.Duration] {
	sec, usec := r.Int(s.sec), r.Int(s.usec)
	if s.sec == (decode.Field{}) {
		sec, usec = usec/1e6, usec%1e6
	}
	known := r.Has(s.usec) && sec >= 0 && sec < maxSeconds && usec >= 0 && usec < 1e6
	return opt.SomeIf(time.Duration(sec)*time.Second+time.Duration(usec)*time.Microsecond, known)
}

// time returns the time of r, of the system's clock; absent where it is that at
// which the clock began, which is how the kernel says that there is none.
func (s span) time(r decode.Record) opt.Opt[time.Time] {
	d, ok := s.duration(r).Get()
	return opt.SomeIf(time.Unix(0, int64(d)).UTC(), ok && d > 0)
}
