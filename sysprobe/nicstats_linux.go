//go:build linux

package sysprobe

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"telegraf-sysprobe/sysprobe/internal/decode/ethnl"
	"telegraf-sysprobe/sysprobe/internal/decode/rtnl"
	"telegraf-sysprobe/sysprobe/internal/sys/ethtool"
	"telegraf-sysprobe/sysprobe/internal/sys/netns"
	"telegraf-sysprobe/sysprobe/internal/sys/nlconn"
	"telegraf-sysprobe/sysprobe/internal/sys/sysfs"
)

// nicStatsClient asks rtnetlink(7) and the generic netlink family "ethtool".
type nicStatsClient struct {
	turn    *turn // guards what follows
	links   *linkReader
	drivers *ethtool.Reader
	states  []ethtool.Link // memory of askDrivers
	detail  rtnl.Detail    // memory of dumpLinks

	sysRoot         string
	cards, oldCards map[card]string // the drivers of this snapshot and of the last one
}

// newNICStatsClient opens a socket in the namespace of cfg. The first snapshot
// finds out whether there is ethtool netlink.
func newNICStatsClient(cfg Config) (*nicStatsClient, error) {
	return newNICStatsClientOn(cfg, dialRoute(cfg), ethtool.KernelOf(netns.Path(cfg.NetNS)))
}

// newNICStatsClientOn is newNICStatsClient with the sockets that route makes and
// the drivers of kernel.
func newNICStatsClientOn(cfg Config, route func() (nlconn.Socket, error), kernel ethtool.Kernel) (*nicStatsClient, error) {
	links, err := newLinkReader(cfg, route)
	if err != nil {
		return nil, err
	}
	return &nicStatsClient{
		turn: newTurn(), links: links, drivers: ethtool.NewReader(kernel, cfg.EthtoolTimeout),
		sysRoot: cfg.SysRoot, cards: map[card]string{}, oldCards: map[card]string{},
	}, nil
}

// close closes the sockets.
func (c *nicStatsClient) close() error {
	return opError("close link table", "", c.turn.end(func() error {
		return errors.Join(c.links.route.Close(), c.drivers.Close())
	}))
}

// snapshot reads all links, and then what their drivers report.
func (c *nicStatsClient) snapshot(ctx context.Context, dst *LinkSnapshot, want LinkFacts) error {
	dst.Denied, dst.Failed, dst.Late, dst.Ethtool = 0, 0, 0, nil
	err := inTurn(ctx, c.turn, "read links", "", dst, func(dst *LinkSnapshot) error {
		if err := c.dumpLinks(ctx, dst, want); err != nil {
			return err
		}
		return c.askDrivers(ctx, dst, want)
	})
	if err != nil {
		dst.Links = dst.Links[:0]
	}
	return err
}

// dumpLinks reads all links with their counters.
func (c *nicStatsClient) dumpLinks(ctx context.Context, dst *LinkSnapshot, want LinkFacts) error {
	reset := func() { dst.Links, dst.Failed = dst.Links[:0], 0 }
	err := c.links.dump(ctx, false, reset, func(raw *rtnl.Link) *Link {
		var row *LinkStats
		dst.Links, row = extend(dst.Links)
		*row = LinkStats{
			Link:         Link{AltNames: row.Link.AltNames},
			Supported:    row.Supported[:0],
			Advertised:   row.Advertised[:0],
			Peer:         row.Peer[:0],
			FECModes:     row.FECModes[:0],
			PrivateFlags: row.PrivateFlags[:0],
		}
		row.ParentBus, row.ParentDev = c.links.names.text(raw.ParentBus), c.links.names.text(raw.ParentDev)
		row.Promiscuity, row.AllMulti, row.ProtoDown = raw.Promiscuity, raw.AllMulti, raw.ProtoDown
		row.ProtoDownReasons = numberOf[ProtoDownReasons](raw.ProtoDownReasons)
		if counters := raw.Stats.Ref(); counters != nil {
			row.Counters = Some(countersOfStats(counters))
		}
		if want&WantLinkDetail != 0 && fillDetail(&row.Detail, raw, &c.detail) != nil {
			dst.Failed++
		}
		return &row.Link
	})
	if err != nil {
		return err
	}
	if !dst.rows().sorted() {
		slices.SortFunc(dst.Links, func(a, b LinkStats) int { return cmp.Compare(a.Link.Index, b.Link.Index) })
	}
	dst.rows().nameMasters()
	c.nameDrivers(dst.Links)
	if want&WantLinkDetail != 0 {
		dst.nameOthers()
	}
	return nil
}

// countersOfStats returns the counters of rtnetlink.
func countersOfStats(s *rtnl.Stats) LinkCounters {
	return LinkCounters{
		RxPackets: s.RxPackets, TxPackets: s.TxPackets, RxErrors: s.RxErrors, TxErrors: s.TxErrors,
		RxBytes: Some(s.RxBytes), TxBytes: Some(s.TxBytes), RxDropped: Some(s.RxDropped), TxDropped: Some(s.TxDropped),
		Multicast: Some(s.Multicast), Collisions: Some(s.Collisions),
		Details: Some(LinkCounterDetails{
			RxLengthErrors: s.RxLengthErrors, RxOverErrors: s.RxOverErrors, RxCRCErrors: s.RxCRCErrors,
			RxFrameErrors: s.RxFrameErrors, RxFIFOErrors: s.RxFIFOErrors, RxMissedErrors: s.RxMissedErrors,
			TxAbortedErrors: s.TxAbortedErrors, TxCarrierErrors: s.TxCarrierErrors, TxFIFOErrors: s.TxFIFOErrors,
			TxHeartbeatErrors: s.TxHeartbeatErrors, TxWindowErrors: s.TxWindowErrors,
			RxCompressed: s.RxCompressed, TxCompressed: s.TxCompressed, RxNoHandler: s.RxNoHandler,
		}),
	}
}

// card identifies the device of an interface. A device that gets another driver gets
// another interface.
type card struct {
	index    int
	bus, dev string
}

// nameDrivers sets the drivers of links. It reads sysfs once for each card.
func (c *nicStatsClient) nameDrivers(links []LinkStats) {
	c.cards, c.oldCards = c.oldCards, c.cards
	clear(c.cards)
	for i := range links {
		l := &links[i]
		if l.ParentDev == "" {
			continue
		}
		key := card{l.Link.Index, l.ParentBus, l.ParentDev}
		driver, known := c.oldCards[key]
		if !known {
			driver = sysfs.Driver(c.sysRoot, l.ParentBus, l.ParentDev)
		}
		c.cards[key], l.Driver = driver, driver
	}
}

// askDrivers adds the facts that drivers report, and removes the interfaces that
// do not exist any more.
func (c *nicStatsClient) askDrivers(ctx context.Context, dst *LinkSnapshot, want LinkFacts) error {
	c.states = c.states[:0]
	for i := range dst.Links {
		c.states = append(c.states, driverState(&dst.Links[i].Link))
	}
	view, err := c.drivers.Read(ctx, c.states, driverFacts(want))
	if err != nil {
		return opError("ask drivers", "", err)
	}
	dst.Denied += view.Denied()
	dst.Failed += view.Failed()
	dst.Ethtool = opError("ask ethtool netlink", "", view.Err())
	gone := false
	for i := range dst.Links {
		l := &dst.Links[i]
		var f *ethtool.Facts
		if f, l.Late = view.Facts(l.Link.Index); l.Late {
			dst.Late++
		}
		if f != nil {
			l.fill(f, want)
			gone = gone || f.Gone
		}
	}
	if gone {
		dst.Links = slices.DeleteFunc(dst.Links, func(l LinkStats) bool {
			f, late := view.Facts(l.Link.Index)
			return f != nil && f.Gone && !late
		})
	}
	return nil
}

// driverState is the state of a link on which the answers of its driver depend.
func driverState(l *Link) ethtool.Link {
	return ethtool.Link{
		Index:          l.Index,
		Name:           l.Name,
		Address:        l.HardwareAddr.bytes,
		Flags:          uint32(l.Flags),
		CarrierChanges: l.CarrierChanges.Or(0),
	}
}

// driverFacts translates a set of facts.
func driverFacts(want LinkFacts) ethtool.Want {
	var w ethtool.Want
	for _, fact := range [...]struct {
		public LinkFacts
		asked  ethtool.Want
	}{
		{WantLinkState, ethtool.WantLinkState},
		{WantFEC, ethtool.WantFEC},
		{WantWakeOnLAN, ethtool.WantWakeOnLAN},
		{WantPrivateFlags, ethtool.WantPrivateFlags},
	} {
		if want&fact.public != 0 {
			w |= fact.asked
		}
	}
	return w
}

// fill sets the facts that the driver reported and that are wanted. Those of an
// earlier snapshot might be more.
func (l *LinkStats) fill(f *ethtool.Facts, want LinkFacts) {
	if port, known := f.Port.Get(); known {
		l.Port = Some(Port(port))
	}
	l.fillModes(&f.Modes, want)
	if want&WantLinkState != 0 {
		l.fillState(&f.State)
	}
	if want&WantFEC != 0 {
		l.fillFEC(&f.FEC)
	}
	if events, known := f.WakeOnLAN.Get(); known && want&WantWakeOnLAN != 0 {
		l.WakeOnLAN = Some(WakeOnLAN(events))
	}
	if want&WantPrivateFlags != 0 {
		for _, flag := range f.PrivateFlags {
			l.PrivateFlags = append(l.PrivateFlags, PrivateFlag(flag))
		}
	}
}

// fillModes sets speed and duplex, and the modes where they are wanted.
func (l *LinkStats) fillModes(m *ethnl.LinkModes, want LinkFacts) {
	if speed, known := m.Speed.Get(); known {
		l.Speed = speedOfKernel(speed)
	}
	if duplex, known := m.Duplex.Get(); known {
		l.Duplex = duplexOfKernel(duplex)
	}
	if auto, known := m.Autoneg.Get(); known {
		l.Autoneg = Some(auto != 0)
	}
	best := m.Best()
	l.SpeedMax = someIf(best.Speed, best.Speed != 0)
	offered := m.Offered().Speed
	l.SpeedOffered = someIf(offered, offered != 0)
	if m.Chosen() {
		l.Degraded = degraded(l, best)
	}
	if want&WantLinkModes != 0 {
		l.Supported = append(l.Supported, m.Supported...)
		l.Advertised = append(l.Advertised, m.Advertised...)
		l.Peer = append(l.Peer, m.Peer...)
	}
}

// fillState sets the quality of the signal and, where the dump of the links saw
// no carrier, the reason for that.
func (l *LinkStats) fillState(s *ethnl.LinkState) {
	l.SQI, l.SQIMax = s.SQI, s.SQIMax
	if l.Link.Carrier.Or(false) {
		return
	}
	if reason, known := s.Reason.Get(); known {
		l.DownReason = Some(LinkDownReason(reason))
	}
	l.DownDetail = s.Detail
}

// fillFEC sets the error correction. A mode that no LinkMode holds is absent.
func (l *LinkStats) fillFEC(f *ethnl.FEC) {
	l.FECModes = append(l.FECModes, f.Modes...)
	if auto, known := f.Auto.Get(); known {
		l.FECAuto = Some(auto != 0)
	}
	if active, known := f.Active.Get(); known && active <= 0xffff {
		l.FECActive = Some(LinkMode(active))
	}
}

// degraded reports whether a link that is up, with a carrier, does less than the
// best mode of both ends. For a link that is down, drivers report its last speed.
func degraded(l *LinkStats, best ethnl.Best) Opt[bool] {
	if best.Speed == 0 || l.Link.Flags&FlagUp == 0 || !l.Link.Carrier.Or(false) {
		return Opt[bool]{}
	}
	if l.Duplex == DuplexHalf && best.Full {
		return Some(true)
	}
	speed, known := l.Speed.Get()
	return someIf(speed < best.Speed, known)
}
