package sysprobe

import (
	"cmp"
	"net/netip"
	"slices"
	"sort"
	"strconv"
	"time"
)

// nicTable is the table of a NICWatch. Each change to it is an event for emit.
type nicTable struct {
	emit func(NICEvent)
	// choice chooses the changes that are events.
	choice NICChoice
	// rows are in the order of their index, and addresses in the kernel's order.
	// MasterName is the name that the master had when the link was set.
	rows []InterfaceAddrs
	// epoch is the time from which the lifetimes in the rows count.
	epoch time.Time
}

// findInterface returns the position of an interface in rows that are in the order
// of their index, or the position at which to insert it.
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

// name returns the name of an interface, empty where it is not in the table.
func (t *nicTable) name(index int) string {
	if row := t.row(index); row != nil {
		return row.Link.Name
	}
	return ""
}

// master returns the name of the master of l: the present one, the one when l was
// read, or else the index.
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
		t.rows = slices.Insert(t.rows, at, InterfaceAddrs{Link: Link{Index: l.Index}})
	}
	row := &t.rows[at]
	was, is := known && t.choice.link(&row.Link), t.choice.link(l)
	if was && !is {
		t.leave(row)
	}
	if renamed := known && row.Link.Name != l.Name; renamed {
		if was || is {
			t.emitLink(l, NICRenamed, row.Link.Name, l.Name)
		}
		row.rezone(l.Name)
	}
	switch {
	case was && is:
		t.diffLink(&row.Link, l)
	case is:
		t.enter(l, row.Addrs)
	}
	altNames := append(row.Link.AltNames[:0], l.AltNames...)
	row.Link = *l
	row.Link.AltNames, row.Link.MasterName = altNames, t.name(l.MasterIndex)
}

// enter emits what there is of an interface that begins to be chosen.
func (t *nicTable) enter(l *Link, addrs []Addr) {
	t.emitLink(l, NICAdded, "", l.Kind)
	t.diffLink(&Link{Index: l.Index, MTU: l.MTU, HardwareAddr: l.HardwareAddr}, l)
	for n := range addrs {
		if t.choice.addr(l, &addrs[n]) {
			t.emitAddr(l, NICAddressAdded, &addrs[n])
		}
	}
}

// leave emits the loss of what there is of an interface that ceases to be
// chosen.
func (t *nicTable) leave(row *InterfaceAddrs) {
	for n := range row.Addrs {
		if t.choice.addr(&row.Link, &row.Addrs[n]) {
			t.emitAddr(&row.Link, NICAddressRemoved, &row.Addrs[n])
		}
	}
	gone := row.Link
	gone.Flags = 0
	t.diffLink(&row.Link, &gone)
	t.emitLink(&gone, NICRemoved, gone.Kind, "")
}

// rezone changes the zones of addresses after a renaming.
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

// removeLink removes an interface.
func (t *nicTable) removeLink(index int) {
	at, known := findInterface(t.rows, index)
	if !known {
		return
	}
	if row := &t.rows[at]; t.choice.link(&row.Link) {
		t.leave(row)
	}
	t.rows = slices.Delete(t.rows, at, at+1)
}

// clear removes all interfaces, as the kernel does with a namespace: the last one
// first.
func (t *nicTable) clear() {
	for at := range slices.Backward(t.rows) {
		t.removeLink(t.rows[at].Link.Index)
	}
}

// diffLink emits the differences of two states of one interface, except for the
// name.
func (t *nicTable) diffLink(was, is *Link) {
	t.diffState(is, NICAdminUp, NICAdminDown, was.Flags&FlagUp != 0, is.Flags&FlagUp != 0)
	t.diffState(is, NICLinkUp, NICLinkDown, was.Flags.IsUp(), is.Flags.IsUp())
	if was.MTU != is.MTU {
		t.emitLink(is, NICMTU, strconv.FormatUint(uint64(was.MTU), 10), strconv.FormatUint(uint64(is.MTU), 10))
	}
	if was.HardwareAddr != is.HardwareAddr {
		t.emitLink(is, NICMAC, was.HardwareAddr.String(), is.HardwareAddr.String())
	}
	if was.MasterIndex != is.MasterIndex {
		t.emitLink(is, NICMaster, t.master(was), t.master(is))
	}
}

// diffState emits the kind up or down where a state has changed.
func (t *nicTable) diffState(l *Link, up, down NICEventKind, was, is bool) {
	switch {
	case is && !was:
		t.emitLink(l, up, "down", "up")
	case was && !is:
		t.emitLink(l, down, "up", "down")
	}
}

// emitLink emits an event about an interface.
func (t *nicTable) emitLink(l *Link, kind NICEventKind, was, is string) {
	t.emit(NICEvent{Kind: kind, Interface: l.Name, Index: l.Index, LinkKind: l.Kind, Old: was, New: is})
}

// addrEvent is an event about an address, without Old and New.
func addrEvent(l *Link, kind NICEventKind, a *Addr) NICEvent {
	return NICEvent{
		Kind: kind, Interface: l.Name, Index: l.Index, LinkKind: l.Kind,
		Address: a.prefix(), Scope: a.Scope, Flags: a.Flags,
	}
}

// emitAddr emits the addition or the removal of an address.
func (t *nicTable) emitAddr(l *Link, kind NICEventKind, a *Addr) {
	e := addrEvent(l, kind, a)
	if kind == NICAddressAdded {
		e.New = a.text()
	} else {
		e.Old = a.text()
	}
	t.emit(e)
}

// text is the address with its prefix length and peer, in the syntax of
// ip-address(8).
func (a *Addr) text() string {
	text := a.prefix().String()
	if a.Peer.IsValid() {
		text += " peer " + a.Peer.WithZone("").String()
	}
	return text
}

// prefix is the address as a whole, with its prefix length.
func (a *Addr) prefix() netip.Prefix { return netip.PrefixFrom(a.IP.WithZone(""), a.PrefixLen) }

// addrKey identifies an address among those of an interface, as the kernel does.
type addrKey struct {
	ip, peer netip.Addr
	bits     int
}

// key returns the key of an address. The kernel might change the other attributes
// of an IPv6 address in place.
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

// eventFlags are the flags whose changes are events. The other flags never change,
// or are set for the second in which an address becomes usable.
const eventFlags = AddrSecondary | AddrDADFailed | AddrDeprecated | AddrPermanent

// setAddr makes a the state of an address of an interface. It ignores the address
// of an interface that is not in the table, as that was removed.
func (t *nicTable) setAddr(index int, a *Addr, now time.Time) {
	row := t.row(index)
	if row == nil {
		return
	}
	at := row.find(a.key())
	if at >= 0 {
		was := &row.Addrs[at]
		t.diffAddr(&row.Link, was, a)
		if promoted := a.Family() == FamilyInet && was.Flags&AddrSecondary > a.Flags&AddrSecondary; promoted {
			row.Addrs = slices.Delete(row.Addrs, at, at+1)
			at = -1
		}
	} else {
		t.diffAddr(&row.Link, nil, a)
	}
	if at < 0 {
		at = row.place(a)
		row.Addrs = slices.Insert(row.Addrs, at, Addr{})
	}
	row.Addrs[at] = *a
	row.Addrs[at].age(t.epoch.Sub(now))
}

// diffAddr emits the differences of two states of one address of l, of which
// either can be nil for none. An address that is not chosen counts as none.
func (t *nicTable) diffAddr(l *Link, was, is *Addr) {
	had, has := was != nil && t.choice.addr(l, was), is != nil && t.choice.addr(l, is)
	another := had && has && (was.prefix() != is.prefix() || was.Peer != is.Peer)
	if had && (!has || another) {
		t.emitAddr(l, NICAddressRemoved, was)
	}
	if has && (!had || another) {
		t.emitAddr(l, NICAddressAdded, is)
	}
	if !had || !has {
		return
	}
	before, after := was.Flags&eventFlags, is.Flags&eventFlags
	if before != after {
		e := addrEvent(l, NICAddressFlags, is)
		e.Old, e.New = before.Text(is.Family()), after.Text(is.Family())
		t.emit(e)
	}
}

// removeAddr removes an address.
func (t *nicTable) removeAddr(index int, a *Addr) {
	row := t.row(index)
	if row == nil {
		return
	}
	if at := row.find(a.key()); at >= 0 {
		t.diffAddr(&row.Link, &row.Addrs[at], nil)
		row.Addrs = slices.Delete(row.Addrs, at, at+1)
	}
}

// replace makes the table that of s, which was read just before now.
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
		if was := t.row(is.Link.Index); was != nil && isAnother(&was.Link, &is.Link) {
			t.removeLink(is.Link.Index)
		}
		t.setLink(&is.Link)
		row := t.row(is.Link.Index)
		t.diffAddrs(row, is.Addrs, keys)
		row.Addrs = append(row.Addrs[:0], is.Addrs...) // in the order of s
		for at := range row.Addrs {
			row.Addrs[at].age(t.epoch.Sub(now))
		}
	}
}

// diffAddrs emits the differences of the addresses of an interface and addrs. It
// uses keys, which is empty before and after.
func (t *nicTable) diffAddrs(row *InterfaceAddrs, addrs []Addr, keys map[addrKey]*Addr) {
	for at := range addrs {
		keys[addrs[at].key()] = &addrs[at]
	}
	for at := range row.Addrs {
		was := &row.Addrs[at]
		t.diffAddr(&row.Link, was, keys[was.key()])
		delete(keys, was.key())
	}
	for at := range addrs {
		t.diffAddr(&row.Link, nil, keys[addrs[at].key()])
	}
	clear(keys)
}

// copyTo copies the table, with lifetimes as of now.
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
