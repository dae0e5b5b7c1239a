package sysctl

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
	"syscall"
	"time"

	"telegraf-sysprobe/sysprobe/internal/decode"
	"telegraf-sysprobe/sysprobe/internal/decode/kinfo"
	"telegraf-sysprobe/sysprobe/internal/decode/procargs"
)

// Names of sysctl(3) that all systems have: sys/sysctl.h.
const (
	ctlKern    = 1
	ctlHW      = 6
	hwPageSize = 7
)

// names are the names of a system for its process table: sys/sysctl.h of each.
type names struct {
	// table is the name of the table, one the name of one process, to which the
	// PID is added.
	table, one []int32
	// counted means that the size of an element and the number of them follow.
	counted bool
	// bootTime is when the machine started, args the arguments and env the
	// environment of a process, whose PID stands at the place of pidHere.
	bootTime, args, env []int32
	// path is the file that a process executes, cwd its working directory, each nil if
	// the system does not say it, or not as a text.
	path, cwd []int32
	// threads is added to the number of the name of one process for its threads.
	// It is 0 if the records of the process have them already.
	threads int32
	// hasThreads means that the records of threads have their CPU times.
	hasThreads bool
}

// pidHere is the place of the PID in a name.
const pidHere = -1

// elements is how many elements a counted answer can have, at most.
const elements = 1 << 20

var systems = map[string]names{
	"freebsd": {
		table: []int32{ctlKern, 14, 8}, one: []int32{ctlKern, 14, 1}, // KERN_PROC, KERN_PROC_PROC and KERN_PROC_PID
		bootTime: []int32{ctlKern, 21},              // KERN_BOOTTIME
		args:     []int32{ctlKern, 14, 7, pidHere},  // KERN_PROC_ARGS
		env:      []int32{ctlKern, 14, 35, pidHere}, // KERN_PROC_ENV
		path:     []int32{ctlKern, 14, 12, pidHere}, // KERN_PROC_PATHNAME
		threads:  0x10, hasThreads: true,            // KERN_PROC_INC_THREAD
	},
	"openbsd": {
		// KERN_PROC, KERN_PROC_KTHREAD, which has processes of the kernel and
		// all others, and KERN_PROC_PID, both with KERN_PROC_SHOW_THREADS.
		table: []int32{ctlKern, 66, 7 | showThreads, 0}, one: []int32{ctlKern, 66, 1 | showThreads}, counted: true,
		bootTime:   []int32{ctlKern, 21},             // KERN_BOOTTIME
		args:       []int32{ctlKern, 55, pidHere, 1}, // KERN_PROC_ARGS, KERN_PROC_ARGV
		env:        []int32{ctlKern, 55, pidHere, 3}, // KERN_PROC_ARGS, KERN_PROC_ENV
		cwd:        []int32{ctlKern, 78, pidHere},    // KERN_PROC_CWD
		hasThreads: true,
	},
	"netbsd": {
		table: []int32{ctlKern, 47, 0, 0}, one: []int32{ctlKern, 47, 1}, counted: true, // KERN_PROC2, KERN_PROC_ALL and KERN_PROC_PID
		bootTime: []int32{ctlKern, 83},             // KERN_BOOTTIME
		args:     []int32{ctlKern, 48, pidHere, 1}, // KERN_PROC_ARGS, KERN_PROC_ARGV
		env:      []int32{ctlKern, 48, pidHere, 3}, // KERN_PROC_ARGS, KERN_PROC_ENV
		path:     []int32{ctlKern, 48, pidHere, 5}, // KERN_PROC_ARGS, KERN_PROC_PATHNAME
		cwd:      []int32{ctlKern, 48, pidHere, 6}, // KERN_PROC_ARGS, KERN_PROC_CWD of NetBSD 9
	},
	"darwin": {
		table: []int32{ctlKern, 14, 0, 0}, one: []int32{ctlKern, 14, 1}, // KERN_PROC, KERN_PROC_ALL and KERN_PROC_PID
		bootTime: []int32{ctlKern, 21},          // KERN_BOOTTIME
		args:     []int32{ctlKern, 49, pidHere}, // KERN_PROCARGS2, which has the environment too
	},
}

// showThreads is KERN_PROC_SHOW_THREADS of OpenBSD.
const showThreads = 0x40000000

// Processes reads the process table. It is not safe for concurrent use.
type Processes struct {
	reader  *Reader
	call    Call
	decoder kinfo.Decoder
	goos    string
	pointer int // size of a pointer
	names   names
	rows    []kinfo.Proc
}

// NewProcesses returns the reader of the process table of a system and
// architecture, both as Go spells them, that asks by call. It returns an error that
// wraps errors.ErrUnsupported if the records of that system are not known, and an
// errno if the kernel does not say how large a page is.
func NewProcesses(call Call, goos, goarch string) (*Processes, error) {
	layout, ok := kinfo.LayoutOf(goos, goarch)
	if !ok {
		return nil, fmt.Errorf("process table of %s/%s: %w", goos, goarch, errors.ErrUnsupported)
	}
	pageSize, err := Number(call, ctlHW, hwPageSize)
	if err != nil {
		return nil, fmt.Errorf("size of a page: %w", err)
	}
	return &Processes{
		reader:  NewReader(call),
		call:    call,
		decoder: kinfo.Decoder{Layout: layout, Order: binary.NativeEndian, PageSize: uint64(pageSize)},
		goos:    goos,
		pointer: LongSize(goarch),
		names:   systems[goos],
	}, nil
}

// LongSize is the size of C's long, and of a pointer, of an architecture as Go spells
// it that these systems have.
func LongSize(goarch string) int {
	if goarch == "386" || goarch == "arm" {
		return 4
	}
	return 8
}

// All returns every process once, by PID. The rows, and their byte slices, are
// valid until the next call of any method. All returns an error that wraps
// decode.ErrMalformed, together with the other rows, if a record makes no sense,
// and an errno or an error of Reader without rows if there is no answer.
func (p *Processes) All() ([]kinfo.Proc, error) {
	b, err := p.reader.Read(p.counted(p.names.table)...)
	if err != nil {
		return nil, err
	}
	p.rows, err = p.decoder.Append(p.rows[:0], b)
	byPID := func(a, b kinfo.Proc) int { return int(a.PID) - int(b.PID) }
	if !slices.IsSortedFunc(p.rows, byPID) {
		slices.SortStableFunc(p.rows, byPID)
	}
	p.rows = slices.CompactFunc(p.rows, func(a, b kinfo.Proc) bool { return a.PID == b.PID })
	return p.rows, err
}

// One returns the process that has the PID; its byte slices are valid until the
// next call of any method. It returns ESRCH if there is none, and otherwise the
// errors of All.
func (p *Processes) One(pid int32) (kinfo.Proc, error) {
	b, err := p.reader.Read(p.counted(append(slices.Clip(p.names.one), pid))...)
	if err != nil {
		return kinfo.Proc{}, err
	}
	p.rows, err = p.decoder.Append(p.rows[:0], b)
	switch {
	case err != nil:
		return kinfo.Proc{}, err
	case len(p.rows) == 0 || p.rows[0].PID != pid: // OpenBSD, NetBSD and macOS
		return kinfo.Proc{}, syscall.ESRCH
	}
	return p.rows[0], nil
}

// counted adds the size of an element and the number of them to a name, if the
// system wants them. The size is the smallest that has all fields: OpenBSD returns
// EINVAL for one that is larger than its own.
func (p *Processes) counted(name []int32) []int32 {
	if !p.names.counted {
		return name
	}
	return append(slices.Clip(name), int32(p.decoder.Layout.Size), elements)
}

// BootTime returns when the machine started, by the clock as it is set now. It
// returns an error that wraps decode.ErrMalformed, or an errno.
func (p *Processes) BootTime() (time.Time, error) {
	var b [32]byte
	n, err := p.call(p.names.bootTime, b[:])
	if err != nil {
		return time.Time{}, err
	}
	unit := time.Microsecond
	if p.goos == "netbsd" {
		unit = time.Nanosecond // struct timespec
	}
	return timeOf(b[:min(max(n, 0), len(b))], unit)
}

// timeOf decodes a struct timeval or timespec: seconds of 4 bytes and a fraction of
// 4, or seconds of 8 and a fraction of 4, which may be followed by zeros or padding.
// All systems with such answers are little-endian.
func timeOf(b []byte, unit time.Duration) (time.Time, error) {
	var seconds int64
	var fraction uint32
	switch len(b) {
	case 8:
		seconds, fraction = int64(binary.NativeEndian.Uint32(b)), binary.NativeEndian.Uint32(b[4:])
	case 12, 16:
		seconds, fraction = int64(binary.NativeEndian.Uint64(b)), binary.NativeEndian.Uint32(b[8:])
	default:
		return time.Time{}, &decode.Error{Format: "boot time", Offset: len(b), Reason: "want 8, 12 or 16 bytes"}
	}
	if time.Duration(fraction)*unit >= time.Second || seconds < 0 {
		return time.Time{}, &decode.Error{Format: "boot time", Reason: "no clock shows it"}
	}
	return time.Unix(seconds, int64(fraction)*int64(unit)), nil
}

// Args returns the arguments of a process, copied; none of a process of the kernel.
// It returns ESRCH if there is no such process, an error that wraps
// decode.ErrMalformed, one that wraps decode.ErrInterrupted if the process executes
// programs all the time, or another errno: the systems do not agree on those for a
// zombie, and for a process whose arguments this user must not see.
func (p *Processes) Args(pid int32) ([]string, error) {
	if p.goos == "darwin" {
		a, err := p.procargs2(pid)
		return copied(a.Args), err
	}
	b, err := p.readFree(at(p.names.args, pid))
	if err != nil {
		return nil, err
	}
	return p.strings(b)
}

// Environ returns the environment of a process, copied, with the errors of Args.
func (p *Processes) Environ(pid int32) ([]string, error) {
	if p.goos == "darwin" {
		a, err := p.procargs2(pid)
		return copied(a.Env), err
	}
	b, err := p.readFree(at(p.names.env, pid))
	if err != nil {
		return nil, err
	}
	return p.strings(b)
}

// How often, and after which pause, NetBSD is asked again about a process that is
// about to execute another program, or to exit.
const (
	busyAttempts = 8
	busyPause    = time.Millisecond
)

// readFree reads an answer about one process. NetBSD has EBUSY for it while the
// process executes a program.
func (p *Processes) readFree(name []int32) ([]byte, error) {
	for range busyAttempts {
		b, err := p.reader.Read(name...)
		if !errors.Is(err, syscall.EBUSY) {
			return b, err
		}
		time.Sleep(busyPause)
	}
	return nil, fmt.Errorf("%w: %w", decode.ErrInterrupted, syscall.EBUSY)
}

// argMax is ARG_MAX of macOS: sys/syslimits.h.
const argMax = 1 << 20

// procargs2 reads the arguments and the environment of a process of macOS, whose
// kernel fills a buffer that is too small with the last of them, without an error.
func (p *Processes) procargs2(pid int32) (procargs.Args, error) {
	p.reader.reserve(argMax + 4)
	b, err := p.reader.Read(at(p.names.args, pid)...)
	if err != nil {
		return procargs.Args{}, err
	}
	return procargs.Decode(b, binary.NativeEndian)
}

// Path returns the file that a process executes; empty if it has none. It returns
// errors.ErrUnsupported if the system does not say it, and the errors of Args.
func (p *Processes) Path(pid int32) (string, error) {
	if p.names.path == nil {
		return "", errors.ErrUnsupported
	}
	return p.text(p.names.path, pid)
}

// text returns an answer that is a text.
func (p *Processes) text(name []int32, pid int32) (string, error) {
	b, err := p.reader.Read(at(name, pid)...)
	return string(decode.BeforeNUL(b)), err
}

// Threads returns the threads of a process, whose names are valid until the next
// call of any method. It returns errors.ErrUnsupported if the system does not say
// their CPU times, and the errors of One.
func (p *Processes) Threads(pid int32) ([]kinfo.Thread, error) {
	if !p.names.hasThreads {
		return nil, errors.ErrUnsupported
	}
	name := append(slices.Clone(p.names.one), pid)
	name[len(name)-2] |= p.names.threads
	b, err := p.reader.Read(p.counted(name)...)
	if err != nil {
		return nil, err
	}
	return p.decoder.AppendThreads(nil, b)
}

// strings decodes arguments or an environment.
func (p *Processes) strings(b []byte) ([]string, error) {
	if p.goos != "openbsd" {
		return copied(procargs.AppendStrings(nil, b)), nil
	}
	list, err := procargs.AppendVector(nil, b, binary.NativeEndian, p.pointer)
	return copied(list), err
}

// at returns name with the PID at its place.
func at(name []int32, pid int32) []int32 {
	name = slices.Clone(name)
	for i := range name {
		if name[i] == pidHere {
			name[i] = pid
		}
	}
	return name
}

// copied returns the strings of list.
func copied(list [][]byte) []string {
	all := make([]string, 0, len(list))
	for _, b := range list {
		all = append(all, strings.Clone(string(b)))
	}
	return all
}
