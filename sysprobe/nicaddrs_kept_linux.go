package sysprobe

import (
	"cmp"
	"context"
	"slices"
	"time"

	"telegraf-sysprobe/sysprobe/internal/decode/rtnl"
)

// linkNotices receives a notification of every change of a link.
type linkNotices interface {
	// Drain drops all notifications and reports whether there were none.
	Drain() (quiet bool, err error)
	Close() error
}

// keptLinks is the link table of the last dump, which costs three times as much
// as a dump of the addresses. It is reused until a notification arrives. The
// kernel notifies of most changes at once, and of carrier and operational state
// within a second (net/core/link_watch.c), but of the alias and the further names of
// an interface that is down not at all (netdev_state_change of net/core/dev.c): those
// that are down are asked for each time.
type keptLinks struct {
	notices linkNotices // nil: every snapshot dumps the links
	verify  time.Duration
	now     func() time.Time
	read    time.Time // of the last dump; zero before
	rows    []Link    // by index
}

// keepWhileQuiet reuses rows while notices, which k then owns, has none.
func (k *keptLinks) keepWhileQuiet(notices linkNotices, cfg Config) {
	k.notices, k.verify, k.now = notices, cfg.WatchVerify, cfg.Now
}

// current reports whether the rows are those of the kernel.
func (k *keptLinks) current() bool {
	if k.notices == nil {
		return false
	}
	quiet, err := k.notices.Drain() // in any case: queued notifications predate the next dump
	return quiet && err == nil && !k.read.IsZero() && (k.verify < 0 || k.now().Sub(k.read) < k.verify)
}

// forget makes the next snapshot dump the links.
func (k *keptLinks) forget() { k.read = time.Time{} }

// close ends the subscription.
func (k *keptLinks) close() error {
	if k.notices == nil {
		return nil
	}
	err := k.notices.Close()
	k.notices = nil
	return err
}

// readLinks sets dst to all interfaces, without addresses.
func (c *nicAddrsClient) readLinks(ctx context.Context, dst *AddrSnapshot) error {
	if !c.kept.current() || !c.askDown(ctx) {
		if err := c.dumpLinks(ctx); err != nil {
			return err
		}
	}
	dst.Interfaces = dst.Interfaces[:0]
	for i := range c.kept.rows {
		var row *InterfaceAddrs
		dst.Interfaces, row = extend(dst.Interfaces)
		names := append(row.Link.AltNames[:0], c.kept.rows[i].AltNames...)
		row.Link = c.kept.rows[i]
		row.Link.AltNames = names
	}
	return nil
}

// dumpFrom is the part of the interfaces, one in so many, above which those that are
// down are read by a dump: that takes as long as to ask for almost half of them.
const dumpFrom = 4

// askDown reads the kept links that are down anew. It reports false where a dump has to
// be made: too many are down, or one of them does not answer.
func (c *nicAddrsClient) askDown(ctx context.Context) bool {
	rows := c.kept.rows
	down := 0
	for i := range rows {
		if rows[i].Flags&FlagUp == 0 {
			down++
		}
	}
	if down == 0 || down*dumpFrom > len(rows) {
		return down == 0
	}
	for i := range rows {
		fill := func(raw *rtnl.Link) { c.links.fill(&rows[i], raw) }
		if rows[i].Flags&FlagUp == 0 && c.links.route.Link(ctx, rows[i].Index, true, fill) != nil {
			return false
		}
	}
	linkRows{n: len(rows), at: func(i int) *Link { return &rows[i] }}.nameMasters()
	return true
}

// dumpLinks reads the links to keep.
func (c *nicAddrsClient) dumpLinks(ctx context.Context) error {
	k := &c.kept
	k.forget()
	reset := func() { k.rows = k.rows[:0] }
	err := c.links.dump(ctx, true, reset, func(*rtnl.Link) *Link {
		var l *Link
		k.rows, l = extend(k.rows)
		return l
	})
	if err != nil {
		return err
	}
	slices.SortFunc(k.rows, func(a, b Link) int { return cmp.Compare(a.Index, b.Index) })
	linkRows{n: len(k.rows), at: func(i int) *Link { return &k.rows[i] }}.nameMasters()
	if k.notices != nil {
		k.read = k.now()
	}
	return nil
}
