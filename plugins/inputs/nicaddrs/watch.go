package nicaddrs

import (
	"context"
	"sync"

	"github.com/influxdata/telegraf"

	"telegraf-sysprobe/plugins/internal/metric"
	"telegraf-sysprobe/plugins/internal/nic"
	"telegraf-sysprobe/sysprobe"
)

// watcher is a sysprobe.NICWatch.
type watcher interface {
	nic.Source[sysprobe.AddrSnapshot]
	Events() <-chan sysprobe.NICEvent
	Stats() sysprobe.NICWatchStats
	Retire(ctx context.Context) error
	Err() error
}

// watched is a watcher whose events a goroutine sends.
type watched struct {
	watcher

	ended chan struct{} // closed when there are no more events

	mu   sync.Mutex
	sent uint64 // events
	more *sync.Cond
	last bool // there are no more
}

// openWatch is a nic.Opener: it opens a watcher, from whose table gathers are
// made, and sends its events until it is closed.
func (n *NICAddrs) openWatch(ctx context.Context, o *nic.Opening) (nic.Source[sysprobe.AddrSnapshot], error) {
	w, err := n.watch(ctx, o.Config, sysprobe.NICChoice{Link: n.interfaces.Match, Addr: n.layout.passes, Present: o.Came})
	if err != nil {
		return nil, err
	}
	source := &watched{watcher: w, ended: make(chan struct{})}
	source.more = sync.NewCond(&source.mu)
	go source.run(n, o.Tag)
	return source, nil
}

// run sends the events.
func (w *watched) run(n *NICAddrs, netns string) {
	defer close(w.ended)
	for e := range w.Events() {
		n.send(n.acc, netns, &e)
		w.note(1, false)
	}
	w.note(0, true)
	if err := w.Err(); err != nil {
		n.acc.AddError(err)
	}
}

// note counts events that were sent.
func (w *watched) note(sent uint64, last bool) {
	w.mu.Lock()
	w.sent, w.last = w.sent+sent, last
	w.mu.Unlock()
	w.more.Broadcast()
}

// Snapshot copies the table of the watcher when the events of all that is in it
// have been sent.
func (w *watched) Snapshot(ctx context.Context, dst *sysprobe.AddrSnapshot) error {
	if err := w.watcher.Snapshot(ctx, dst); err != nil {
		return err
	}
	found := w.Stats().Events
	w.mu.Lock()
	defer w.mu.Unlock()
	for w.sent < found && !w.last {
		w.more.Wait()
	}
	return nil
}

// Retire sends the events of the loss of all that is in the table, and ends.
func (w *watched) Retire(ctx context.Context) error {
	err := w.watcher.Retire(ctx)
	<-w.ended
	return err
}

// Close closes the watcher and waits until its events are sent.
func (w *watched) Close() error {
	err := w.watcher.Close()
	<-w.ended
	return err
}

// send sends an event, unless it is about an address of a family that is not
// selected. The watcher sends no events of others that the options leave out.
func (n *NICAddrs) send(acc telegraf.Accumulator, netns string, e *sysprobe.NICEvent) {
	if family := e.Family(); family != sysprobe.FamilyUnspec && !n.layout.selects(family) {
		return
	}
	n.changes.note(netns, e)
	var row metric.Series
	setEvent(&row, e, netns)
	row.SendEvent(acc, eventMeasurement, e.At)
}

// watch is sysprobe.OpenNICWatchOf.
func watch(ctx context.Context, c *sysprobe.Config, choice sysprobe.NICChoice) (watcher, error) {
	return sysprobe.OpenNICWatchOf(ctx, c, choice)
}
