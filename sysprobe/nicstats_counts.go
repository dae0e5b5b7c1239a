package sysprobe

import (
	"cmp"
	"slices"
)

// Total is the sum of the counters of all interfaces, as psutil's net_io_counters
// without pernic: loopback, and members beside what they are members of, included. A
// sum is known if one of its parts is. With [WantSteadyCounters] the sum has what
// interfaces counted that were removed since, and never runs backwards.
func (s *LinkSnapshot) Total() LinkCounters {
	total := s.gone
	for i := range s.Links {
		if counters := s.Links[i].Counters.Ref(); counters != nil {
			total.add(counters)
		}
	}
	return total
}

// maxGoneLinks is how many interfaces that were removed linkCounts remembers.
const maxGoneLinks = 1024

// linkCounts makes the counters of interfaces go on where they were set back.
type linkCounts struct {
	turn *turn // guards what follows

	present, spare map[int]*linkCount // by index
	gone           []*linkCount       // the one that was removed first is the first
	forgotten      LinkCounters       // of those that were removed before these
	anew           []*LinkStats       // memory of follow
}

// linkCount is what an interface, and those before it that it is the successor of,
// have counted.
type linkCount struct {
	link Link         // when it was seen last, without AltNames
	last LinkCounters // what the kernel had then
	base LinkCounters // what was counted before last began at 0
}

func newLinkCounts() linkCounts {
	return linkCounts{turn: newTurn(), present: map[int]*linkCount{}, spare: map[int]*linkCount{}}
}

// follow changes the counters of s, which is later than the last one, so that they go
// on from those of that.
func (c *linkCounts) follow(s *LinkSnapshot) {
	before := c.present
	c.present, c.spare = c.spare, before
	c.anew = c.anew[:0]
	for i := range s.Links {
		row := &s.Links[i]
		known := before[row.Link.Index]
		if known == nil || isAnother(&known.link, &row.Link) {
			c.anew = append(c.anew, row)
			continue
		}
		delete(before, row.Link.Index)
		c.see(known, row)
	}
	c.remove(before)
	for _, row := range c.anew {
		c.see(c.predecessor(row.Link.Name), row)
	}
	clear(c.anew)
	c.forget()
	s.gone = c.forgotten
	for _, g := range c.gone {
		shown := g.shown()
		s.gone.add(&shown)
	}
}

// see makes row, which is the state of that interface now, go on from what it had.
func (c *linkCounts) see(known *linkCount, row *LinkStats) {
	c.present[row.Link.Index] = known
	known.link = row.Link
	known.link.AltNames = nil // whose memory is the snapshot's
	counters := row.Counters.Ref()
	if counters == nil {
		return
	}
	known.base.addSetBack(&known.last, counters)
	known.last = *counters
	row.Counters = Some(known.shown())
}

// remove makes interfaces those that are gone, and left empty.
func (c *linkCounts) remove(left map[int]*linkCount) {
	from := len(c.gone)
	for _, known := range left {
		c.gone = append(c.gone, known)
	}
	slices.SortFunc(c.gone[from:], func(a, b *linkCount) int { return cmp.Compare(a.link.Index, b.link.Index) })
	clear(left)
}

// predecessor returns what the last interface of that name has counted that is gone,
// for the one that takes its place; nothing where there was none.
func (c *linkCounts) predecessor(name string) *linkCount {
	for i, known := range slices.Backward(c.gone) {
		if known.link.Name == name {
			c.gone = slices.Delete(c.gone, i, i+1)
			return &linkCount{base: known.shown()}
		}
	}
	return &linkCount{}
}

// forget keeps of interfaces that are too many only the sum of what they counted.
func (c *linkCounts) forget() {
	most := max(len(c.gone)-maxGoneLinks, 0)
	for _, known := range c.gone[:most] {
		shown := known.shown()
		c.forgotten.add(&shown)
	}
	c.gone = slices.Delete(c.gone, 0, most)
}

// shown is what the interface has counted.
func (c *linkCount) shown() LinkCounters {
	shown := c.last
	shown.add(&c.base)
	return shown
}

// add adds the counters of b to those of c. A sum is known if one of its parts is.
func (c *LinkCounters) add(b *LinkCounters) {
	c.combine(b, b, func(part, _ uint64) uint64 { return part })
}

// addSetBack adds the counters of before to those of c that are less now.
func (c *LinkCounters) addSetBack(before, now *LinkCounters) {
	c.combine(before, now, func(was, is uint64) uint64 {
		if is < was {
			return was
		}
		return 0
	})
}

// combine adds to each counter of c what f makes of those of a and b. One that is
// absent in a or b is left as it is.
func (c *LinkCounters) combine(a, b *LinkCounters, f func(a, b uint64) uint64) {
	inA, inB := a.always(), b.always()
	for i, to := range c.always() {
		*to += f(*inA[i], *inB[i])
	}
	maybeA, maybeB := a.optional(), b.optional()
	for i, to := range c.optional() {
		if maybeA[i].Known() && maybeB[i].Known() {
			*to = Some(to.Or(0) + f(maybeA[i].Or(0), maybeB[i].Or(0)))
		}
	}
	detailsA, detailsB := a.Details.Ref(), b.Details.Ref()
	if detailsA == nil || detailsB == nil {
		return
	}
	sums := c.Details.Or(LinkCounterDetails{})
	inA2, inB2 := detailsA.all(), detailsB.all()
	for i, to := range sums.all() {
		*to += f(*inA2[i], *inB2[i])
	}
	c.Details = Some(sums)
}

// always returns the counters that every system has.
func (c *LinkCounters) always() [4]*uint64 {
	return [...]*uint64{&c.RxPackets, &c.TxPackets, &c.RxErrors, &c.TxErrors}
}

// optional returns the others, but for the details.
func (c *LinkCounters) optional() [6]*Opt[uint64] {
	return [...]*Opt[uint64]{&c.RxBytes, &c.TxBytes, &c.RxDropped, &c.TxDropped, &c.Multicast, &c.Collisions}
}

// all returns the details.
func (d *LinkCounterDetails) all() [14]*uint64 {
	return [...]*uint64{
		&d.RxLengthErrors, &d.RxOverErrors, &d.RxCRCErrors, &d.RxFrameErrors, &d.RxFIFOErrors, &d.RxMissedErrors,
		&d.TxAbortedErrors, &d.TxCarrierErrors, &d.TxFIFOErrors, &d.TxHeartbeatErrors, &d.TxWindowErrors,
		&d.RxCompressed, &d.TxCompressed, &d.RxNoHandler,
	}
}
