package sysprobe

// Link is a network interface: its identity and state (RTM_NEWLINK). Every row
// about an interface has one.
type Link struct {
	// Index identifies the interface within its namespace; a new interface
	// never gets the index of a removed one.
	Index int
	// Name is the kernel's name: on Linux at most 15 bytes, none of them '/', ':' or
	// white space; on Windows the alias, up to 256 characters of any kind
	// ("Ethernet 2"). It can change.
	Name string
	// AltNames are further names (ip-link(8) property altname).
	AltNames []string `json:",omitempty"`
	// Kind is the driver's rtnetlink kind ("veth", "bridge", "tun"), or, where
	// the interface was not made through rtnetlink, the name of its hardware
	// type ("ether", "loopback", "infiniband"). On Windows it is the name of the
	// type of the interface, which is a number where it has none here.
	Kind string
	// HardwareType is the ARPHRD_* of linux/if_arp.h, on Windows the IF_TYPE_* of
	// ipifcons.h.
	HardwareType uint16
	// Flags are the interface flags (IFF_*).
	Flags LinkFlags
	// OperState is the operational state of RFC 2863; unknown where the driver
	// keeps none.
	OperState OperState
	// Carrier reports whether there is a physical or logical link. It is absent
	// where the interface is down (no FlagUp).
	Carrier Opt[bool]
	// CarrierChanges counts the losses and returns of the carrier.
	CarrierChanges Opt[uint32]
	// MTU is the largest packet in bytes.
	MTU uint32
	// TxQueueLen is the length of the transmit queue in packets.
	TxQueueLen Opt[uint32]
	// HardwareAddr is the link-layer address. Broadcast is the link-layer
	// broadcast address or, of a point-to-point link, the address of the other
	// end; other links have none. PermanentAddr is the address that the hardware
	// was made with; interfaces of software have none.
	HardwareAddr  HardwareAddr
	Broadcast     HardwareAddr
	PermanentAddr HardwareAddr
	// Alias is the description an administrator gave (IFLA_IFALIAS).
	Alias string `json:",omitempty"`
	// MasterIndex is the index of the bridge, bond or VRF that the interface is a
	// member of, 0 for none; MasterName is the name, if the master is in the same
	// namespace.
	MasterIndex int    `json:",omitempty"`
	MasterName  string `json:",omitempty"`
	// Description is the name of the device ("Intel(R) I210 Gigabit Network
	// Connection"), GUID and LUID identify the interface for as long as it is
	// installed, and Hardware says that it belongs to a device. Only Windows has
	// them; LUID is 0 elsewhere.
	Description string    `json:",omitempty"`
	GUID        string    `json:",omitempty"`
	LUID        uint64    `json:",omitempty"`
	Hardware    Opt[bool] `json:",omitzero"`
	// Filter says that it is one of a filter driver of Windows, in the stack of
	// another interface.
	Filter bool `json:",omitempty"`
}

// isAnother reports whether two states of one index are of two interfaces, of
// which the second took the place of the first without a notification. Its kind
// and what it was made of never change, and it counts the changes of its carrier
// from 0. An administrator changes either its name or its address, and hardly
// both between two dumps.
func isAnother(was, is *Link) bool {
	return was.Kind != is.Kind || was.HardwareType != is.HardwareType || was.PermanentAddr != is.PermanentAddr ||
		was.CarrierChanges.Or(0) > is.CarrierChanges.Or(0) ||
		was.Name != is.Name && was.HardwareAddr != is.HardwareAddr
}
