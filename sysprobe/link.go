package sysprobe

// Link is a network interface: what RTM_NEWLINK says of its identity and
// state. Every row about an interface carries one.
type Link struct {
	// Index identifies the interface within its namespace; a new interface
	// never gets the index of a removed one.
	Index int
	// Name is the kernel's name, at most 15 bytes of anything but '/', ':' and
	// white space. It can change.
	Name string
	// AltNames are further names (ip-link(8) property altname).
	AltNames []string `json:",omitempty"`
	// Kind is the driver's rtnetlink kind ("veth", "bridge", "tun"), or, where
	// the interface was not made through rtnetlink, the name of its hardware
	// type ("ether", "loopback", "infiniband").
	Kind string
	// HardwareType is the ARPHRD_* of linux/if_arp.h.
	HardwareType uint16
	// Flags are IFF_UP and the like.
	Flags LinkFlags
	// OperState is the operational state of RFC 2863; unknown for drivers that
	// keep none.
	OperState OperState
	// Carrier says whether the physical or logical link is there.
	Carrier Opt[bool]
	// CarrierChanges counts the losses and returns of the carrier.
	CarrierChanges Opt[uint32]
	// MTU is the largest packet in bytes.
	MTU uint32
	// TxQueueLen is the length of the transmit queue in packets.
	TxQueueLen Opt[uint32]
	// HardwareAddr is the link-layer address; Broadcast the link-layer
	// broadcast address or, of a point-to-point link, the remote end, and of
	// other links none; PermanentAddr what the hardware was made with.
	HardwareAddr  HardwareAddr
	Broadcast     HardwareAddr
	PermanentAddr HardwareAddr
	// Alias is the description an administrator gave (IFLA_IFALIAS).
	Alias string `json:",omitempty"`
	// MasterIndex is the bridge, bond or VRF the interface belongs to, 0 for
	// none; MasterName its name where it was in the same dump.
	MasterIndex int    `json:",omitempty"`
	MasterName  string `json:",omitempty"`
}
