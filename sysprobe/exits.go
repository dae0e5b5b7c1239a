package sysprobe

import "time"

// Exits receives the exit of every process of the machine as it happens. It is
// safe for concurrent use.
//
// Exits knows the moment of each exit and, on Linux, the wait status, and nothing
// else of the process. What the process used until it exited is known to [Accounting].
type Exits struct {
	client *exitsClient
}

// OpenExits subscribes to exits. A nil c means defaults. On Linux it needs the initial
// user, PID and time namespaces, the network namespace of process 1
// (c.NetNS), and before Linux 6.6 CAP_NET_ADMIN.
//
// FreeBSD, NetBSD, OpenBSD and macOS report the exits of processes that were there at
// the [Exits.Read] before, or at OpenExits, without their status; NetBSD and OpenBSD
// report those of other users to root only.
//
// It returns an error that wraps [ErrNotSupported] where this system or these
// namespaces have no such source, or where c.ProcRoot is the process table of
// another PID namespace than the source; and one that wraps [ErrAccessDenied]
// where the privilege is missing.
//
// Source: the proc connector (linux/cn_proc.h); kqueue(2), EVFILT_PROC.
func OpenExits(c *Config) (*Exits, error) {
	client, err := configured(c, newExitsClient)
	if err != nil {
		return nil, err
	}
	return &Exits{client: client}, nil
}

// Read moves the exits since the last Read into dst, whose memory it reuses. It
// does not wait. It returns an error that wraps fs.ErrClosed after Close; after
// any other error the next Read may succeed, with Lost set.
func (e *Exits) Read(dst *ExitLog) error { return e.client.read(dst) }

// Close ends the subscription and the goroutine that serves it. A second Close
// returns an error that wraps fs.ErrClosed.
func (e *Exits) Close() error { return e.client.close() }

// Exit is the exit of a process, or of a thread of a process that lives on:
// these two look the same until a snapshot shows whether the process is there.
type Exit struct {
	PID int32
	// At is when the last thread so far exited, since boot; the clock is that of
	// ProcID.Start.
	At time.Duration
	// Status is how the process exited if it did; absent where its threads do
	// not agree, and where only the process table has it.
	Status Opt[ExitStatus]
}

// ExitLog is what Exits received from one Read to the next.
type ExitLog struct {
	// Exits are in no order, at most one of a PID.
	Exits []Exit
	// Lost says that the receive buffer of the socket was too small for the
	// exits. The exits before that are then left out: further threads of the
	// same processes may have exited since.
	Lost bool
	// Taken is when the log was read, and Uptime the same moment since boot.
	Taken  time.Time
	Uptime time.Duration
}

// maxExits bounds the memory for exits that no snapshot has explained yet: a
// table of that many takes 5 MB, and there is one in Exits and one in a
// ZombieTracker. Exits of processes that were reaped are removed first.
const maxExits = 1 << 16

// exitTable holds the last exit of each PID.
type exitTable map[int32]Exit

// add adds the exit of a thread, which may be the leader, the thread whose ID
// is the PID. Where the table is full it removes any other exit: when that
// process exited will not be known.
//
// The status that wait(2) returns is that of the last thread, or the one that
// exit_group(2) gave to all. A thread that is not the leader may have exited
// alone, before or while others did, so its status alone does not count.
func (t exitTable) add(e Exit, leader bool) {
	before, again := t[e.PID]
	if !again && len(t) >= maxExits {
		for pid := range t {
			delete(t, pid)
			break
		}
	}
	if !leader && e.Status != before.Status {
		e.Status = Opt[ExitStatus]{}
	}
	e.At = max(e.At, before.At) // processors do not report in order
	t[e.PID] = e
}

// exitsBackend is what the client of each system implements.
type exitsBackend interface {
	read(dst *ExitLog) error
	close() error
}

// unsupportedExits is the client of a system without a source of exits.
type unsupportedExits struct{}

var _ exitsBackend = unsupportedExits{}

func (unsupportedExits) read(*ExitLog) error { return opError("read exits", "", ErrNotSupported) }
func (unsupportedExits) close() error        { return opError("close exits", "", ErrNotSupported) }
