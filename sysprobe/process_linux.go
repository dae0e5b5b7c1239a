package sysprobe

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"sync"

	"golang.org/x/sys/unix"

	"telegraf-sysprobe/sysprobe/internal/decode/procfs"
)

// processClient is a process by its directory below proc(5). The kernel ties
// an open directory to the process: once that is gone, nothing is found in it.
type processClient struct {
	id    ProcID
	table *procsClient

	mu     sync.Mutex
	dir    *procDir
	thread string          // prefix of the files of a thread that lives, where the first one is dead
	exit   Opt[ExitStatus] // of a child that was reaped
}

func (c *procsClient) openProcess(id ProcID) (*processClient, error) {
	const op = "open process"
	target := strconv.Itoa(int(id.PID))
	if id.PID < 0 {
		return nil, opError(op, target, fs.ErrInvalid)
	}
	dir, err := c.openDirOf(id.PID)
	if isGone(err) {
		err = ErrNoSuchProcess
	}
	if err != nil {
		return nil, opError(op, target, err)
	}
	p := &processClient{id: id, table: c, dir: dir}
	if err := p.identify(); err != nil {
		dir.close()
		return nil, opError(op, target, err)
	}
	return p, nil
}

// openDirOf opens the directory of a process.
func (c *procsClient) openDirOf(pid int32) (*procDir, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	fd, err := c.dir.of(pid, "").open(unix.O_RDONLY | unix.O_DIRECTORY)
	if err != nil {
		return nil, err
	}
	return &procDir{fd: fd, kernel: c.dir.kernel, content: make([]byte, 4<<10)}, nil
}

// identify checks that the process is the one of c.id, and completes that.
func (c *processClient) identify() error {
	st, err := c.stat()
	switch {
	case isGone(err):
		return ErrNoSuchProcess
	case err != nil:
		return err
	case c.id.Start != 0 && c.id.Start != st.Start:
		return ErrNoSuchProcess // another one has its PID
	case c.id.Start != 0:
		return nil
	}
	c.id.Start = st.Start
	// A thread answers below /proc too, but nobody who lists processes has its
	// ID, with a start, from there.
	b, err := c.dir.top("status").read()
	if err != nil {
		return nil //nolint:nilerr // a tree may lack the file
	}
	if status, err := procfs.DecodeStatus(b); err == nil && status.Tgid != c.id.PID {
		return ErrNoSuchProcess
	}
	return nil
}

func (c *processClient) close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.dir.fd < 0 {
		return opError("close process", c.target(), fs.ErrClosed)
	}
	c.dir.close()
	return nil
}

func (c *processClient) target() string { return strconv.Itoa(int(c.id.PID)) }

// stat reads the stat of the first thread. Its name is void after the next
// read.
func (c *processClient) stat() (procfs.Stat, error) {
	return c.statOf("")
}

func (c *processClient) statOf(thread string) (procfs.Stat, error) {
	b, err := c.dir.top(thread + "stat").readAtOnce()
	if err != nil {
		return procfs.Stat{}, err
	}
	return procfs.DecodeStat(b)
}

// errNothing is an answer that has nothing in it, as those of the kernel about
// the dead and about its own threads do.
var errNothing = errors.New("nothing")

// ask calls f with the directory of the process. Where that has no answer, the
// state of the process decides what it means; the answer of a process that has
// nothing by its nature is the zero value.
func ask[T any](c *processClient, op string, f func() (T, error)) (T, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.thread = ""
	v, err := f()
	if err == nil {
		return v, nil
	}
	err = c.because(err)
	if c.toLiveThread(err) {
		if v, err = f(); err == nil {
			return v, nil
		}
		err = c.because(err)
	}
	var zero T
	return zero, opError(op, c.target(), err)
}

// askAlso is ask for what is the zero value of a zombie, too.
func askAlso[T any](c *processClient, op string, f func() (T, error)) (T, error) {
	v, err := ask(c, op, f)
	if errors.Is(err, ErrZombieProcess) {
		return v, nil
	}
	return v, err
}

// because says what an error means that a file of the process gave. The kernel
// gives the files of a zombie to root, so that its owner is denied what nobody
// could have; and ESRCH of a process that has no memory is no proof of death,
// since kernel threads never have any.
func (c *processClient) because(err error) error {
	if c.dir.fd < 0 {
		return fs.ErrClosed
	}
	if isExhausted(err) {
		return err
	}
	st, statErr := c.stat()
	if c.thread != "" && statErr == nil {
		if alive, err := c.statOf(c.thread); err == nil {
			st = alive
		}
	}
	switch {
	case isGone(statErr), statErr == nil && stateOfLetter(st.State) == StateDead:
		return ErrNoSuchProcess
	case statErr != nil:
		return statErr
	case isDead(&st):
		return ErrZombieProcess
	case errors.Is(err, errNothing), st.Flags&procfs.FlagKernelThread != 0 && isGone(err):
		return nil
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%w: %w", ErrNotSupported, err)
	default:
		return err
	}
}

// isDead reports that a thread has ended, or gave back its memory in order to.
func isDead(st *procfs.Stat) bool {
	return stateOfLetter(st.State) == StateZombie ||
		st.Flags&procfs.FlagExiting != 0 && st.Flags&procfs.FlagKernelThread == 0 && st.VirtualSize == 0
}

// toLiveThread makes a thread that lives the one to ask, where the first one
// alone is dead, as err says. It reports whether there is one.
func (c *processClient) toLiveThread(err error) bool {
	if !errors.Is(err, ErrZombieProcess) {
		return false
	}
	tids, err := c.tids()
	if err != nil || len(tids) < 2 {
		return false
	}
	for _, tid := range tids {
		thread := "task/" + strconv.Itoa(int(tid)) + "/"
		if st, err := c.statOf(thread); err == nil && !isDead(&st) {
			c.thread = thread
			return true
		}
	}
	return false
}

// file names a file of the process, or of the thread that is asked for it.
func (c *processClient) file(name string) *procDir { return c.dir.top(c.thread + name) }

// tids lists the threads.
func (c *processClient) tids() ([]int32, error) {
	c.thread = ""
	var tids []int32
	err := c.list("task", func(entries []byte) error {
		var err error
		tids, err = procfs.AppendPIDs(tids, entries, binary.NativeEndian)
		return err
	})
	return tids, err
}

// isOwnTable reports that the PIDs of this tree are those that system calls of
// this process mean.
func (d *procDir) isOwnTable() bool {
	if !d.kernel {
		return false
	}
	b, err := d.top("self/status").read()
	if err != nil {
		return false
	}
	st, err := procfs.DecodeStatus(b)
	return err == nil && st.Tgid == int32(os.Getpid()) && st.Namespaces <= 1
}
