package nicaddrs

import (
	"cmp"
	"errors"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"telegraf-sysprobe/plugins/internal/lineproto"
	"telegraf-sysprobe/plugins/internal/metric"
	"telegraf-sysprobe/plugins/internal/options"
	"telegraf-sysprobe/sysprobe"
)

// The measurements.
const (
	measurement          = "nicaddrs"
	interfaceMeasurement = "nicaddrs_interface"
	eventMeasurement     = "nic_event"
)

// The values of the option address_as.
const (
	addressAsTag   = "tag"
	addressAsField = "field"
)

// familyNames are the values of the option families and of the tag family, and
// families the families of these names.
var (
	familyNames = []string{"ipv4", "ipv6", "link"}
	families    = []sysprobe.Family{sysprobe.FamilyInet, sysprobe.FamilyInet6, sysprobe.FamilyLink}
)

// countNames are the fields of interfaceMeasurement that count addresses of families.
var countNames = []string{"ipv4_count", "ipv6_count", "link_count"}

// globalNames are those that count the addresses of a family that are global.
var globalNames = []string{"ipv4_global_count", "ipv6_global_count"}

// tagNames are the words of the option tag_with.
var tagNames = []string{"alias", "kind", "label", "scope"}

// SoleWriter says that the counter changes begins with the plugin, so that two of them
// cannot share a series. It returns the names of the tags that the plugin sets itself.
func (*NICAddrs) SoleWriter() []string {
	own := []string{"address", "event", "family", "interface", "netns", "rank"}
	for _, word := range tagNames {
		own = append(own, word+"_tag")
	}
	return own
}

// layout chooses the addresses to send, and the form of their metrics.
type layout struct {
	asTag    bool
	selected [3]bool // parallel to families
	scopes   options.Globs
	byFlags  bool                   // with or without chooses
	with     func(flag string) bool // nil: whatever the flags are
	without  func(flag string) bool
	tagWith  []string
}

// newLayout checks the options about addresses. It returns an error that names
// the option, the value and the remedy.
func (n *NICAddrs) newLayout() (layout, error) {
	l := layout{asTag: n.AddressAs == addressAsTag, tagWith: n.TagWith, byFlags: len(n.FlagInclude)+len(n.FlagExclude) > 0}
	err := cmp.Or(
		options.Words("address_as", []string{n.AddressAs}, []string{addressAsTag, addressAsField}),
		options.NotEmpty("families", n.Families, familyNames, "there is nothing to report without a family"),
		options.Words("families", n.Families, familyNames),
		options.Words("tag_with", n.TagWith, tagNames),
	)
	if err != nil {
		return l, err
	}
	for _, name := range n.Families {
		l.selected[slices.Index(familyNames, name)] = true
	}
	if err := n.checkWords(); err != nil {
		return l, err
	}
	if l.scopes, err = options.NewGlobs("scope", n.ScopeInclude, n.ScopeExclude); err != nil {
		return l, err
	}
	if len(n.FlagInclude) > 0 {
		if l.with, err = options.Matcher("flag_include", n.FlagInclude); err != nil {
			return l, err
		}
	}
	l.without, err = options.Matcher("flag_exclude", n.FlagExclude)
	return l, err
}

// checkWords returns an error where a glob of scopes or flags matches none.
func (n *NICAddrs) checkWords() error {
	var scopes, namedScopes, flags []string
	for i := range 256 {
		name := sysprobe.AddrScope(i).String()
		if scopes = append(scopes, name); name != strconv.Itoa(i) {
			namedScopes = append(namedScopes, name)
		}
	}
	for bit := sysprobe.AddrFlags(1); bit != 0; bit <<= 1 {
		for _, family := range []sysprobe.Family{sysprobe.FamilyInet, sysprobe.FamilyInet6} {
			if name := bit.Text(family); !slices.Contains(flags, name) {
				flags = append(flags, name)
			}
		}
	}
	if slices.Contains(n.FlagInclude, "dynamic") || slices.Contains(n.FlagExclude, "dynamic") {
		return errors.New(`option flag_include or flag_exclude: "dynamic" is the absence of a flag; use "permanent" in the other list`)
	}
	namedFlags := slices.DeleteFunc(slices.Clone(flags), func(name string) bool { return strings.HasPrefix(name, "0x") })
	return cmp.Or(
		options.Vocabulary("scope_include", n.ScopeInclude, scopes, namedScopes),
		options.Vocabulary("scope_exclude", n.ScopeExclude, scopes, namedScopes),
		options.Vocabulary("flag_include", n.FlagInclude, flags, namedFlags),
		options.Vocabulary("flag_exclude", n.FlagExclude, flags, namedFlags),
	)
}

// selects reports whether addresses of a family are reported.
func (l *layout) selects(family sysprobe.Family) bool {
	n := slices.Index(families, family)
	return n >= 0 && l.selected[n]
}

// passes reports whether the options choose an IPv4 or IPv6 address. The kernel leaves
// an address tentative whose duplicate it detected; it counts as one that is not,
// since the detection is over.
func (l *layout) passes(a *sysprobe.Addr) bool {
	if !l.selects(a.Family()) || !l.scopes.Match(a.Scope.String()) {
		return false
	}
	if !l.byFlags {
		return true
	}
	flags := a.Flags
	if flags&sysprobe.AddrDADFailed != 0 {
		flags &^= sysprobe.AddrTentative
	}
	names := strings.Split(flags.Text(a.Family()), ",")
	return (l.with == nil || slices.ContainsFunc(names, l.with)) && !slices.ContainsFunc(names, l.without)
}

// address is one address of an interface: the link-layer address where addr is
// nil.
type address struct {
	family int // index into families
	link   *sysprobe.Link
	addr   *sysprobe.Addr
}

// text is the address without a zone, which is the tag interface.
func (a address) text() string {
	if a.addr == nil {
		return a.link.HardwareAddr.String()
	}
	return a.addr.IP.WithZone("").String()
}

// identity returns the identity of a.
func (a address) identity() identity {
	if a.addr == nil {
		return identity{hardware: a.link.HardwareAddr}
	}
	return identity{ip: a.addr.IP.WithZone(""), peer: a.addr.Peer.WithZone(""), bits: a.addr.PrefixLen}
}

// addresses returns the addresses of an interface in the selected families, in the
// memory of list.
func (l *layout) addresses(list []address, i *sysprobe.InterfaceAddrs) []address {
	list = list[:0]
	if i.Link.HardwareAddr.Len() > 0 && l.selects(sysprobe.FamilyLink) {
		list = append(list, address{family: slices.Index(families, sysprobe.FamilyLink), link: &i.Link})
	}
	for n := range i.Addrs {
		if a := &i.Addrs[n]; l.passes(a) {
			list = append(list, address{family: slices.Index(families, a.Family()), link: &i.Link, addr: a})
		}
	}
	return list
}

// rankKey is what the addresses have in common that a rank numbers.
type rankKey struct {
	family   int
	ip       netip.Addr
	hardware sysprobe.HardwareAddr
}

// rows makes the metrics of addresses, in memory that it uses again.
type rows struct {
	layout    *layout
	addresses []address
	ranks     map[rankKey]int
	row       metric.Series
}

// each calls send with the metric of measurement for each address of r, which is
// valid until send returns.
//
// No two of them have the same tags. Where the address is a field, each has the
// rank among the addresses of its family. Where the address is a tag, an interface
// might still have it twice, with two prefix lengths or two peers, and then all but
// the first have a rank.
func (r *rows) each(netns string, send func(*metric.Series)) {
	if r.ranks == nil {
		r.ranks = map[rankKey]int{}
	}
	clear(r.ranks)
	for _, a := range r.addresses {
		key := rankKey{family: a.family}
		if r.layout.asTag {
			id := a.identity()
			key.ip, key.hardware = id.ip, id.hardware
		}
		r.ranks[key]++
		r.layout.fill(&r.row, a, netns)
		if rank := r.ranks[key]; rank > 1 || !r.layout.asTag {
			r.row.Tags["rank"] = strconv.Itoa(rank)
		}
		send(&r.row)
	}
}

// fill makes row the metric of an address, without a rank.
func (l *layout) fill(row *metric.Series, a address, netns string) {
	row.Clear()
	setInterfaceTags(row.Tags, a.link.Name, netns)
	row.Tags["family"] = familyNames[a.family]
	a.addTags(row.Tags, l.tagWith)
	if l.asTag {
		row.Tags["address"] = a.text()
	} else {
		row.Gauges.Put("addr", a.text())
	}
	a.setFields(&row.Gauges)
}

// addTags adds the tags of the facts in names, as far as a has them.
func (a address) addTags(tags map[string]string, names []string) {
	for _, name := range names {
		text := ""
		switch {
		case name == "alias":
			text = a.link.Alias
		case name == "kind":
			text = a.link.Kind
		case a.addr == nil:
		case name == "label":
			text = a.addr.Label
		case name == "scope":
			text = a.addr.Scope.String()
		}
		metric.AddTag(tags, name, text)
	}
}

// setInterfaceTags sets the tags that all metrics of an interface have.
func setInterfaceTags(tags map[string]string, name, netns string) {
	tags["interface"] = lineproto.Tag(name)
	metric.SetTag(tags, "netns", netns)
}

// setFields sets the fields of an address, without the address.
func (a address) setFields(fields *metric.Fields) {
	fields.Put("index", int64(a.link.Index))
	fields.Put("family_code", int64(families[a.family]))
	if a.addr == nil {
		setLinkFields(fields, a.link)
	} else {
		setAddrFields(fields, a.addr)
	}
}

// setLinkFields sets the fields of a link-layer address. IFLA_BROADCAST is the
// other end of a tunnel, and has no meaning on a link that neither broadcasts nor
// is point-to-point.
func setLinkFields(fields *metric.Fields, l *sysprobe.Link) {
	metric.SetText(fields, "permanent_mac", l.PermanentAddr.String())
	switch {
	case l.Broadcast.Len() == 0:
	case l.Flags&sysprobe.FlagBroadcast != 0:
		fields.Put("broadcast", l.Broadcast.String())
	case l.Flags&sysprobe.FlagPointToPoint != 0:
		fields.Put("ptp", l.Broadcast.String())
	}
}

// setAddrFields sets the fields of an IPv4 or IPv6 address.
func setAddrFields(fields *metric.Fields, a *sysprobe.Addr) {
	fields.Put("prefix_length", int64(a.PrefixLen))
	fields.Put("scope", a.Scope.String())
	fields.Put("scope_code", int64(a.Scope))
	fields.Put("flags", a.Flags.Text(a.Family()))
	if a.Family() == sysprobe.FamilyInet6 {
		metric.Bool(fields, "temporary", a.Flags&sysprobe.AddrTemporary != 0)
		metric.Bool(fields, "dadfailed", a.Flags&sysprobe.AddrDADFailed != 0)
	}
	setIP(fields, "netmask", a.Netmask())
	setIP(fields, "broadcast", a.Broadcast)
	setIP(fields, "ptp", a.Peer)
	metric.SetName(fields, "label", a.Label)
	metric.SetInt(fields, "route_priority", a.RoutePriority)
	metric.SetInt(fields, "protocol", a.Protocol)
	setLifetime(fields, "valid_lifetime", a.ValidLifetime)
	setLifetime(fields, "preferred_lifetime", a.PreferredLifetime)
}

// setIP sets a field unless ip is none.
func setIP(fields *metric.Fields, name string, ip netip.Addr) {
	if ip.IsValid() {
		fields.Put(name, ip.WithZone("").String())
	}
}

// setLifetime sets a field to whole seconds, in which the kernel counts, unless
// d is absent.
func setLifetime(fields *metric.Fields, name string, d sysprobe.Opt[time.Duration]) {
	if d, known := d.Get(); known {
		fields.Put(name, int64(d/time.Second))
	}
}

// setGauges sets the gauges of interfaceMeasurement: a count for each selected
// family, and the facts of the interface.
func (l *layout) setGauges(fields *metric.Fields, link *sysprobe.Link, addresses []address) {
	l.setCounts(fields, addresses)
	fields.Put("index", int64(link.Index))
	metric.SetNames(fields, "altnames", link.AltNames)
	metric.SetText(fields, "guid", link.GUID)
	if link.LUID != 0 {
		fields.Put("luid", metric.Int(link.LUID))
	}
}

// setCounts sets the number of addresses in each selected family, and of those that
// are global.
func (l *layout) setCounts(fields *metric.Fields, addresses []address) {
	for family := range families {
		if !l.selected[family] {
			continue
		}
		var n, global int64
		for _, a := range addresses {
			if a.family != family {
				continue
			}
			if n++; a.isGlobal() {
				global++
			}
		}
		fields.Put(countNames[family], n)
		if family < len(globalNames) {
			fields.Put(globalNames[family], global)
		}
	}
}

// isGlobal reports whether a is one that its host is reached by from afar, and is to
// keep: neither local to its link or host, nor a temporary address of IPv6, nor one
// that another host has too.
func (a address) isGlobal() bool {
	if a.addr == nil || a.addr.IP.IsLinkLocalUnicast() || a.addr.Scope >= sysprobe.ScopeLink {
		return false
	}
	return a.addr.Family() != sysprobe.FamilyInet6 || a.addr.Flags&(sysprobe.AddrTemporary|sysprobe.AddrDADFailed) == 0
}

// setEvent makes s the metric of eventMeasurement. An old or a new value that there is
// not is empty text, so that each event has both.
func setEvent(s *metric.Series, e *sysprobe.NICEvent, netns string) {
	s.Clear()
	s.Tags["event"] = e.Kind.String()
	setInterfaceTags(s.Tags, e.Interface, netns)
	s.Gauges.Put("old", metric.Name(e.Old))
	s.Gauges.Put("new", metric.Name(e.New))
	s.Gauges.Put("index", int64(e.Index))
	if e.Address.IsValid() {
		s.Gauges.Put("addr", e.Address.Addr().String())
	}
}
