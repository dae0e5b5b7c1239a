//go:build linux

package sysprobe

import (
	"encoding/binary"
	"errors"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"telegraf-sysprobe/sysprobe/internal/decode/nlmsg"
	"telegraf-sysprobe/sysprobe/internal/decode/rtnl"
)

// nicAddrsClient asks rtnetlink(7).
type nicAddrsClient struct {
	mu    sync.Mutex
	links *linkReader
	kept  keptLinks
}

// newNICAddrsClient opens sockets in the namespace of cfg.
func newNICAddrsClient(cfg Config) (*nicAddrsClient, error) {
	c, err := newNICAddrsClientOn(func() (nlSocket, error) { return dialRoute(cfg) })
	if err != nil {
		return nil, err
	}
	if notices, err := dialWatch(cfg, 0, unix.RTNLGRP_LINK); err == nil {
		c.kept.keepWhileQuiet(notices, cfg)
	} // else every snapshot makes both dumps
	return c, nil
}

// newNICAddrsClientOn is newNICAddrsClient with the sockets that dial makes.
func newNICAddrsClientOn(dial func() (nlSocket, error)) (*nicAddrsClient, error) {
	links, err := newLinkReader(dial)
	if err != nil {
		return nil, err
	}
	return &nicAddrsClient{links: links}, nil
}

// close closes the socket.
func (c *nicAddrsClient) close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return errors.Join(c.kept.close(), c.links.close())
}

// snapshot reads links and addresses. Where an address is that of an interface
// which was not among the links, that came between the two dumps: they are
// made once more. Addresses take their name from the dump of the links, and so
// all rows of an interface agree even while it is renamed.
func (c *nicAddrsClient) snapshot(dst *AddrSnapshot) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	for range 2 {
		if err := c.readLinks(dst); err != nil {
			dst.Interfaces = dst.Interfaces[:0]
			return err
		}
		orphans, err := c.dumpAddrs(dst)
		if err != nil {
			dst.Interfaces = dst.Interfaces[:0]
			return err
		}
		if orphans == 0 {
			break
		}
		c.kept.forget()
	}
	return nil
}

// rows gives access to the links.
func (s *AddrSnapshot) rows() linkRows {
	return linkRows{n: len(s.Interfaces), at: func(i int) *Link { return &s.Interfaces[i].Link }}
}

// dumpAddrs reads all addresses, and counts those without an interface.
func (c *nicAddrsClient) dumpAddrs(dst *AddrSnapshot) (orphans int, err error) {
	rows := dst.rows()
	at := -1 // the interface of the address before: they come in runs
	reset := func() {
		orphans = 0
		for i := range dst.Interfaces {
			dst.Interfaces[i].Addrs = dst.Interfaces[i].Addrs[:0]
		}
	}
	err = c.links.conn.dump(rtnl.TypeGetAddr, rtnl.AppendGetAddr(nil), reset, func(m nlmsg.Message) error {
		if m.Type != rtnl.TypeNewAddr {
			return nil
		}
		raw, err := rtnl.DecodeAddr(m.Data, binary.NativeEndian)
		if err != nil {
			return err
		}
		if at < 0 || dst.Interfaces[at].Link.Index != int(raw.Index) {
			at = rows.find(int(raw.Index))
		}
		if at < 0 {
			orphans++
			return nil
		}
		c.add(&dst.Interfaces[at], &raw)
		return nil
	})
	return orphans, opError("dump addresses", "", err)
}

// add appends an address to those of an interface. Those of other families than
// IPv4 and IPv6 are left out.
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
		broadcast = netip.Addr{} // there is nobody to broadcast to
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
		RoutePriority:     someIf(raw.RoutePriority, raw.HasRoutePriority),
		Protocol:          someIf(raw.Protocol, raw.HasProtocol),
	}
}

// withZone gives a link-local IPv6 address its zone.
func withZone(ip netip.Addr, name string) netip.Addr {
	if ip.Is6() && ip.IsLinkLocalUnicast() {
		return ip.WithZone(name)
	}
	return ip
}

// lifetime is what is left of an address's life.
func lifetime(seconds uint32) Opt[time.Duration] {
	return someIf(time.Duration(seconds)*time.Second, seconds != rtnl.Forever)
}
