package ethtool

import (
	"telegraf-sysprobe/sysprobe/internal/decode/ethnl"
	"telegraf-sysprobe/sysprobe/internal/opt"
)

// Want is a set of facts to ask for. Modes and the port are always asked for.
type Want uint8

// The facts to choose from.
const (
	WantLinkState Want = 1 << iota
	WantFEC
	WantWakeOnLAN // needs CAP_NET_ADMIN
	WantPrivateFlags
)

// Link is the state of an interface. A difference between two Reads means that
// the driver might have other answers than before, or is another driver.
type Link struct {
	Index          int
	Name           string
	Address        [32]byte // MAX_ADDR_LEN of linux/netdevice.h
	Flags          uint32   // IFF_*
	CarrierChanges uint32
}

// Facts are the answers of the driver of one interface. What it did not answer
// is absent.
type Facts struct {
	Index int
	// Gone means that the interface does not exist any more (ENODEV).
	Gone bool

	Modes ethnl.LinkModes
	State ethnl.LinkState
	FEC   ethnl.FEC
	Settings

	slow bool // it took its time when it was asked alone
}

// reset makes f the Facts of another interface, without any answer.
func (f *Facts) reset(index int) {
	modes, fec := &f.Modes, f.FEC.Modes[:0]
	*f = Facts{
		Index: index,
		Modes: ethnl.LinkModes{Supported: modes.Supported[:0], Advertised: modes.Advertised[:0], Peer: modes.Peer[:0]},
		FEC:   ethnl.FEC{Modes: fec},
	}
}

// Settings are the answers that seldom change.
type Settings struct {
	Port      opt.Opt[uint8]  // PORT_* of linux/ethtool.h
	WakeOnLAN opt.Opt[uint32] // the set of WAKE_* of linux/ethtool.h
	// PrivateFlags are in the order of their names and must not be changed.
	PrivateFlags []PrivateFlag
}

// PrivateFlag is a switch that a driver has and names.
type PrivateFlag struct {
	Name string // any text
	On   bool
}

// maxPrivateFlags limits the private flags of a driver: the kernel has them as
// bits of a number of 32 bits (get_priv_flags of struct ethtool_ops).
const maxPrivateFlags = 32

// maxFlagName limits the name of a private flag: ETH_GSTRING_LEN of
// linux/ethtool.h.
const maxFlagName = 32
