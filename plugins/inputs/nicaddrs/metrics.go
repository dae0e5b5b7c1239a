package nicaddrs

import (
	"cmp"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"telegraf-sysprobe/plugins/internal/lineproto"
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

// familyNames are the values of the option families and of the tag family;
// families are what they mean.
var (
	familyNames = []string{"ipv4", "ipv6", "link"}
	families    = []sysprobe.Family{sysprobe.FamilyInet, sysprobe.FamilyInet6, sysprobe.FamilyLink}
)

// tagNames are the words of the option tag_with.
var tagNames = []string{"alias", "kind", "label", "scope"}

// layout says which addresses become metrics, and how.
type layout struct {
	asTag    bool
	selected [3]bool // parallel to families
	scopes   options.Globs
	with     func(flag string) bool // nil: whatever the flags are
	without  func(flag string) bool
	tagWith  []string
}

// newLayout checks the options about addresses. It returns an error that names
// the option, the value and the remedy.
func (n *NICAddrs) newLayout() (layout, error) {
	l := layout{asTag: n.AddressAs == addressAsTag, tagWith: n.TagWith}
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

// passes says whether the options let an IPv4 or IPv6 address of that scope and
// with these flags pass.
func (l *layout) passes(family sysprobe.Family, scope sysprobe.AddrScope, flags sysprobe.AddrFlags) bool {
	if !l.scopes.Match(scope.String()) {
		return false
	}
	names := strings.Split(flags.Text(family), ",")
	return (l.with == nil || slices.ContainsFunc(names, l.with)) && !slices.ContainsFunc(names, l.without)
}

// address is one address of an interface: the link-layer address where addr is
// nil.
type address struct {
	family int // index into families
	link   *sysprobe.Link
	addr   *sysprobe.Addr
}

// text is the address without a zone: the tag interface says that.
func (a address) text() string {
	if a.addr == nil {
		return a.link.HardwareAddr.String()
	}
	return a.addr.IP.WithZone("").String()
}

// identity is what makes a another address.
func (a address) identity() identity {
	if a.addr == nil {
		return identity{hardware: a.link.HardwareAddr}
	}
	return identity{ip: a.addr.IP.WithZone(""), peer: a.addr.Peer.WithZone(""), bits: a.addr.PrefixLen}
}

// addresses returns the addresses of an interface in the selected families.
func (l *layout) addresses(i *sysprobe.InterfaceAddrs) []address {
	list := make([]address, 0, len(i.Addrs)+1)
	add := func(family sysprobe.Family, addr *sysprobe.Addr) {
		if n := slices.Index(families, family); n >= 0 && l.selected[n] {
			list = append(list, address{family: n, link: &i.Link, addr: addr})
		}
	}
	if i.Link.HardwareAddr.Len() > 0 {
		add(sysprobe.FamilyLink, nil)
	}
	for n := range i.Addrs {
		if a := &i.Addrs[n]; l.passes(a.Family(), a.Scope, a.Flags) {
			add(a.Family(), a)
		}
	}
	return list
}

// point is a metric without its name, type and time.
type point struct {
	tags   map[string]string
	fields map[string]any
}

// points returns the metrics of measurement for the addresses of one
// interface.
//
// The tags tell any two of them apart. Where the address is a field the rank
// among the addresses of its family does; where it is a tag, the kernel may
// still have it twice on one interface, with two prefix lengths or two peers,
// and then all but the first have a rank.
func (l *layout) points(addresses []address, netns string) []point {
	list := make([]point, 0, len(addresses))
	ranks := map[string]int{}
	for _, a := range addresses {
		p := point{tags: interfaceTags(a.link.Name, netns), fields: a.fields()}
		p.tags["family"] = familyNames[a.family]
		a.tag(p, l.tagWith)
		key := familyNames[a.family]
		if l.asTag {
			p.tags["address"] = a.text()
			key = a.text()
		} else {
			p.fields["address"] = a.text()
		}
		ranks[key]++
		if rank := ranks[key]; rank > 1 || !l.asTag {
			p.tags["rank"] = strconv.Itoa(rank)
		}
		list = append(list, p)
	}
	return list
}

// tag makes tags of the facts that names lists, as far as a has them.
func (a address) tag(p point, names []string) {
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
		if text != "" {
			p.tags[name] = lineproto.Tag(text)
			delete(p.fields, name)
		}
	}
}

// interfaceTags returns the tags that all metrics of an interface have.
func interfaceTags(name, netns string) map[string]string {
	tags := map[string]string{"interface": lineproto.Tag(name)}
	if netns != "" {
		tags["netns"] = lineproto.Tag(netns)
	}
	return tags
}

// fields returns what is known of an address besides itself.
func (a address) fields() map[string]any {
	fields := map[string]any{
		"index":       int64(a.link.Index),
		"family_code": int64(families[a.family]),
	}
	if a.addr == nil {
		setLinkFields(fields, a.link)
	} else {
		setAddrFields(fields, a.addr)
	}
	return fields
}

// setLinkFields sets the other end of a link-layer address. IFLA_BROADCAST is
// the far end of a tunnel and without meaning on a link that does neither.
func setLinkFields(fields map[string]any, l *sysprobe.Link) {
	if l.PermanentAddr.Len() > 0 {
		fields["permanent_mac"] = l.PermanentAddr.String()
	}
	switch {
	case l.Broadcast.Len() == 0:
	case l.Flags&sysprobe.FlagBroadcast != 0:
		fields["broadcast"] = l.Broadcast.String()
	case l.Flags&sysprobe.FlagPointToPoint != 0:
		fields["ptp"] = l.Broadcast.String()
	}
}

// setAddrFields sets what the kernel knows of an IPv4 or IPv6 address.
func setAddrFields(fields map[string]any, a *sysprobe.Addr) {
	fields["prefix_length"] = int64(a.PrefixLen)
	fields["scope"] = a.Scope.String()
	fields["scope_code"] = int64(a.Scope)
	fields["flags"] = a.Flags.Text(a.Family())
	setIP(fields, "netmask", a.Netmask())
	setIP(fields, "broadcast", a.Broadcast)
	setIP(fields, "ptp", a.Peer)
	if a.Label != "" {
		fields["label"] = lineproto.Field(a.Label)
	}
	if priority, known := a.RoutePriority.Get(); known {
		fields["route_priority"] = int64(priority)
	}
	if protocol, known := a.Protocol.Get(); known {
		fields["protocol"] = int64(protocol)
	}
	setSeconds(fields, "valid_lifetime", a.ValidLifetime)
	setSeconds(fields, "preferred_lifetime", a.PreferredLifetime)
}

// setIP sets a field unless ip is none.
func setIP(fields map[string]any, name string, ip netip.Addr) {
	if ip.IsValid() {
		fields[name] = ip.WithZone("").String()
	}
}

// setSeconds sets a field unless d is absent.
func setSeconds(fields map[string]any, name string, d sysprobe.Opt[time.Duration]) {
	if d, known := d.Get(); known {
		fields[name] = int64(d / time.Second)
	}
}

// gauges returns those of interfaceMeasurement: a count for each selected
// family, and what the interface is besides.
func (l *layout) gauges(link *sysprobe.Link, addresses []address) map[string]any {
	fields := map[string]any{"index": int64(link.Index)}
	for family, name := range familyNames {
		if !l.selected[family] {
			continue
		}
		var n int64
		for _, a := range addresses {
			if a.family == family {
				n++
			}
		}
		fields[name+"_count"] = n
	}
	if len(link.AltNames) > 0 {
		fields["altnames"] = lineproto.Field(strings.Join(link.AltNames, ","))
	}
	return fields
}

// changesField returns the counter of interfaceMeasurement.
func changesField(changes int64) map[string]any { return map[string]any{"changes": changes} }

// selects says whether an event is of a family to report. Those of an
// interface as a whole are of none.
func (l *layout) selects(e *sysprobe.NICEvent) bool {
	family := slices.Index(families, e.Family())
	if family >= 0 && !l.selected[family] {
		return false
	}
	return !e.Address.IsValid() || l.passes(e.Family(), e.Scope, e.Flags)
}

// eventPoint returns the metric of eventMeasurement.
func eventPoint(e *sysprobe.NICEvent, netns string) point {
	p := point{tags: interfaceTags(e.Interface, netns), fields: map[string]any{
		"old":   lineproto.Field(e.Old),
		"new":   lineproto.Field(e.New),
		"index": int64(e.Index),
	}}
	p.tags["event"] = e.Kind.String()
	if e.Address.IsValid() {
		p.fields["address"] = e.Address.Addr().String()
	}
	return p
}
