package sysprobe

import (
	"net/netip"
	"time"
)

// NICWatch follows the interfaces and addresses of a network namespace: it
// tells each change as it happens, and keeps a table of them. It is safe for
// concurrent use.
type NICWatch struct {
	client *nicWatchClient
}

// OpenNICWatch subscribes to changes in the namespace that c names, and then
// reads what is there already, of which it tells no event. A nil c means
// defaults. It needs no privilege, except CAP_SYS_ADMIN where c.NetNS is set.
// It returns an error that answers to [ErrNotSupported] on a system without a
// backend, to fs.ErrNotExist where c.NetNS is not there, and to
// [ErrAccessDenied] where it may not be entered.
//
// Source: RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR and RTNLGRP_IPV6_IFADDR of
// linux/rtnetlink.h. Where changes come faster than they can be told, the
// kernel drops notifications (ENOBUFS); the tables are then read anew and the
// difference is told, so that changes which undid each other meanwhile are
// missed, and none else.
func OpenNICWatch(c *Config) (*NICWatch, error) {
	client, err := newNICWatchClient(c.withDefaults())
	if err != nil {
		return nil, err
	}
	return &NICWatch{client: client}, nil
}

// Events is where changes arrive, in their order. The channel must be read: the
// table stands still while it is full. It is closed by Close, and where the
// watch ends by itself, which Err explains.
func (w *NICWatch) Events() <-chan NICEvent { return w.client.events }

// Err returns why the watch ended by itself: an error that answers to
// fs.ErrClosed and to its cause. It returns nil while the watch goes on, and
// after Close.
func (w *NICWatch) Err() error { return w.client.failure() }

// Snapshot copies the table to dst, whose memory it reuses. It does not ask
// the kernel; lifetimes are what is left of them now. It returns an error that
// answers to fs.ErrClosed after the watch ended; dst is then empty.
func (w *NICWatch) Snapshot(dst *AddrSnapshot) error { return w.client.snapshot(dst) }

// Stats returns what the watch counted since it was opened.
func (w *NICWatch) Stats() NICWatchStats { return w.client.statistics() }

// Close ends the watch and waits for its goroutine. Further calls return nil.
func (w *NICWatch) Close() error { return w.client.close() }

// NICWatchStats says how a watch fares.
type NICWatchStats struct {
	// Events is the number of changes found.
	Events uint64
	// Overflows is how often the kernel dropped notifications.
	Overflows uint64
	// Malformed is how often a notification could not be read, and the tables
	// were read instead.
	Malformed uint64
	// Verified is how often the table was compared with the kernel's, as
	// Config.WatchVerify says, and Repaired the number of changes found that
	// way, which no notification had told.
	Verified, Repaired uint64
}

// NICEvent is one change of an interface or of its addresses. Something that
// the kernel says again, or a lifetime that starts anew, is none.
type NICEvent struct {
	Kind NICEventKind
	// Interface is the name after the change, Index the index, and LinkKind the
	// Link.Kind.
	Interface string
	Index     int
	LinkKind  string
	// Old and New are what changed, in the words of NICEventKind; empty means
	// that there was, or is, none.
	Old, New string
	// Address is what an event about an address is about, with its scope and
	// flags after the change.
	Address netip.Prefix
	Scope   AddrScope
	Flags   AddrFlags
	// At is when the change was read from the kernel. No two events of a watch
	// have the same.
	At time.Time
}

// Family is the family of what changed: that of Address, FamilyLink for a
// link-layer address, and FamilyUnspec for everything else.
func (e *NICEvent) Family() Family {
	if e.Kind == NICMAC {
		return FamilyLink
	}
	return Addr{IP: e.Address.Addr()}.Family()
}

// NICEventKind says what changed.
type NICEventKind uint8

// The kinds, with what is old and new of each.
//
// An interface that appears counts as having been down and without addresses:
// what it has follows as events of their own. One that vanishes loses all of
// that first.
const (
	NICAdded          NICEventKind = iota // none, the kind of interface
	NICRemoved                            // the kind of interface, none
	NICRenamed                            // the names
	NICAdminUp                            // "down", "up": IFF_UP, what an administrator wants
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

// String returns the name of k, or its number where it has none.
func (k NICEventKind) String() string { return enumText(k, nicEventKindNames) }

// MarshalText writes String; it never fails.
func (k NICEventKind) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// UnmarshalText reads a name or a number; any other text is an error.
func (k *NICEventKind) UnmarshalText(b []byte) error {
	return enumParse(k, nicEventKindNames, "interface event", b)
}
