package sysprobe

import (
	"cmp"
	"context"
	"net/netip"
	"slices"

	"telegraf-sysprobe/sysprobe/internal/decode/rib"
	"telegraf-sysprobe/sysprobe/internal/sys/route"
	"telegraf-sysprobe/sysprobe/internal/sys/sysctl"
)

// ribNICAddrsClient reads interfaces and addresses from one dump of sysctl(3), as
// FreeBSD, OpenBSD, NetBSD and macOS have it.
type ribNICAddrsClient struct {
	unsupportedNICAddrs

	turn  *turn // guards what follows
	table *route.Reader
	names interner
}

// newRIBNICAddrsClient returns the client of a system, as Go spells it, that asks
// by call.
func newRIBNICAddrsClient(call sysctl.Call, goos, goarch string) (*ribNICAddrsClient, error) {
	table, err := route.NewReader(call, goos, goarch)
	if err != nil {
		return nil, opError("open address table", "", err)
	}
	return &ribNICAddrsClient{turn: newTurn(), table: table, names: interner{}}, nil
}

// close makes every further call fail.
func (c *ribNICAddrsClient) close() error {
	return opError("close address table", "", c.turn.end(func() error { return nil }))
}

func (c *ribNICAddrsClient) snapshot(ctx context.Context, dst *AddrSnapshot) error {
	dst.Interfaces, dst.Malformed = dst.Interfaces[:0], 0
	const op = "read addresses"
	return inTurn(ctx, c.turn, op, "", dst, func(dst *AddrSnapshot) error {
		table, err := readRIB(c.table)
		if err != nil {
			return opError(op, "", err)
		}
		c.fill(dst, table)
		return nil
	})
}

// fill sets dst to what the table has. The table is one answer of the kernel, in
// which the addresses of an interface come behind it.
func (c *ribNICAddrsClient) fill(dst *AddrSnapshot, table *rib.Table) {
	dst.Malformed = table.Malformed
	for i := range table.Links {
		var row *InterfaceAddrs
		dst.Interfaces, row = extend(dst.Interfaces)
		ribLink(&row.Link, &table.Links[i], c.names)
		row.Addrs = row.Addrs[:0]
	}
	rows := dst.rows()
	if !rows.sorted() {
		slices.SortFunc(dst.Interfaces, func(a, b InterfaceAddrs) int { return cmp.Compare(a.Link.Index, b.Link.Index) })
	}
	for i := range table.Addrs {
		if at := rows.find(int(table.Addrs[i].Index)); at >= 0 {
			dst.Interfaces[at].addRIB(&table.Addrs[i])
		}
	}
	for i := range dst.Interfaces {
		slices.SortStableFunc(dst.Interfaces[i].Addrs, func(a, b Addr) int { return cmp.Compare(a.IP.BitLen(), b.IP.BitLen()) })
	}
}

// addRIB appends an address. These kernels keep the address itself as broadcast
// address or peer if none was given.
func (i *InterfaceAddrs) addRIB(raw *rib.Addr) {
	a := Addr{
		IP: withZone(raw.IP, i.Link.Name), PrefixLen: ribPrefixLen(raw),
		Broadcast: raw.Broadcast, Peer: withZone(raw.Peer, i.Link.Name),
	}
	if raw.Broadcast == raw.IP || a.PrefixLen >= raw.IP.BitLen() {
		a.Broadcast = netip.Addr{}
	}
	if raw.Peer == raw.IP {
		a.Peer = netip.Addr{}
	}
	switch {
	case raw.IP.IsLoopback():
		a.Scope = ScopeHost
	case raw.IP.IsLinkLocalUnicast():
		a.Scope = ScopeLink
	}
	i.Addrs = append(i.Addrs, a)
}
