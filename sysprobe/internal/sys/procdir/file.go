package procdir

// File names a file below a directory: "stat", "fd/3".
type File string

// The files that a sweep reads of every process.
const (
	Stat   File = "stat"
	Status File = "status"
	Statm  File = "statm"
)

// isQuick reports that the kernel makes this file of a process without waiting
// for anything: do_task_stat, proc_pid_status and proc_pid_statm in
// fs/proc/array.c take no lock that is held across a wait.
func (f File) isQuick() bool { return f == Stat || f == Status || f == Statm }

// fillsReads reports that the kernel fills what a read of this file is given as long as
// there is more: get_mm_cmdline and environ_read in fs/proc/base.c.
func (f File) fillsReads() bool { return f == "cmdline" || f == "environ" }

// OpenMode says how an open file can be used.
type OpenMode struct{ Read, Write, Append bool }

// Buffer is the memory of the calls that are given it, one after the other. The
// zero value is ready for use. A Buffer that is used again costs no memory.
type Buffer struct {
	path    []byte // below the directory, ended by NUL
	content []byte // of the file that was read last
	entries []byte // of a directory
	tids    []int32
	fds     []int32
}

const (
	contentSize = 4 << 10
	entriesSize = 32 << 10
)

// setFile appends the name to the path, and makes room for the content.
func (buf *Buffer) setFile(file File) {
	buf.path = append(append(buf.path, file...), 0)
	if buf.content == nil {
		buf.content = make([]byte, contentSize)
	}
}
