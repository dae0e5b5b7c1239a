package sysprobe

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"syscall"

	decoder "telegraf-sysprobe/sysprobe/internal/decode/ifmedia"
	"telegraf-sysprobe/sysprobe/internal/decode/rib"
	"telegraf-sysprobe/sysprobe/internal/opt"
	"telegraf-sysprobe/sysprobe/internal/sys/ifmedia"
	"telegraf-sysprobe/sysprobe/internal/sys/route"
	"telegraf-sysprobe/sysprobe/internal/sys/sysctl"
)

// ribNICStatsClient reads interfaces from one dump of sysctl(3), and asks the driver
// of each for its medium, its description and its groups, as FreeBSD, OpenBSD, NetBSD
// and macOS have them.
type ribNICStatsClient struct {
	unsupportedNICStats

	turn    *turn // guards what follows
	table   *route.Reader
	drivers *ifmedia.Reader
	socket  func() error // closes the socket of drivers
	names   interner
}

// nicKernel is how a ribNICStatsClient asks a kernel.
type nicKernel struct {
	sysctl sysctl.Call
	ioctl  ifmedia.Ioctl
	close  func() error
	// goos and goarch are the system, as Go spells it.
	goos, goarch string
}

// newRIBNICStatsClient returns the client that asks k, which it closes.
func newRIBNICStatsClient(k nicKernel) (*ribNICStatsClient, error) {
	const op = "open link table"
	table, err := route.NewReader(k.sysctl, k.goos, k.goarch)
	drivers, errDrivers := ifmedia.NewReader(k.ioctl, k.goos, k.goarch)
	if err := opError(op, "", errors.Join(err, errDrivers)); err != nil {
		return nil, errors.Join(err, k.close())
	}
	return &ribNICStatsClient{turn: newTurn(), table: table, drivers: drivers, socket: k.close, names: interner{}}, nil
}

func (c *ribNICStatsClient) close() error {
	return opError("close link table", "", c.turn.end(c.socket))
}

func (c *ribNICStatsClient) snapshot(ctx context.Context, dst *LinkSnapshot, _ LinkFacts) error {
	*dst = LinkSnapshot{Links: dst.Links[:0]}
	return inTurn(ctx, c.turn, "read links", "", dst, func(dst *LinkSnapshot) error { return c.read(ctx, dst) })
}

// read is snapshot, in its turn.
func (c *ribNICStatsClient) read(ctx context.Context, dst *LinkSnapshot) error {
	table, err := readRIB(c.table)
	if err != nil {
		return opError("read links", "", err)
	}
	c.fill(dst, table)
	if err := c.askDrivers(ctx, dst, table); err != nil {
		dst.Links = dst.Links[:0]
		return opError("ask drivers", "", err)
	}
	if rows := dst.rows(); !rows.sorted() {
		slices.SortFunc(dst.Links, func(a, b LinkStats) int { return cmp.Compare(a.Link.Index, b.Link.Index) })
	}
	return nil
}

// fill sets dst to what the table has, in its order.
func (c *ribNICStatsClient) fill(dst *LinkSnapshot, table *rib.Table) {
	dst.Malformed = table.Malformed
	for i := range table.Links {
		var row *LinkStats
		dst.Links, row = extend(dst.Links)
		*row = LinkStats{
			Link: Link{AltNames: row.Link.AltNames}, Groups: row.Groups[:0], Counters: Some(ribCounters(&table.Links[i].Counters)),
		}
		ribLink(&row.Link, &table.Links[i], c.names)
	}
}

// ribCounters returns the counters of a routing message.
func ribCounters(c *rib.Counters) LinkCounters {
	counters := LinkCounters{
		RxPackets: c.InPackets.Or(0), TxPackets: c.OutPackets.Or(0),
		RxErrors: c.InErrors.Or(0), TxErrors: c.OutErrors.Or(0),
		RxDropped: c.InDrops, TxDropped: c.OutDrops,
		Multicast: c.InMulticast, Collisions: c.Collisions,
	}
	if !c.BytesRounded {
		counters.RxBytes, counters.TxBytes = c.InBytes, c.OutBytes
	}
	return counters
}

// askDrivers adds what drivers say, and removes the interfaces that are gone. The
// rows of dst are those of the table.
func (c *ribNICStatsClient) askDrivers(ctx context.Context, dst *LinkSnapshot, table *rib.Table) error {
	kept := 0
	for i := range dst.Links {
		if err := ctx.Err(); err != nil {
			return err
		}
		l := &dst.Links[i]
		m, err := c.drivers.Media(l.Link.Name)
		switch {
		case err == nil:
			l.fillMedia(&m, &table.Links[i])
		case errors.Is(err, syscall.ENXIO):
			continue
		case errors.Is(err, ErrAccessDenied):
			dst.Denied++
		case !errors.Is(err, ErrNotSupported):
			dst.Failed++
		}
		l.Link.Alias = c.names.text(c.drivers.Description(l.Link.Name))
		for _, group := range c.drivers.Groups(l.Link.Name) {
			l.Groups = append(l.Groups, c.names.text(group))
		}
		if kept != i {
			dst.Links[kept], dst.Links[i] = dst.Links[i], dst.Links[kept]
		}
		kept++
	}
	dst.Links = dst.Links[:kept]
	return nil
}

// fillMedia sets what follows from the medium. The table says the carrier if it says
// it at all, as macOS does not. What the other end offers no driver says: a fast card at
// a slow switch is not degraded.
func (l *LinkStats) fillMedia(m *ifmedia.Media, raw *rib.Link) {
	if active, known := m.Active.Get(); known && l.Link.Flags&FlagUp != 0 && !l.Link.Carrier.Known() {
		l.Link.setCarrier(active)
	}
	l.Speed = mediaSpeed(&m.Link, raw)
	l.Duplex = mediaDuplex(&m.Link, raw)
	if m.Current.Type == decoder.TypeEthernet {
		l.Autoneg = Some(m.Current.Auto)
	}
	var best uint32
	for i := range m.Words {
		best = max(best, m.Words[i].Speed.Or(0))
	}
	l.SpeedMax = someIf(best, best != 0)
}

// mediaSpeed is the speed of the medium in use, in Mbit/s. If it is one that the
// table of media does not have, newer than that, it is what the driver said to the
// network stack: not 10 Mbit/s, which that takes each Ethernet for (ether_ifattach) whose
// driver says nothing.
func mediaSpeed(w *decoder.Word, raw *rib.Link) Opt[uint32] {
	if w.Speed.Known() || w.Type != decoder.TypeEthernet || w.Auto {
		return w.Speed
	}
	rate, known := raw.Baudrate.Get()
	return opt.SomeIf(uint32(rate/1e6), known && rate >= 1e6 && rate != 10e6 && rate/1e6 < 1<<32)
}

// mediaDuplex is the duplex mode of the medium in use, which OpenBSD says with the
// state of the link too.
func mediaDuplex(w *decoder.Word, raw *rib.Link) Duplex {
	switch {
	case w.Duplex == decoder.DuplexFull, raw.State == rib.LinkUpFullDuplex:
		return DuplexFull
	case w.Duplex == decoder.DuplexHalf, raw.State == rib.LinkUpHalfDuplex:
		return DuplexHalf
	default:
		return DuplexUnknown
	}
}
