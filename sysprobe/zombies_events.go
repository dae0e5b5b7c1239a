package sysprobe

import "time"

// Exits hears of the end of every process of the machine as it happens. It is
// safe for concurrent use.
type Exits struct {
	client *exitsClient
}

// OpenExits begins to listen. A nil c means defaults. It needs the initial
// user, PID and time namespaces, the network namespace of process 1
// (c.NetNS), and before Linux 6.6 CAP_NET_ADMIN.
//
// It returns an error that answers to [ErrNotSupported] where this system or
// these namespaces have no such source, or where c.ProcRoot is the process
// table of another PID namespace than the source; and to [ErrAccessDenied]
// where the privilege is missing.
//
// Source: the proc connector (linux/cn_proc.h).
func OpenExits(c *Config) (*Exits, error) {
	client, err := newExitsClient(c.withDefaults())
	if err != nil {
		return nil, err
	}
	return &Exits{client: client}, nil
}

// Read moves what was heard since the last Read into dst, whose memory it
// reuses. It does not wait. An error that answers to fs.ErrClosed means that
// Close was called; after any other error the next Read may succeed, with Lost
// set.
func (e *Exits) Read(dst *ExitLog) error { return e.client.read(dst) }

// Close ends the subscription and the goroutine that serves it.
func (e *Exits) Close() error { return e.client.close() }

// Exit is the end of a process, or of a thread of one that lives on: those
// cannot be told apart before a sweep shows whether the process is there.
type Exit struct {
	PID int32
	// At is when the thread ended that was the last so far, since boot; the
	// clock is that of ProcID.Start.
	At time.Duration
	// Status is how the process ended if it did; absent where its threads do
	// not agree.
	Status Opt[ExitStatus]
}

// ExitLog is what Exits heard from one Read to the next.
type ExitLog struct {
	// Exits are in no order, at most one of a PID.
	Exits []Exit
	// Lost says that the kernel had more to say than the socket could hold.
	// What was heard before is then left out: threads may have ended since.
	Lost bool
	// Taken is when the log was read, and Uptime the same moment since boot.
	Taken  time.Time
	Uptime time.Duration
}

// maxExits bounds the memory for exits that no sweep has looked at yet: a table
// of that many takes 5 MB, and there is one here and one in a ZombieTracker.
// Those of processes that were reaped go first.
const maxExits = 1 << 16

// exitTable holds the last exit of each PID.
type exitTable map[int32]Exit

// add notes the end of a thread, which may be the leader, the thread whose
// ID is the PID. Where the table is full it forgets any other exit: of that
// process nobody will know when it died.
//
// The status that wait(2) gives is that of the last thread, or the one that
// exit_group(2) gave to all. A thread that is not the leader may have ended by
// itself, before or while others did that, so its word alone does not count.
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
