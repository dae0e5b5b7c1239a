package nicaddrs

import (
	"github.com/influxdata/telegraf"

	"telegraf-sysprobe/plugins/internal/nic"
	"telegraf-sysprobe/sysprobe"
)

// watcher is a sysprobe.NICWatch.
type watcher interface {
	nic.Source[sysprobe.AddrSnapshot]
	Events() <-chan sysprobe.NICEvent
	Err() error
}

// watched is a watcher whose events are sent on.
type watched struct {
	watcher

	sent chan struct{} // closed when there are no more events
}

// openWatch is an opener for a nic.Reader: it opens a watcher, which answers
// gathers too, and sends its events until it is closed.
func (n *NICAddrs) openWatch(c *sysprobe.Config) (nic.Source[sysprobe.AddrSnapshot], error) {
	w, err := n.watch(c)
	if err != nil {
		return nil, err
	}
	source := &watched{watcher: w, sent: make(chan struct{})}
	acc, netns := n.acc, nic.NamespaceTag(c.NetNS)
	go func() {
		defer close(source.sent)
		for e := range w.Events() {
			n.send(acc, netns, &e)
		}
		if err := w.Err(); err != nil {
			acc.AddError(err)
		}
	}()
	return source, nil
}

// Close closes the watcher and waits until its events are sent.
func (w *watched) Close() error {
	err := w.watcher.Close()
	<-w.sent
	return err
}

// send sends an event that the options choose. A renaming is about both names.
func (n *NICAddrs) send(acc telegraf.Accumulator, netns string, e *sysprobe.NICEvent) {
	chosen := n.interfaces.Match(e.Interface, e.LinkKind) || e.Kind == sysprobe.NICRenamed && n.interfaces.Match(e.Old, e.LinkKind)
	if !chosen || !n.layout.selects(e) {
		return
	}
	p := eventPoint(e, netns)
	acc.AddFields(eventMeasurement, p.fields, p.tags, e.At)
}

// watch is sysprobe.OpenNICWatch.
func watch(c *sysprobe.Config) (watcher, error) { return sysprobe.OpenNICWatch(c) }
