//go:build linux

package sysprobe

import (
	"context"

	"telegraf-sysprobe/sysprobe/internal/decode/rtnl"
	"telegraf-sysprobe/sysprobe/internal/sys/netns"
	"telegraf-sysprobe/sysprobe/internal/sys/nlconn"
)

// linkReader reads RTM_GETLINK dumps into rows that hold a Link.
type linkReader struct {
	route *nlconn.Route
	names interner
}

// newLinkReader returns a reader over the sockets that dial makes. It makes the
// first one at once.
func newLinkReader(cfg Config, dial func() (nlconn.Socket, error)) (*linkReader, error) {
	r := &linkReader{route: nlconn.NewRoute(dial), names: interner{}}
	if err := r.route.Open(); err != nil {
		return nil, opError("open netlink socket", netns.Path(cfg.NetNS), err)
	}
	return r, nil
}

// dialRoute makes sockets for rtnetlink(7) in the namespace of cfg.
func dialRoute(cfg Config) func() (nlconn.Socket, error) {
	path := netns.Path(cfg.NetNS)
	return func() (nlconn.Socket, error) { return nlconn.DialRoute(path) }
}

// dump reads all links. It calls reset before each attempt, and row for each link,
// which returns the Link to fill.
func (r *linkReader) dump(ctx context.Context, skipStats bool, reset func(), row func(*rtnl.Link) *Link) error {
	err := r.route.Links(ctx, skipStats, reset, func(raw *rtnl.Link) { r.fill(row(raw), raw) })
	return opError("dump links", "", err)
}

// fill maps raw to l, whose memory it reuses.
func (r *linkReader) fill(l *Link, raw *rtnl.Link) {
	*l = Link{
		Index:          int(raw.Index),
		Name:           r.names.text(raw.Name),
		AltNames:       l.AltNames[:0],
		Kind:           r.names.text(raw.Kind),
		HardwareType:   raw.HardwareType,
		Flags:          LinkFlags(raw.Flags),
		OperState:      OperState(raw.OperState),
		CarrierChanges: raw.CarrierChanges,
		MTU:            raw.MTU,
		TxQueueLen:     raw.TxQueueLen,
		HardwareAddr:   HardwareAddrFrom(raw.Address),
		Alias:          r.names.text(raw.Alias),
		MasterIndex:    int(raw.Master),
	}
	if l.Flags&(FlagBroadcast|FlagPointToPoint) != 0 { // the kernel sends zeros for other links
		l.Broadcast = HardwareAddrFrom(raw.Broadcast)
	}
	// The kernel keeps a carrier for an interface that is down, which means
	// nothing and which sysfs and ethtool(8) do not show either.
	if l.Flags&FlagUp != 0 {
		l.Carrier = raw.Carrier
	}
	// It also copies the first address of a software interface, such as the end
	// of a tunnel, to IFLA_PERM_ADDRESS. Those kinds of rtnetlink that are
	// hardware (dsa, ipoib) are made of a device.
	if len(raw.Kind) == 0 || len(raw.ParentDev) > 0 {
		l.PermanentAddr = HardwareAddrFrom(raw.Permanent)
	}
	if l.Kind == "" {
		l.Kind = hardwareTypeName(raw.HardwareType)
	}
	for _, name := range raw.AltNames {
		l.AltNames = append(l.AltNames, r.names.text(name))
	}
}
