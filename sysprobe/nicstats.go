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
	// Ethtool is why speed, duplex and the like are absent everywhere, or nil.
	// It answers to [ErrNotSupported] on a kernel without ethtool netlink.
	Ethtool error `json:"-"`
}

// LinkStats is the state of one interface.
type LinkStats struct {
	Link Link
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
	// both ends could do full. Absent where either is not known.
	Degraded Opt[bool]
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
