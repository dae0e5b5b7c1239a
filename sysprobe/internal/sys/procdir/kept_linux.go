package procdir

import (
	"runtime"
	"slices"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"
)

// keptNames are the files that KeepOpen keeps open: what each says is made anew for a
// read from its begin, of the process and not of the program that it executes.
var keptNames = [...]File{Stat, Status, Statm}

// keptFiles are the descriptors of the files of a process, in the order of keptNames.
type keptFiles struct {
	fds    [len(keptNames)]int
	budget *Budget
	// forgotten closes them where nothing refers to the directory any more.
	forgotten runtime.Cleanup
}

// Budget bounds how many processes have files that are kept open.
type Budget struct{ left atomic.Int32 }

// NewBudget returns a Budget of n processes.
func NewBudget(n int32) *Budget {
	b := new(Budget)
	b.left.Store(n)
	return b
}

// take reports whether one more process can have such files.
func (b *Budget) take() bool {
	if b.left.Add(-1) >= 0 {
		return true
	}
	b.left.Add(1)
	return false
}

// KeepOpen keeps files of a process whose directory OpenDir opened open until that is
// closed, for further calls of Read. To open and close a file costs about as much as to
// read it. It does nothing where they are kept open, where the budget is used up, and
// where descriptors run out.
func (d Dir) KeepOpen(buf *Buffer, budget *Budget) {
	dir := d.dir
	if d.pid >= 0 || d.tid != 0 || !dir.kernel || dir.kept.Load() != nil || !budget.take() {
		return
	}
	files := &keptFiles{budget: budget}
	for i, name := range keptNames {
		d.begin(buf)
		fd, err := dir.open(buf, name, 0)
		if err != nil {
			files.close(i)
			return
		}
		files.fds[i] = fd
	}
	// Whoever closes the directory closes the files, once no call is under way.
	if !dir.acquire() {
		files.close(len(files.fds))
		return
	}
	defer dir.release()
	if !dir.kept.CompareAndSwap(nil, files) { // another call was first
		files.close(len(files.fds))
		return
	}
	files.forgotten = runtime.AddCleanup(dir, func(k *keptFiles) { k.close(len(k.fds)) }, files)
}

// read reads a file from its begin. Ok is false where the file is not kept open, or does
// not fit in the buffer.
func (k *keptFiles) read(buf *Buffer, file File) (b []byte, ok bool, err error) {
	at := slices.Index(keptNames[:], file)
	if at < 0 {
		return nil, false, nil
	}
	n, _, errno := unix.RawSyscall6(unix.SYS_PREAD64, uintptr(k.fds[at]), uintptr(unsafe.Pointer(&buf.content[0])), uintptr(len(buf.content)), 0, 0, 0)
	switch {
	case errno != 0:
		return nil, true, errno
	case int(n) == len(buf.content):
		return nil, false, nil
	}
	return buf.content[:n], true, nil
}

// close closes the first n files, and gives back what they took of the budget.
func (k *keptFiles) close(n int) {
	for _, fd := range k.fds[:n] {
		unix.Close(fd) //nolint:errcheck // nothing was written
	}
	k.budget.left.Add(1)
}
