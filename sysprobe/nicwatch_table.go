package sysprobe

import (
	"cmp"
	"net/netip"
	"slices"
	"sort"
	"strconv"
	"time"
)

// nicTable is what a NICWatch knows. Each change to it is an event for emit.
type nicTable struct {
	emit func(NICEvent)
	// rows are in the order of their index, and addresses in the kernel's order.
	// Names of masters are those of when the link was set.
	rows []InterfaceAddrs
	// epoch is from when on the lifetimes in the rows count.
	epoch time.Time
}

// findInterface returns the position of an interface in rows that are in the
// order of their index, or that of where it would be.
func findInterface(rows []InterfaceAddrs, index int) (at int, known bool) {
	at = sort.Search(len(rows), func(i int) bool { return rows[i].Link.Index >= index })
	return at, at < len(rows) && rows[at].Link.Index == index
}

// row returns the row of an interface, or nil.
func (t *nicTable) row(index int) *InterfaceAddrs {
	if at, known := findInterface(t.rows, index); known {
		return &t.rows[at]
	}
	return nil
}

// name returns the name of an interface, or nothing where it is not known.
func (t *nicTable) name(index int) string {
	if row := t.row(index); row != nil {
		return row.Link.Name
	}
	return ""
}

// master returns the name of the master of l: as it is now, as it was when l
// was read, or else a number.
func (t *nicTable) master(l *Link) string {
	if l.MasterIndex == 0 {
		return ""
	}
	return cmp.Or(t.name(l.MasterIndex), l.MasterName, strconv.Itoa(l.MasterIndex))
}

// setLink makes l the state of its interface.
func (t *nicTable) setLink(l *Link) {
	at, known := findInterface(t.rows, l.Index)
	if !known {
		t.rows = slices.Insert(t.rows, at, InterfaceAddrs{Link: Link{Index: l.Index, MTU: l.MTU, HardwareAddr: l.HardwareAddr}})
		t.tell(l, NICAdded, "", l.Kind)
	}
	row := &t.rows[at]
	t.diffLink(&row.Link, l)
	if row.Link.Name != l.Name {
		row.rezone(l.Name)
	}
	altNames := append(row.Link.AltNames[:0], l.AltNames...)
	row.Link = *l
	row.Link.AltNames, row.Link.MasterName = altNames, t.name(l.MasterIndex)
}

// rezone follows a renaming in the zones of addresses.
func (i *InterfaceAddrs) rezone(name string) {
	for n := range i.Addrs {
		a := &i.Addrs[n]
		if a.IP.Zone() != "" {
			a.IP = a.IP.WithZone(name)
		}
		if a.Peer.Zone() != "" {
			a.Peer = a.Peer.WithZone(name)
		}
	}
}

// removeLink forgets an interface.
func (t *nicTable) removeLink(index int) {
	at, known := findInterface(t.rows, index)
	if !known {
		return
	}
	row := &t.rows[at]
	for n := range row.Addrs {
		t.tellAddr(row, NICAddressRemoved, &row.Addrs[n])
	}
	gone := row.Link
	gone.Flags = 0
	t.diffLink(&row.Link, &gone)
	t.tell(&gone, NICRemoved, gone.Kind, "")
	t.rows = slices.Delete(t.rows, at, at+1)
}

// diffLink tells in what two states of one interface differ. The one that was
// not there before has no name yet.
func (t *nicTable) diffLink(was, is *Link) {
	if was.Name != is.Name && was.Name != "" {
		t.tell(is, NICRenamed, was.Name, is.Name)
	}
	t.diffState(is, NICAdminUp, was.Flags&FlagUp != 0, is.Flags&FlagUp != 0)
	t.diffState(is, NICLinkUp, was.Flags.IsUp(), is.Flags.IsUp())
	if was.MTU != is.MTU {
		t.tell(is, NICMTU, strconv.FormatUint(uint64(was.MTU), 10), strconv.FormatUint(uint64(is.MTU), 10))
	}
	if was.HardwareAddr != is.HardwareAddr {
		t.tell(is, NICMAC, was.HardwareAddr.String(), is.HardwareAddr.String())
	}
	if was.MasterIndex != is.MasterIndex {
		t.tell(is, NICMaster, t.master(was), t.master(is))
	}
}

// diffState tells the kind up, or the one behind it that is its contrary.
func (t *nicTable) diffState(l *Link, up NICEventKind, was, is bool) {
	switch {
	case is && !was:
		t.tell(l, up, "down", "up")
	case was && !is:
		t.tell(l, up+1, "up", "down")
	}
}

// tell emits an event about an interface.
func (t *nicTable) tell(l *Link, kind NICEventKind, was, is string) {
	t.emit(NICEvent{Kind: kind, Interface: l.Name, Index: l.Index, LinkKind: l.Kind, Old: was, New: is})
}

// addrEvent is an event about an address, without what is old and new.
func addrEvent(row *InterfaceAddrs, kind NICEventKind, a *Addr) NICEvent {
	l := &row.Link
	return NICEvent{
		Kind: kind, Interface: l.Name, Index: l.Index, LinkKind: l.Kind,
		Address: a.prefix(), Scope: a.Scope, Flags: a.Flags,
	}
}

// tellAddr emits that an address came or went.
func (t *nicTable) tellAddr(row *InterfaceAddrs, kind NICEventKind, a *Addr) {
	e := addrEvent(row, kind, a)
	if kind == NICAddressAdded {
		e.New = a.text()
	} else {
		e.Old = a.text()
	}
	t.emit(e)
}

// text is the address with its prefix length and peer, as ip-address(8) takes
// them.
func (a *Addr) text() string {
	text := a.prefix().String()
	if a.Peer.IsValid() {
		text += " peer " + a.Peer.WithZone("").String()
	}
	return text
}

// prefix is the address as a whole, with its prefix length.
func (a *Addr) prefix() netip.Prefix { return netip.PrefixFrom(a.IP.WithZone(""), a.PrefixLen) }

// addrKey is what the kernel tells addresses of an interface apart by.
type addrKey struct {
	ip, peer netip.Addr
	bits     int
}

// key returns what no other address of the interface has. IPv6 may change the
// rest of an address in place.
func (a *Addr) key() addrKey {
	if a.Family() == FamilyInet6 {
		return addrKey{ip: a.IP}
	}
	return addrKey{a.IP, a.Peer, a.PrefixLen}
}

// find returns the position of the address with that key, or -1.
func (i *InterfaceAddrs) find(key addrKey) int {
	for at := range i.Addrs {
		if a := &i.Addrs[at]; a.IP == key.ip && a.key() == key {
			return at
		}
	}
	return -1
}

// toldFlags are the flags whose changes are events. The others never change,
// or are those of an address on its way to be usable, which it is in a second.
const toldFlags = AddrSecondary | AddrDADFailed | AddrDeprecated | AddrPermanent

// setAddr makes a the state of an address of an interface. One that is not
// known is about to be removed, or was already.
func (t *nicTable) setAddr(index int, a *Addr, now time.Time) {
	row := t.row(index)
	if row == nil {
		return
	}
	at := row.find(a.key())
	if at >= 0 {
		was := &row.Addrs[at]
		t.diffAddr(row, was, a)
		if promoted := a.Family() == FamilyInet && was.Flags&AddrSecondary > a.Flags&AddrSecondary; promoted {
			row.Addrs = slices.Delete(row.Addrs, at, at+1)
			at = -1
		}
	} else {
		t.tellAddr(row, NICAddressAdded, a)
	}
	if at < 0 {
		at = row.place(a)
		row.Addrs = slices.Insert(row.Addrs, at, Addr{})
	}
	row.Addrs[at] = *a
	row.Addrs[at].age(t.epoch.Sub(now))
}

// diffAddr tells in what two states of one address differ.
func (t *nicTable) diffAddr(row *InterfaceAddrs, was, is *Addr) {
	if was.prefix() != is.prefix() || was.Peer != is.Peer {
		t.tellAddr(row, NICAddressRemoved, was)
		t.tellAddr(row, NICAddressAdded, is)
	}
	before, after := was.Flags&toldFlags, is.Flags&toldFlags
	if before != after {
		e := addrEvent(row, NICAddressFlags, is)
		e.Old, e.New = before.Text(is.Family()), after.Text(is.Family())
		t.emit(e)
	}
}

// removeAddr forgets an address.
func (t *nicTable) removeAddr(index int, a *Addr) {
	row := t.row(index)
	if row == nil {
		return
	}
	if at := row.find(a.key()); at >= 0 {
		t.tellAddr(row, NICAddressRemoved, &row.Addrs[at])
		row.Addrs = slices.Delete(row.Addrs, at, at+1)
	}
}

// place is where the kernel puts a new address. IPv4 comes before IPv6. A
// primary IPv4 address comes behind the last that reaches no further, a
// secondary one last (__inet_insert_ifa of net/ipv4/devinet.c). An IPv6 address
// comes before the first that does not reach further (ipv6_link_dev_addr of
// net/ipv6/addrconf.c).
func (i *InterfaceAddrs) place(a *Addr) int {
	inet6 := sort.Search(len(i.Addrs), func(at int) bool { return i.Addrs[at].Family() == FamilyInet6 })
	if a.Family() == FamilyInet6 {
		for inet6 < len(i.Addrs) && i.Addrs[inet6].reach() > a.reach() {
			inet6++
		}
		return inet6
	}
	if a.Flags&AddrSecondary != 0 {
		return inet6
	}
	for at := inet6; at > 0; at-- {
		if b := &i.Addrs[at-1]; b.Flags&AddrSecondary == 0 && a.Scope <= b.Scope {
			return at
		}
	}
	return 0
}

// reach is ipv6_addr_src_scope, which is of the address and not the one that
// was given: global, site-local (deprecated by RFC 3879), or link-local and the
// loopback address.
func (a *Addr) reach() int {
	switch octets := a.IP.As16(); {
	case a.IP.IsLinkLocalUnicast() || a.IP.IsLoopback():
		return 2
	case octets[0] == 0xfe && octets[1]&0xc0 == 0xc0:
		return 5
	default:
		return 14
	}
}

// age takes d off the lifetimes.
func (a *Addr) age(d time.Duration) {
	a.ValidLifetime = aged(a.ValidLifetime, d)
	a.PreferredLifetime = aged(a.PreferredLifetime, d)
}

// aged is what is left of a lifetime after d.
func aged(lifetime Opt[time.Duration], d time.Duration) Opt[time.Duration] {
	left, known := lifetime.Get()
	return someIf(left-d, known)
}

// replace makes s, which was read just before now, the state of everything.
func (t *nicTable) replace(s *AddrSnapshot, now time.Time) {
	for at := range slices.Backward(t.rows) {
		index := t.rows[at].Link.Index
		if _, known := findInterface(s.Interfaces, index); !known {
			t.removeLink(index)
		}
	}
	keys := map[addrKey]*Addr{}
	for n := range s.Interfaces {
		is := &s.Interfaces[n]
		t.setLink(&is.Link)
		row := t.row(is.Link.Index)
		t.diffAddrs(row, is.Addrs, keys)
		row.Addrs = append(row.Addrs[:0], is.Addrs...) // in whatever order that is
		for at := range row.Addrs {
			row.Addrs[at].age(t.epoch.Sub(now))
		}
	}
}

// diffAddrs tells in what the addresses of an interface differ from those it
// is to have. It makes use of keys, which is empty.
func (t *nicTable) diffAddrs(row *InterfaceAddrs, addrs []Addr, keys map[addrKey]*Addr) {
	for at := range addrs {
		keys[addrs[at].key()] = &addrs[at]
	}
	for at := range row.Addrs {
		was := &row.Addrs[at]
		is := keys[was.key()]
		if is == nil {
			t.tellAddr(row, NICAddressRemoved, was)
			continue
		}
		t.diffAddr(row, was, is)
		delete(keys, was.key())
	}
	for at := range addrs {
		if keys[addrs[at].key()] != nil {
			t.tellAddr(row, NICAddressAdded, &addrs[at])
		}
	}
	clear(keys)
}

// copyTo copies the table as it is now.
func (t *nicTable) copyTo(dst *AddrSnapshot, now time.Time) {
	dst.Interfaces = slices.Grow(dst.Interfaces[:0], len(t.rows))[:len(t.rows)]
	passed := now.Sub(t.epoch)
	for n := range t.rows {
		from, to := &t.rows[n], &dst.Interfaces[n]
		altNames := append(to.Link.AltNames[:0], from.Link.AltNames...)
		to.Link = from.Link
		to.Link.AltNames, to.Link.MasterName = altNames, t.name(from.Link.MasterIndex)
		to.Addrs = append(to.Addrs[:0], from.Addrs...)
		for at := range to.Addrs {
			to.Addrs[at].settle(passed)
		}
	}
}

// settle makes lifetimes those after d, in whole seconds as the kernel has
// them, of which none is negative.
func (a *Addr) settle(d time.Duration) {
	a.age(d)
	for _, lifetime := range []*Opt[time.Duration]{&a.ValidLifetime, &a.PreferredLifetime} {
		if left, known := lifetime.Get(); known {
			*lifetime = Some(max(left.Truncate(time.Second), 0))
		}
	}
}
