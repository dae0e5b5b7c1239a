package sysprobe

import (
	"context"
	"net/netip"
	"time"
)

// NICWatch follows the interfaces and addresses of a network namespace: it sends
// each change as an event as it happens, and keeps a table of them. It is safe
// for concurrent use.
type NICWatch struct {
	client *nicWatchClient
}

// OpenNICWatch subscribes to changes in the namespace that c names, and then
// reads the tables, of which it sends no events. A nil c means defaults; the end
// of ctx ends the opening and not the watch. It needs no privilege, except
// CAP_SYS_ADMIN where c.NetNS is set. Its error wraps [ErrNotSupported] on a
// system without a backend, fs.ErrNotExist where c.NetNS is no network namespace,
// [ErrAccessDenied] where this process must not enter it, and that of ctx.
//
// Source: RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR and RTNLGRP_IPV6_IFADDR of
// linux/rtnetlink.h; route(4); NotifyIpInterfaceChange and
// NotifyUnicastIpAddressChange, which tell of interfaces that IP is bound to: changes
// of others are found when Config.WatchVerify has passed. Where changes come faster than the watch reads them, the
// kernel drops notifications, and says so on Linux, NetBSD and FreeBSD 14 (ENOBUFS) and
// on OpenBSD (RTM_DESYNC). The watch then reads the tables anew and
// sends the differences: it misses only changes that were undone meanwhile. macOS and
// older FreeBSD do not say it: there the watch finds what was dropped with the next
// notification, or when Config.WatchVerify has passed.
func OpenNICWatch(ctx context.Context, c *Config) (*NICWatch, error) {
	return OpenNICWatchOf(ctx, c, NICChoice{})
}

// OpenNICWatchOf is [OpenNICWatch] with events of what choice chooses only. The
// table has everything. It returns the same errors.
func OpenNICWatchOf(ctx context.Context, c *Config, choice NICChoice) (*NICWatch, error) {
	client, err := configured(c, func(cfg Config) (*nicWatchClient, error) {
		return newNICWatchClient(ctx, cfg, choice)
	})
	if err != nil {
		return nil, err
	}
	return &NICWatch{client: client}, nil
}

// NICChoice chooses what a NICWatch sends events of: the interfaces for which Link
// returns true, and of these the addresses for which Addr does. Nil means all. An
// interface or an address that begins to be chosen is added, and one that ceases
// to be is removed, whatever made it so: a renaming, a scope, a flag such as
// AddrTentative.
//
// Both functions are called while the watch is locked: they must not call its
// methods, nor change or keep what they are passed.
type NICChoice struct {
	Link func(*Link) bool
	Addr func(*Addr) bool
	// Present makes events, as of additions, also of what there is when the watch
	// is opened. It is for a namespace that has just come.
	Present bool
}

// link reports whether changes of l are events.
func (c *NICChoice) link(l *Link) bool { return c.Link == nil || c.Link(l) }

// addr reports whether changes of a, an address of l, are events.
func (c *NICChoice) addr(l *Link, a *Addr) bool { return c.link(l) && (c.Addr == nil || c.Addr(a)) }

// Events returns the channel on which changes arrive, in their order. It must be
// read: the table stands still while the channel is full. It is closed by Close,
// and where the watch ends by itself, which Err explains.
func (w *NICWatch) Events() <-chan NICEvent { return w.client.events }

// Err returns why the watch ended by itself: an error that wraps fs.ErrClosed and
// the cause. It returns nil while the watch goes on, and where Close ended it.
func (w *NICWatch) Err() error { return w.client.failure() }

// Snapshot copies the table to dst, whose memory it reuses: a copy of a table that
// has not grown allocates nothing. It does not ask the kernel, and does not wait;
// lifetimes are the times that are left of them. Linux notifies of no change of the
// Alias and the AltNames of an interface that is down: these can be as old as
// Config.WatchVerify says. After an error dst is empty. The error wraps fs.ErrClosed after the watch ended, or
// is that of ctx.
func (w *NICWatch) Snapshot(ctx context.Context, dst *AddrSnapshot) error {
	return w.client.snapshot(ctx, dst)
}

// Stats returns the counts of the watch since it was opened.
func (w *NICWatch) Stats() NICWatchStats { return w.client.statistics() }

// Retire ends the watch because its namespace is gone: it sends the events of the
// removal of all that is in the table, which must be read, and then closes the
// channel. The kernel notifies of no such removal, and keeps a namespace for as
// long as a handle of it is open. Its error is that of ctx where the events were
// not read in time, and wraps fs.ErrClosed after Close and Retire.
func (w *NICWatch) Retire(ctx context.Context) error { return w.client.retire(ctx) }

// Close ends the watch and waits for its goroutine. Snapshot, Retire and a second
// Close then return an error that wraps fs.ErrClosed; Events, Err and Stats return
// what they returned at the end.
func (w *NICWatch) Close() error { return w.client.close() }

// NICWatchStats counts the events of a watch, and its faults.
type NICWatchStats struct {
	// Events is the number of changes found.
	Events uint64
	// Overflows is how often the kernel said that it had dropped notifications.
	Overflows uint64
	// Malformed is how often a notification could not be decoded, and the tables
	// were read instead, or a row of these, which is left out.
	Malformed uint64
	// Verified is how often the table was compared with the kernel's, as
	// Config.WatchVerify says, and Repaired the number of changes found that
	// way, of which there was no notification.
	Verified, Repaired uint64
}

// NICEvent is one change of an interface or of its addresses, among those that a
// NICChoice chooses. A notification without a change is no event, nor is a lifetime
// that starts anew.
type NICEvent struct {
	Kind NICEventKind
	// Interface is the name after the change, Index the index, and LinkKind the
	// Link.Kind.
	Interface string
	Index     int
	LinkKind  string
	// Old and New are the values that NICEventKind names; empty means that there
	// was, or is, none.
	Old, New string
	// Address is the address of an event about one, with Scope and Flags after
	// the change.
	Address netip.Prefix
	Scope   AddrScope
	Flags   AddrFlags
	// At is when the change was read from the kernel. No two events of a watch
	// have the same time.
	At time.Time
}

// Family returns the family of the address that changed: that of Address,
// FamilyLink for a link-layer address, and FamilyUnspec for other changes.
func (e *NICEvent) Family() Family {
	if e.Kind == NICMAC {
		return FamilyLink
	}
	return Addr{IP: e.Address.Addr()}.Family()
}

// NICEventKind is the kind of a change.
type NICEventKind uint8

// The kinds, with the meaning of NICEvent.Old and New.
//
// An interface that appears counts as having been down and without addresses:
// events about its state and its addresses follow. For one that vanishes, events
// about the loss of these come first.
const (
	NICAdded          NICEventKind = iota // none, the kind of interface
	NICRemoved                            // the kind of interface, none
	NICRenamed                            // the names, of which a NICChoice might choose one only
	NICAdminUp                            // "down", "up": IFF_UP, which an administrator sets
	NICAdminDown                          // "up", "down"
	NICLinkUp                             // "down", "up": LinkFlags.IsUp, packets can pass
	NICLinkDown                           // "up", "down"
	NICMTU                                // bytes
	NICMAC                                // the link-layer addresses
	NICMaster                             // the names of the bridge, bond or VRF, or none
	NICAddressAdded                       // none, the address with its prefix length and peer
	NICAddressRemoved                     // the address with its prefix length and peer, none
	NICAddressFlags                       // those of "secondary", "dadfailed", "deprecated" and "permanent" that are set
)

var nicEventKindNames = []string{
	"added", "removed", "renamed", "admin_up", "admin_down", "link_up", "link_down", "mtu", "mac", "master",
	"address_added", "address_removed", "address_flags",
}

// unsupportedNICWatch is the client of a system that notifies of no change. The
// client of a system that can do a part embeds it.
type unsupportedNICWatch struct{}

func (unsupportedNICWatch) snapshot(context.Context, *AddrSnapshot) error { return ErrNotSupported }
func (unsupportedNICWatch) failure() error                                { return ErrNotSupported }
func (unsupportedNICWatch) retire(context.Context) error                  { return ErrNotSupported }
func (unsupportedNICWatch) statistics() NICWatchStats                     { return NICWatchStats{} }
func (unsupportedNICWatch) close() error                                  { return ErrNotSupported }
