package sysprobe

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"time"

	"telegraf-sysprobe/sysprobe/internal/sys/clock"
	"telegraf-sysprobe/sysprobe/internal/sys/netns"
	"telegraf-sysprobe/sysprobe/internal/sys/procconn"
)

const (
	// exitsEvery is how long after an exit the socket is emptied. To wake up for each
	// event costs eight times as much, and slows down the processes that exit.
	exitsEvery = 100 * time.Millisecond

	// exitsBuffer is how many bytes the socket may hold: a hundred thousand exits
	// a second at that pace.
	exitsBuffer = 4 << 20
)

// exitSource is where exits come from: a procconn.Conn.
type exitSource interface {
	Exits(each func(procconn.Exit)) (overrun bool, err error)
	Wait() bool
	Interrupt() error
	Close() error
}

// exitsClient keeps a table of the exits since the last read.
type exitsClient struct {
	now        func() time.Time
	stop, done chan struct{}

	mu     sync.Mutex // guards what follows
	source exitSource
	closed bool
	table  exitTable
	// room is how many exits the table may have before those of reaped
	// processes are removed.
	room int
	// lost says that the next read has to report an overrun.
	lost bool
}

var _ exitsBackend = (*exitsClient)(nil)

func newExitsClient(cfg Config) (*exitsClient, error) {
	const op = "open exits"
	if err := sameProcesses(cfg.ProcRoot); err != nil {
		return nil, opError(op, cfg.ProcRoot, err)
	}
	path := netns.Path(cfg.NetNS)
	conn, err := procconn.Open(path, exitsBuffer)
	if err != nil {
		return nil, opError(op, path, err)
	}
	return startExits(cfg, conn), nil
}

// sameProcesses checks that the process table at root numbers processes as this
// program sees them. The kernel takes requests from the initial PID namespace
// only, and its events have the PIDs of that namespace.
func sameProcesses(root string) error {
	self, err := os.Readlink(filepath.Join(root, "self"))
	if err != nil || self != strconv.Itoa(os.Getpid()) {
		return fmt.Errorf("%w: it is not the process table of this PID namespace", ErrNotSupported)
	}
	return nil
}

// startExits begins to empty source.
func startExits(cfg Config, source exitSource) *exitsClient {
	c := &exitsClient{
		now: cfg.Now, source: source, table: exitTable{}, room: maxExits / 2,
		stop: make(chan struct{}), done: make(chan struct{}),
	}
	go c.run()
	return c
}

// run empties the source until stop. It sleeps where no process exits.
func (c *exitsClient) run() {
	defer close(c.done)
	for c.source.Wait() {
		select {
		case <-c.stop:
			return
		case <-time.After(exitsEvery):
		}
		c.mu.Lock()
		_ = c.receive() //nolint:errcheck // the next read meets the error too, or reports a loss
		c.mu.Unlock()
	}
}

func (c *exitsClient) close() error {
	const op = "close exits"
	c.mu.Lock()
	closed := c.closed
	c.closed = true
	c.mu.Unlock()
	if closed {
		return opError(op, "", fs.ErrClosed)
	}
	close(c.stop)
	err := c.source.Interrupt()
	<-c.done
	return opError(op, "", errors.Join(err, c.source.Close()))
}

func (c *exitsClient) read(dst *ExitLog) error {
	const op = "read exits"
	c.mu.Lock()
	defer c.mu.Unlock()
	*dst = ExitLog{Exits: dst.Exits[:0]}
	if c.closed {
		return opError(op, "", fs.ErrClosed)
	}
	if err := c.receive(); err != nil {
		return opError(op, "", err)
	}
	for _, e := range c.table {
		dst.Exits = append(dst.Exits, e)
	}
	clear(c.table)
	c.room = maxExits / 2
	dst.Lost, c.lost = c.lost, false
	dst.Taken, dst.Uptime = c.now(), clock.Boot()
	return nil
}

// receive adds the exits that wait in the source to the table. After a loss it
// empties the table, because later exits of the same processes may be missing.
func (c *exitsClient) receive() error {
	lost, err := c.source.Exits(func(e procconn.Exit) {
		c.table.add(Exit{PID: e.PID, At: e.At, Status: Some(ExitStatus(e.Status))}, e.TID == e.PID)
	})
	if lost || err != nil {
		clear(c.table)
		c.lost = true
	}
	if len(c.table) > c.room {
		c.removeReaped()
	}
	return err
}

// removeReaped makes room for exits of zombies. Each exit is examined about
// once: the next time comes when there are twice as many.
func (c *exitsClient) removeReaped() {
	for pid := range c.table {
		if err := syscall.Kill(int(pid), 0); errors.Is(err, syscall.ESRCH) { // any other error is of a process that exists
			delete(c.table, pid)
		}
	}
	c.room = max(maxExits/2, 2*len(c.table))
}
