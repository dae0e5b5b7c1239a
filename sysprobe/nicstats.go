package sysprobe

import "context"

// NICStats reads the state, speed and counters of network interfaces. Open it
// once and take a snapshot at each gather. It is safe for concurrent use.
//
// A snapshot without optional facts into the same LinkSnapshot allocates a few
// dozen small values, and two for each datagram of the kernel's answers, which
// holds some ten interfaces.
type NICStats struct {
	client *nicStatsClient
	counts linkCounts
}

// OpenNICStats opens the kernel's link table in the namespace that c names. A
// nil c means defaults. It needs no privilege, except for CAP_SYS_ADMIN where
// c.NetNS is set. It returns an error that wraps [ErrNotSupported] on a system
// without a backend, fs.ErrNotExist where c.NetNS is no network namespace, and
// [ErrAccessDenied] where the caller must not enter it. A kernel without
// generic netlink or ethtool netlink (before Linux 5.6) is no error: speed and
// duplex are then absent.
func OpenNICStats(c *Config) (*NICStats, error) {
	client, err := configured(c, newNICStatsClient)
	if err != nil {
		return nil, err
	}
	return &NICStats{client: client, counts: newLinkCounts()}, nil
}

// Snapshot reads every interface into dst, whose memory it reuses, with the
// facts that want adds. A fact that a driver does not report is absent in its
// row; one that the caller must not see, or that a driver fails to report, is
// also counted.
//
// Snapshot waits for drivers until ctx ends, but not longer than
// Config.EthtoolTimeout. While a driver answers, the kernel holds a lock that
// the dump of the links might need, for which Snapshot waits until ctx ends.
//
// It returns the error of ctx where ctx ends first, [ErrInterrupted] where the
// table changed during every attempt, fs.ErrClosed after Close, each wrapped,
// and any other error where there is no answer at all; dst is then empty.
//
// Source: RTM_GETLINK of rtnetlink(7), and the generic netlink family "ethtool".
func (n *NICStats) Snapshot(ctx context.Context, dst *LinkSnapshot, want LinkFacts) error {
	dst.gone = LinkCounters{}
	if want&WantSteadyCounters == 0 {
		return n.client.snapshot(ctx, dst, want)
	}
	if err := n.counts.turn.take(ctx); err != nil {
		dst.Links = dst.Links[:0]
		return opError("read links", "", err)
	}
	defer n.counts.turn.free()
	err := n.client.snapshot(ctx, dst, want)
	if err == nil {
		n.counts.follow(dst)
	}
	return err
}

// Close closes the sockets, after a snapshot that is being taken. While a driver
// or the kernel holds up the requests of an earlier snapshot, it also holds their
// sockets and one goroutine: nothing interrupts such a system call. They are
// released when it returns; Close does not wait for that. Further
// snapshots, and a second Close, return an error that wraps fs.ErrClosed.
func (n *NICStats) Close() error { return n.client.close() }

// LinkSnapshot is one view of all interfaces of a namespace.
type LinkSnapshot struct {
	// Links are in the order of their index.
	Links []LinkStats
	// Denied counts the facts that this user must not see, Failed those for
	// which a driver returned any other error than "not supported".
	Denied int
	Failed int
	// Late counts the interfaces whose drivers had not answered within
	// Config.EthtoolTimeout.
	Late int
	// Malformed counts what the kernel said of interfaces that could not be decoded,
	// and is left out. It is 0 on Linux and Windows, where such an answer is an error.
	Malformed int `json:",omitzero"`
	// Ethtool is the reason why speed, duplex and all else that drivers report
	// are absent everywhere, or nil. It wraps [ErrNotSupported] on a kernel
	// without ethtool netlink.
	Ethtool error `json:"-"`

	gone LinkCounters // of interfaces that are not there any more, with WantSteadyCounters
}

// rows gives access to the links.
func (s *LinkSnapshot) rows() linkRows {
	return linkRows{n: len(s.Links), at: func(i int) *Link { return &s.Links[i].Link }}
}

// LinkFacts is a set of optional facts for [NICStats.Snapshot].
type LinkFacts uint8

// The facts to choose from. WantLinkState and WantFEC cost one more dump each,
// in which the kernel asks every driver. WantWakeOnLAN and WantPrivateFlags cost
// one when an interface is new, its flags or its carrier change, and once a
// minute.
const (
	// WantLinkDetail fills LinkStats.Detail.
	WantLinkDetail LinkFacts = 1 << iota
	// WantLinkModes fills Supported, Advertised and Peer.
	WantLinkModes
	// WantLinkState fills DownReason, DownDetail, SQI and SQIMax.
	WantLinkState
	// WantFEC fills FECModes, FECAuto and FECActive.
	WantFEC
	// WantWakeOnLAN fills WakeOnLAN. It needs CAP_NET_ADMIN in the user
	// namespace that owns the network namespace.
	WantWakeOnLAN
	// WantPrivateFlags fills PrivateFlags.
	WantPrivateFlags
	// WantSteadyCounters keeps counters from running backwards, as psutil's nowrap
	// does: where an interface was removed and made anew under its name, or a driver
	// set its counters back or let them wrap, LinkStats.Counters go on from where they
	// were. They count from what the first snapshot of the NICStats with this option
	// had, and see what happens between two such snapshots, not what an interface
	// counted after the last one that saw it. Two interfaces of one name are told
	// apart by their index, kind, hardware type and permanent address. Of the last
	// 1024 interfaces that were removed it is known where their counters were.
	WantSteadyCounters
	// WantFilters adds the interfaces of filter drivers, of which Windows has some
	// for each card, and no other system any. They count what the card does again.
	WantFilters
)

// LinkStats is the state of one interface.
type LinkStats struct {
	Link Link
	// Groups are the groups that the interface is in, such as "egress" and "wlan",
	// which only FreeBSD and OpenBSD have (ifconfig(8), SIOCGIFGROUP).
	Groups []string `json:",omitempty"`
	// Detail has the facts of the interface's kind, where WantLinkDetail is set.
	Detail LinkDetail
	// ParentBus and ParentDev name the device that the interface is made of, such
	// as "0000:00:03.0" on "pci" (Linux 5.14), and Driver its driver, where sysfs is
	// mounted at Config.SysRoot. Interfaces of software have none.
	ParentBus, ParentDev, Driver string `json:",omitempty"`
	// Promiscuity is how many programs and interfaces made this one receive all
	// packets: a sniffer counts, which sets no flag of Link.Flags. AllMulti is the
	// same of all multicast packets (Linux 6.0).
	Promiscuity, AllMulti Opt[uint32]
	// ProtoDown reports whether a program, such as a routing daemon, holds the
	// interface down, and ProtoDownReasons why, if it gave a reason.
	ProtoDown        Opt[bool]
	ProtoDownReasons Opt[ProtoDownReasons]
	// Counters are absent where the kernel sent none.
	Counters Opt[LinkCounters]
	// Speed is the rate in Mbit/s, absent where the driver does not know it. It is
	// the lower one of RxSpeed and TxSpeed, the rates of the two directions, which
	// only Windows has.
	Speed            Opt[uint32]
	RxSpeed, TxSpeed Opt[uint32] `json:",omitzero"`
	// Duplex is unknown where the driver does not know it.
	Duplex Duplex
	// Autoneg reports whether speed and duplex are negotiated.
	Autoneg Opt[bool]
	// Port is the connector in use. Like WakeOnLAN and PrivateFlags it is asked
	// for when an interface is new, its flags or its carrier change, and once a
	// minute: what ethtool(8) sets might show that late.
	Port Opt[Port]
	// SpeedMax is the highest rate, in Mbit/s, that this end supports and, where
	// the other end named its modes, the other end too.
	SpeedMax Opt[uint32]
	// SpeedOffered is the highest rate, in Mbit/s, that this end offers to the other
	// one (ADVERTISED in ethtool(8)): less than it supports where an administrator
	// chose so. Absent where the driver names no modes, and on other systems than
	// Linux.
	SpeedOffered Opt[uint32] `json:",omitzero"`
	// Degraded means that the link runs below SpeedMax, or in half duplex where
	// both ends could use full duplex. It is absent where either is not known, for
	// a link that is down, and for one without modes to choose from: Autoneg is
	// not true, and the other end named no modes. Other systems than Linux do not
	// say what the other end offers, and it is absent there.
	Degraded Opt[bool]
	// Supported are the modes that this end can use, Advertised those that it
	// offers, Peer those that the other end offers, where WantLinkModes is set.
	Supported  LinkModes `json:",omitempty"`
	Advertised LinkModes `json:",omitempty"`
	Peer       LinkModes `json:",omitempty"`
	// DownReason is the reason why there is no link (ETHTOOL_LINK_EXT_STATE_*),
	// and DownDetail the reason in detail, which DownReason.Detail names, where
	// WantLinkState is set and the driver knows them (Linux 5.8).
	DownReason Opt[LinkDownReason]
	DownDetail Opt[uint8]
	// SQI is the quality of the signal, from 0 to SQIMax, where WantLinkState is
	// set and the transceiver measures it.
	SQI, SQIMax Opt[uint32]
	// FECModes are the error corrections that an administrator chose. The driver
	// chooses among them if FECAuto; FECActive is the one in use. They are there
	// where WantFEC is set (Linux 5.13).
	FECModes  LinkModes `json:",omitempty"`
	FECAuto   Opt[bool]
	FECActive Opt[LinkMode]
	// WakeOnLAN are the events that wake the machine, where WantWakeOnLAN is set
	// and the driver has wake-on-LAN: none where it is off, or where this card
	// cannot wake the machine.
	WakeOnLAN Opt[WakeOnLAN]
	// PrivateFlags are the switches that the driver has beside the standard
	// ones, in the order of their names, where WantPrivateFlags is set. A driver
	// has at most 32.
	PrivateFlags []PrivateFlag `json:",omitempty"`
	// Late means that the driver had not answered in time: all it reports, from
	// Speed on, is of an earlier snapshot, or absent.
	Late bool `json:",omitempty"`
}

// PrivateFlag is a switch that a driver has and names (ethtool(8)
// --show-priv-flags).
type PrivateFlag struct {
	// Name is any text of at most 32 bytes, and need not be UTF-8.
	Name string
	On   bool
}

// LinkDetail has the facts of an interface's kind, and those that its master has
// of it. A fact of another kind is absent.
type LinkDetail struct {
	// LowerIndex is the interface that a VLAN, macvlan or tunnel runs over; 0 for
	// none. LowerNetNSID is the namespace that it is in, by its ID in this one
	// (ip-netns(8)), absent for this one; -1 for one without an ID here. LowerName
	// is its name where it was in the same dump.
	LowerIndex   int    `json:",omitempty"`
	LowerName    string `json:",omitempty"`
	LowerNetNSID Opt[int32]
	// PeerIndex, PeerName and PeerNetNSID are the same of the other end of an
	// interface that is made in pairs (veth, netkit, vxcan).
	PeerIndex   int    `json:",omitempty"`
	PeerName    string `json:",omitempty"`
	PeerNetNSID Opt[int32]

	VLANID       Opt[uint32]
	VLANProtocol Opt[VLANProtocol]
	VXLANID      Opt[uint32]      // absent where each packet brings one
	MACVLANMode  Opt[MACVLANMode] // of macvtap too
	IPVLANMode   Opt[IPVLANMode]  // of ipvtap too

	BondMode Opt[BondMode]
	// BondActiveSlave is the index of the member in use, in modes that use one;
	// BondActiveSlaveName its name.
	BondActiveSlave     Opt[uint32]
	BondActiveSlaveName string      `json:",omitempty"`
	BondMIIMon          Opt[uint32] // interval between checks of the links, in ms

	BridgeSTP           Opt[BridgeSTP]
	BridgeVLANFiltering Opt[bool]

	// The master has these: a bridge of its port, a bond of its member.
	BridgePortState   Opt[BridgePortState]
	BondSlaveState    Opt[BondSlaveState]
	BondSlaveMII      Opt[MIIStatus]
	BondSlaveFailures Opt[uint32] // number of times that its link was lost
}

// LinkCounters are counters since the interface was made or its driver was reset:
// on Linux those of struct rtnl_link_stats64. What the system does not count, or
// does not show as it is, is absent.
type LinkCounters struct {
	RxPackets, TxPackets uint64
	RxErrors, TxErrors   uint64
	// RxBytes and TxBytes are absent on macOS, which rounds them down and cuts
	// them to 32 bits for programs that are not its own.
	RxBytes, TxBytes     Opt[uint64]
	RxDropped, TxDropped Opt[uint64]
	Multicast            Opt[uint64] // packets received
	Collisions           Opt[uint64]
	// Details are absent on other systems than Linux.
	Details Opt[LinkCounterDetails]
}

// LinkCounterDetails are the parts of the errors, and what is rarer.
type LinkCounterDetails struct {
	// The parts of RxErrors.
	RxLengthErrors, RxOverErrors, RxCRCErrors, RxFrameErrors, RxFIFOErrors, RxMissedErrors uint64
	// The parts of TxErrors.
	TxAbortedErrors, TxCarrierErrors, TxFIFOErrors, TxHeartbeatErrors, TxWindowErrors uint64

	RxCompressed, TxCompressed uint64
	RxNoHandler                uint64 // Linux 4.6: dropped, no protocol wanted it
}

// unsupportedNICStats is the client of a system that has no link table. The
// client of a system that can do a part embeds it.
type unsupportedNICStats struct{}

func (unsupportedNICStats) snapshot(context.Context, *LinkSnapshot, LinkFacts) error {
	return ErrNotSupported
}

func (unsupportedNICStats) close() error { return ErrNotSupported }
