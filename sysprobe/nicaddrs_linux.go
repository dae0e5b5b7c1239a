package sysprobe

import (
	"context"
	"errors"
	"net/netip"
	"time"

	"telegraf-sysprobe/sysprobe/internal/decode/rtnl"
	"telegraf-sysprobe/sysprobe/internal/sys/netns"
	"telegraf-sysprobe/sysprobe/internal/sys/nlconn"
)

// nicAddrsClient reads the tables of rtnetlink(7).
type nicAddrsClient struct {
	links *linkReader

	turn *turn // guards what follows
	kept keptLinks
	// orphans counts the addresses of the last dump whose interface was not in
	// the dump of links before it; at is the row of the last address, as they
	// come in runs.
	orphans, at int
}

// newNICAddrsClient opens sockets in the namespace of cfg.
func newNICAddrsClient(cfg Config) (*nicAddrsClient, error) {
	c, err := newNICAddrsClientOn(cfg, dialRoute(cfg))
	if err != nil {
		return nil, err
	}
	if notices, err := nlconn.DialWatch(netns.Path(cfg.NetNS), 0, nlconn.GroupLink); err == nil {
		c.kept.keepWhileQuiet(notices, cfg)
	} // else every snapshot dumps both tables
	return c, nil
}

// newNICAddrsClientOn is newNICAddrsClient with the sockets that dial makes, and
// without a subscription.
func newNICAddrsClientOn(cfg Config, dial func() (nlconn.Socket, error)) (*nicAddrsClient, error) {
	links, err := newLinkReader(cfg, dial)
	if err != nil {
		return nil, err
	}
	return &nicAddrsClient{links: links, turn: newTurn()}, nil
}

// close closes the sockets, and so ends a snapshot that waits for the kernel.
func (c *nicAddrsClient) close() error {
	const op = "close address table"
	if err := c.turn.shut(); err != nil {
		return opError(op, "", err)
	}
	closed := c.links.route.Close()
	return opError(op, "", c.turn.finish(func() error { return errors.Join(closed, c.kept.close()) }))
}

// snapshot reads links and addresses. Where an address is of an interface that
// was not among the links, that came between the two dumps: both are made once
// more. Addresses take the name from the dump of links, so that all rows of an
// interface agree even while it is renamed.
func (c *nicAddrsClient) snapshot(ctx context.Context, dst *AddrSnapshot) error {
	err := inTurn(ctx, c.turn, "read addresses", "", dst, func(dst *AddrSnapshot) error { return c.read(ctx, dst) })
	if err != nil {
		dst.Interfaces = dst.Interfaces[:0]
	}
	return err
}

// read is snapshot, in its turn.
func (c *nicAddrsClient) read(ctx context.Context, dst *AddrSnapshot) error {
	for range 2 {
		if err := c.readLinks(ctx, dst); err != nil {
			return err
		}
		if err := c.dumpAddrs(ctx, dst); err != nil {
			return err
		}
		if c.orphans == 0 {
			break
		}
		c.kept.forget()
	}
	return nil
}

// dumpAddrs reads all addresses into the rows of dst.
func (c *nicAddrsClient) dumpAddrs(ctx context.Context, dst *AddrSnapshot) error {
	rows := dst.rows()
	err := c.links.route.Addrs(ctx, func() {
		c.orphans, c.at = 0, -1
		for i := range dst.Interfaces {
			dst.Interfaces[i].Addrs = dst.Interfaces[i].Addrs[:0]
		}
	}, func(raw *rtnl.Addr) {
		if c.at < 0 || dst.Interfaces[c.at].Link.Index != int(raw.Index) {
			c.at = rows.find(int(raw.Index))
		}
		if c.at < 0 {
			c.orphans++
			return
		}
		c.add(&dst.Interfaces[c.at], raw)
	})
	return opError("dump addresses", "", err)
}

// add appends an address to those of an interface. It leaves out the addresses
// of other families than IPv4 and IPv6.
func (c *nicAddrsClient) add(row *InterfaceAddrs, raw *rtnl.Addr) {
	own, peer := raw.Local, raw.Address
	if !own.IsValid() { // IPv6 without a peer
		own = raw.Address
	}
	if !own.IsValid() {
		return
	}
	if peer == own {
		peer = netip.Addr{}
	}
	broadcast := raw.Broadcast
	if broadcast == own || peer.IsValid() || int(raw.PrefixLen) >= own.BitLen() {
		broadcast = netip.Addr{} // the network has no other host
	}
	var a *Addr
	row.Addrs, a = extend(row.Addrs)
	*a = Addr{
		IP:                withZone(own, row.Link.Name),
		PrefixLen:         int(raw.PrefixLen),
		Broadcast:         broadcast,
		Peer:              withZone(peer, row.Link.Name),
		Label:             c.links.names.text(raw.Label),
		Scope:             AddrScope(raw.Scope),
		Flags:             AddrFlags(raw.Flags),
		ValidLifetime:     lifetime(raw.Valid),
		PreferredLifetime: lifetime(raw.Preferred),
		RoutePriority:     raw.RoutePriority,
		Protocol:          raw.Protocol,
	}
}

// lifetime is a lifetime in seconds; absent if it has no end.
func lifetime(seconds uint32) Opt[time.Duration] {
	return someIf(time.Duration(seconds)*time.Second, seconds != rtnl.Forever)
}
