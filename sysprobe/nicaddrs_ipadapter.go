package sysprobe

import (
	"cmp"
	"net/netip"
	"slices"
	"time"

	"telegraf-sysprobe/sysprobe/internal/decode/ipadapter"
)

// adapterRows fills a snapshot from the interfaces and the adapters of Windows.
type adapterRows struct {
	texts rowTexts
	rows  AddrSnapshot

	at *InterfaceAddrs // of the adapter that is read; nil where it is no row
	// orphans counts the adapters that are no row.
	orphans int
}

// begin removes the rows.
func (r *adapterRows) begin() {
	r.rows.Interfaces, r.orphans = r.rows.Interfaces[:0], 0
}

// link adds an interface. It leaves out those of filter drivers, which belong to
// the interface that they filter, as the tools of Windows do.
func (r *adapterRows) link(raw *ipadapter.Row) {
	if raw.Filter {
		return
	}
	var row *InterfaceAddrs
	r.rows.Interfaces, row = extend(r.rows.Interfaces)
	row.Addrs = row.Addrs[:0]
	r.texts.fill(&row.Link, raw)
}

// linked ends the interfaces.
func (r *adapterRows) linked() {
	slices.SortFunc(r.rows.Interfaces, func(a, b InterfaceAddrs) int { return cmp.Compare(a.Link.Index, b.Link.Index) })
}

// adapter begins the addresses of an adapter.
func (r *adapterRows) adapter(raw *ipadapter.Adapter) {
	r.at = nil
	if at := r.rows.rows().find(int(raw.Index)); at >= 0 {
		r.at = &r.rows.Interfaces[at]
	} else {
		r.orphans++
	}
}

// address adds an address of the adapter: IPv4 before IPv6, as on Linux.
func (r *adapterRows) address(raw *ipadapter.Address) {
	if r.at == nil {
		return
	}
	a := addrOfWindows(raw, &r.at.Link)
	addrs := r.at.Addrs
	place := len(addrs)
	for a.IP.Is4() && place > 0 && !addrs[place-1].IP.Is4() {
		place--
	}
	r.at.Addrs = slices.Insert(addrs, place, a)
}

// addrOfWindows maps an address of the interface l.
func addrOfWindows(raw *ipadapter.Address, l *Link) Addr {
	return Addr{
		IP:                withZone(raw.IP, l.Name),
		PrefixLen:         int(raw.Bits),
		Broadcast:         broadcastOf(raw.IP, int(raw.Bits), l.Flags),
		Scope:             scopeOf(raw.IP),
		Flags:             flagsOfAddress(raw),
		ValidLifetime:     windowsLifetime(raw.Valid),
		PreferredLifetime: windowsLifetime(raw.Preferred),
	}
}

// broadcastOf is the last address of an IPv4 network, which Windows broadcasts to
// and does not report: 255.255.255.255 where the prefix is empty. Networks of one
// or two addresses have none (RFC 3021), nor have loopback and point-to-point
// links.
func broadcastOf(ip netip.Addr, bits int, flags LinkFlags) netip.Addr {
	if !ip.Is4() || bits > 30 || flags&(FlagLoopback|FlagPointToPoint) != 0 {
		return netip.Addr{}
	}
	octets := ip.As4()
	for i := range octets {
		octets[i] |= byte(0xff >> min(max(bits-8*i, 0), 8))
	}
	return netip.AddrFrom4(octets)
}

// scopeOf is the scope that the address itself says, as Windows keeps none.
func scopeOf(ip netip.Addr) AddrScope {
	switch {
	case ip.IsLoopback():
		return ScopeHost
	case ip.IsLinkLocalUnicast():
		return ScopeLink
	case ip.Is6() && ip.As16()[0] == 0xfe && ip.As16()[1]&0xc0 == 0xc0: // RFC 3879
		return ScopeSite
	default:
		return ScopeGlobal
	}
}

// flagsOfAddress are the state and the origins of an address as flags.
func flagsOfAddress(raw *ipadapter.Address) AddrFlags {
	var flags AddrFlags
	for _, f := range [...]struct {
		flag AddrFlags
		set  bool
	}{
		{AddrTentative, raw.DADState == ipadapter.DADTentative},
		{AddrDADFailed, raw.DADState == ipadapter.DADDuplicate},
		{AddrDeprecated, raw.DADState == ipadapter.DADDeprecated},
		{AddrPreferred, raw.DADState == ipadapter.DADPreferred},
		{AddrPermanent, raw.Valid == ipadapter.Forever},
		{AddrDHCP, raw.PrefixOrigin == ipadapter.OriginDHCP || raw.SuffixOrigin == ipadapter.OriginDHCP},
		{AddrRouter, raw.PrefixOrigin == ipadapter.OriginRouter},
		{AddrLinkLayer, raw.SuffixOrigin == ipadapter.OriginLinkLayer},
		{AddrRandom, raw.SuffixOrigin == ipadapter.OriginRandom},
	} {
		if f.set {
			flags |= f.flag
		}
	}
	return flags
}

// windowsLifetime is a lifetime in seconds; absent if it has no end.
func windowsLifetime(seconds uint32) Opt[time.Duration] {
	return someIf(time.Duration(seconds)*time.Second, seconds != ipadapter.Forever)
}
