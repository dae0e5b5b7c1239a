package sysprobe

import (
	"cmp"
	"context"
	"fmt"
	"io/fs"
	"sync"
	"sync/atomic"
	"time"
)

// watchQueue limits the events that wait for a reader of NICWatch.Events; then
// the watch waits for it.
const watchQueue = 64

// nicFeed is what the watches of all systems are made of: the table, the events
// that its changes make, and the end. The client of a system embeds it, and follows
// the kernel in one goroutine.
type nicFeed struct {
	unsupportedNICWatch

	cfg     Config
	events  chan NICEvent
	closing atomic.Bool
	cancel  context.CancelFunc // ends the goroutine, together with shut
	shut    func() error       // ends the subscription, once
	ended   chan struct{}

	// What only the goroutine uses.
	dumped  AddrSnapshot
	pending []NICEvent
	last    time.Time // of the last event

	mu     sync.Mutex // guards what follows
	table  nicTable
	stats  NICWatchStats
	err    error  // why the goroutine ended
	own    bool   // err is not of close
	target string // of the error
}

// begin makes the feed ready, which has a subscription that unsubscribe ends.
func (f *nicFeed) begin(cfg Config, choice NICChoice, unsubscribe func() error) {
	f.cfg = cfg
	f.events = make(chan NICEvent, watchQueue)
	f.shut = sync.OnceValue(unsubscribe)
	f.ended = make(chan struct{})
	f.table = nicTable{emit: func(NICEvent) {}, choice: choice, epoch: cfg.Now()}
	if choice.Present {
		f.table.emit = f.note
	}
}

// start starts the goroutine, which runs run, once resync has filled the table. The
// goroutine outlives ctx. It returns the error of resync.
func (f *nicFeed) start(ctx context.Context, resync func(context.Context) error, run func(context.Context)) error {
	if err := resync(ctx); err != nil {
		return err
	}
	f.table.emit = f.note
	var life context.Context
	life, f.cancel = context.WithCancel(context.Background())
	go func() {
		defer close(f.ended)
		defer f.cancel()
		run(life)
	}()
	return nil
}

// close ends the goroutine.
func (f *nicFeed) close() error {
	if !f.closing.CompareAndSwap(false, true) {
		return opError("close interface watch", "", fs.ErrClosed)
	}
	f.cancel()
	err := opError("close interface watch", "", f.shut())
	<-f.ended
	return err
}

// end closes the channel of events, and keeps why the goroutine ended. Own says
// that it was not close.
func (f *nicFeed) end(own bool, target string, err error) {
	if own {
		err = fmt.Errorf("%w: %w", fs.ErrClosed, err)
	} else {
		err = fs.ErrClosed
	}
	f.mu.Lock()
	f.err, f.target, f.own = err, target, own
	f.mu.Unlock()
	close(f.events)
}

// replace makes the table that of the last dump.
func (f *nicFeed) replace() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.table.replace(&f.dumped, f.cfg.Now())
}

// note keeps an event until the table is unlocked, and gives it a time that no
// other event has.
func (f *nicFeed) note(e NICEvent) {
	e.At = f.cfg.Now()
	if !e.At.After(f.last) {
		e.At = f.last.Add(1)
	}
	f.last = e.At
	f.stats.Events++
	f.pending = append(f.pending, e)
}

// deliver sends the events that were noted.
func (f *nicFeed) deliver(ctx context.Context) error {
	for _, e := range f.pending {
		select {
		case f.events <- e:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	clear(f.pending) // of strings
	f.pending = f.pending[:0]
	return nil
}

// snapshot copies the table.
func (f *nicFeed) snapshot(ctx context.Context, dst *AddrSnapshot) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	dst.Malformed = 0 // which statistics counts
	if err := cmp.Or(f.err, ctx.Err()); err != nil {
		dst.Interfaces = dst.Interfaces[:0]
		return opError("copy interface table", f.target, err)
	}
	f.table.copyTo(dst, f.cfg.Now())
	return nil
}

// failure is why the goroutine ended, unless that was close.
func (f *nicFeed) failure() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.own {
		return nil
	}
	return opError("watch interfaces", f.target, f.err)
}

// statistics returns what was counted.
func (f *nicFeed) statistics() NICWatchStats {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.stats
}
