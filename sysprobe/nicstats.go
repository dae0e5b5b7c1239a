package sysprobe

// NICStats reads the state, speed and counters of network interfaces. Open it
// once and take a snapshot at each gather. It is safe for concurrent use.
type NICStats struct {
	client *nicStatsClient
}

// OpenNICStats opens the kernel's link table and, where there is one, the
// ethtool netlink family of the namespace that c names. A nil c means
// defaults. It needs no privilege, except CAP_SYS_ADMIN where c.NetNS is set.
// It returns an error that answers to [ErrNotSupported] on a system without a
// backend, to fs.ErrNotExist where c.NetNS is not there, and to
// [ErrAccessDenied] where it may not be entered. A kernel without generic
// netlink or ethtool netlink (before Linux 5.6) is no error: speed and duplex
// are then absent.
//
// A driver that takes its time holds up no snapshot for longer than
// c.EthtoolTimeout, unless the kernel itself, under the lock that it holds
// while a driver answers, has others wait for the links.
func OpenNICStats(c *Config) (*NICStats, error) {
	client, err := newNICStatsClient(c.withDefaults())
	if err != nil {
		return nil, err
	}
	return &NICStats{client: client}, nil
}

// Snapshot reads every interface into dst, whose memory it reuses. What one
// driver does not tell is absent in its row and counted. It returns
// [ErrInterrupted] where the table changed during every attempt, and any other
// error where there is no answer at all; dst is then empty.
func (n *NICStats) Snapshot(dst *LinkSnapshot) error { return n.client.snapshot(dst) }

// Close releases the sockets. Further snapshots fail.
func (n *NICStats) Close() error { return n.client.close() }

// LinkSnapshot is one view of all interfaces of a namespace.
type LinkSnapshot struct {
	// Links are in the order of their index.
	Links []LinkStats
	// Denied counts the facts this user may not see, Failed those whose driver
	// answered with any other error than "not supported".
	Denied int
	Failed int
	// Late counts the interfaces whose drivers had not answered by the time
	// that Config.EthtoolTimeout allows.
	Late int
	// Ethtool is why speed, duplex and the like are absent everywhere, or nil.
	// It answers to [ErrNotSupported] on a kernel without ethtool netlink.
	Ethtool error `json:"-"`
}

// LinkFacts say what a LinkSnapshot holds beyond what costs next to nothing.
type LinkFacts uint8

// The facts to choose from. Each of the last two costs one more dump, in which
// the kernel asks every driver.
const (
	// WantLinkDetail fills LinkStats.Detail.
	WantLinkDetail LinkFacts = 1 << iota
	// WantLinkModes fills Supported, Advertised and Peer.
	WantLinkModes
	// WantLinkState fills DownReason, DownDetail, SQI and SQIMax.
	WantLinkState
	// WantFEC fills FECModes, FECAuto and FECActive.
	WantFEC
)

// LinkStats is the state of one interface.
type LinkStats struct {
	Link Link
	// Detail is what the kind of the interface adds, where WantLinkDetail is set.
	Detail LinkDetail
	// Counters are absent where the kernel sent none.
	Counters Opt[LinkCounters]
	// Speed is the rate in Mbit/s, absent where the driver does not know.
	Speed Opt[uint32]
	// Duplex is unknown where the driver does not know.
	Duplex Duplex
	// Autoneg says whether speed and duplex are negotiated.
	Autoneg Opt[bool]
	// Port is the connector in use.
	Port Opt[Port]
	// SpeedMax is the highest rate, in Mbit/s, that this end supports and, if
	// the other end told its modes, that end too.
	SpeedMax Opt[uint32]
	// Degraded says that the link runs below SpeedMax, or in half duplex where
	// both ends could do full. Absent where either is not known, and of a link
	// that is down.
	Degraded Opt[bool]
	// Supported are the modes of this end, Advertised those that it offers, Peer
	// those that the other end offers, where WantLinkModes is set.
	Supported  LinkModes `json:",omitempty"`
	Advertised LinkModes `json:",omitempty"`
	Peer       LinkModes `json:",omitempty"`
	// DownReason is why there is no link, and DownDetail, whose name
	// DownReason.Detail knows, why that is, where WantLinkState is set and the
	// driver knows (Linux 5.8).
	DownReason Opt[LinkDownReason]
	DownDetail Opt[uint8]
	// SQI is the quality of the signal, from 0 to SQIMax, where WantLinkState is
	// set and the transceiver measures it.
	SQI, SQIMax Opt[uint32]
	// FECModes are the error corrections that an administrator chose, among
	// which the driver chooses if FECAuto; FECActive is the one in use. All
	// where WantFEC is set (Linux 5.13).
	FECModes  LinkModes `json:",omitempty"`
	FECAuto   Opt[bool]
	FECActive Opt[LinkMode]
	// Late says that the driver had not answered in time: what it tells, from
	// Speed on, is of an earlier snapshot, or absent.
	Late bool `json:",omitempty"`
}

// LinkDetail is what the kind of an interface adds, and what its master says
// of it. What is not of its kind is absent.
type LinkDetail struct {
	// LowerIndex is the interface that a VLAN, macvlan or tunnel runs over, or
	// the peer of a veth; 0 for none. LowerNetNSID is the namespace that it is
	// in, by its ID in this one (ip-netns(8)), absent for this one; -1 for one
	// without an ID here. LowerName is its name where it was in the same dump.
	LowerIndex   int    `json:",omitempty"`
	LowerName    string `json:",omitempty"`
	LowerNetNSID Opt[int32]

	VLANID       Opt[uint32]
	VLANProtocol Opt[VLANProtocol]
	VXLANID      Opt[uint32]
	MACVLANMode  Opt[MACVLANMode] // of macvtap too
	IPVLANMode   Opt[IPVLANMode]  // of ipvtap too

	BondMode Opt[BondMode]
	// BondActiveSlave is the index of the member in use, in modes that use one;
	// BondActiveSlaveName its name.
	BondActiveSlave     Opt[uint32]
	BondActiveSlaveName string      `json:",omitempty"`
	BondMIIMon          Opt[uint32] // how often links are looked at, in ms

	BridgeSTP           Opt[BridgeSTP]
	BridgeVLANFiltering Opt[bool]

	// What the master says: a bridge of its port, a bond of its member.
	BridgePortState   Opt[BridgePortState]
	BondSlaveState    Opt[BondSlaveState]
	BondSlaveMII      Opt[MIIStatus]
	BondSlaveFailures Opt[uint32] // how often its link was lost
}

// LinkCounters are the counters of struct rtnl_link_stats64, since the
// interface was made or its driver was reset.
type LinkCounters struct {
	RxPackets, TxPackets uint64
	RxBytes, TxBytes     uint64
	RxErrors, TxErrors   uint64
	RxDropped, TxDropped uint64
	Multicast            uint64 // packets received
	Collisions           uint64

	// What RxErrors is made of.
	RxLengthErrors, RxOverErrors, RxCRCErrors, RxFrameErrors, RxFIFOErrors, RxMissedErrors uint64
	// What TxErrors is made of.
	TxAbortedErrors, TxCarrierErrors, TxFIFOErrors, TxHeartbeatErrors, TxWindowErrors uint64

	RxCompressed, TxCompressed uint64
	RxNoHandler                uint64 // Linux 4.6: dropped, no protocol wanted it
}
