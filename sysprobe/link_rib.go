package sysprobe

import (
	"errors"
	"math/bits"

	"telegraf-sysprobe/sysprobe/internal/decode/rib"
	"telegraf-sysprobe/sysprobe/internal/sys/route"
)

// What the routing messages of FreeBSD, OpenBSD, NetBSD and macOS (route(4)) say of
// interfaces, in the terms of this package. It is built and tested on every system,
// with recorded messages.

// readRIB returns what a table has, without the messages that make no sense, which it
// counts. If no interface is left of them, it returns their error.
func readRIB(r *route.Reader) (*rib.Table, error) {
	table, err := r.Read()
	if errors.Is(err, ErrMalformed) && table != nil && len(table.Links) > 0 {
		return table, nil
	}
	return table, err
}

// ribFlags are what the bits of if_flags mean, which are the same on the four
// systems but for bit 5: net/if.h. A bit that is 0 here says nothing of interest.
var ribFlags = []LinkFlags{
	FlagUp, FlagBroadcast, flagDebug, FlagLoopback, FlagPointToPoint, 0, FlagRunning, flagNoARP,
	flagPromisc, flagAllMulti, flagOActive, flagSimplex, flagLink0, flagLink1, flagLink2, flagMulticast,
}

// Link flags that only routing messages are translated to.
const (
	flagDebug     LinkFlags = 1 << 2
	flagNoARP     LinkFlags = 1 << 7
	flagPromisc   LinkFlags = 1 << 8
	flagAllMulti  LinkFlags = 1 << 9
	flagMulticast LinkFlags = 1 << 12
	flagOActive   LinkFlags = 1 << 19
	flagSimplex   LinkFlags = 1 << 20
	flagLink0     LinkFlags = 1 << 21
	flagLink1     LinkFlags = 1 << 22
	flagLink2     LinkFlags = 1 << 23
)

// ribHardwareTypes are what IFT_* mean in ARPHRD_*, where Linux has such:
// net/if_types.h.
var ribHardwareTypes = map[uint8]uint16{
	0x06: 1,   // IFT_ETHER
	0x17: 512, // IFT_PPP
	0x18: 772, // IFT_LOOP
	0x1c: 256, // IFT_SLIP
	0x47: 801, // IFT_IEEE80211
	0x90: 24,  // IFT_IEEE1394
	0xc7: 32,  // IFT_INFINIBAND
}

// ribKinds are the IFT_* that Linux has a kind of rtnetlink for, by its name.
var ribKinds = map[uint8]string{
	0x83: "tun",    // IFT_TUNNEL
	0x87: "vlan",   // IFT_L2VLAN
	0xa1: "bond",   // IFT_IEEE8023ADLAG
	0xd1: "bridge", // IFT_BRIDGE
	0xf0: "gif",    // IFT_GIF, IPv4 or IPv6 in either of them; Linux has a kind for each
}

// hardwareTypeVoid is ARPHRD_VOID.
const hardwareTypeVoid = 0xffff

// ribLink sets l from an interface of a routing message.
func ribLink(l *Link, raw *rib.Link, names interner) {
	hardware, known := ribHardwareTypes[raw.Type]
	if !known {
		hardware = hardwareTypeVoid
	}
	*l = Link{
		Index:        int(raw.Index),
		Name:         names.text(raw.Name),
		AltNames:     l.AltNames[:0],
		Kind:         ribKinds[raw.Type],
		HardwareType: hardware,
		Flags:        ribLinkFlags(raw.Flags),
		MTU:          raw.MTU.Or(0),
		HardwareAddr: HardwareAddrFrom(raw.HWAddr),
	}
	if l.Kind == "" {
		l.Kind = hardwareTypeName(hardware)
	}
	switch {
	case l.Flags&FlagUp == 0:
		l.OperState = OperDown
	case raw.State != rib.LinkUnknown:
		l.setCarrier(raw.State != rib.LinkDown)
	}
}

// ribLinkFlags translates if_flags.
func ribLinkFlags(raw uint32) LinkFlags {
	var flags LinkFlags
	for bit, flag := range ribFlags {
		if raw>>bit&1 != 0 {
			flags |= flag
		}
	}
	return flags
}

// setCarrier sets what follows from the carrier of a link that is up. FlagRunning
// means on these systems that the driver works, be there a cable or not. It is
// removed from a link without a carrier: on Linux it means that packets can pass.
func (l *Link) setCarrier(carrier bool) {
	l.Carrier = Some(carrier)
	if carrier {
		l.OperState = OperUp
		return
	}
	l.OperState = OperDown
	l.Flags &^= FlagRunning
}

// ribPrefixLen is the number of network bits of an address: those that the netmask
// begins with, and all if there is no netmask.
func ribPrefixLen(a *rib.Addr) int {
	if !a.Mask.IsValid() {
		return a.IP.BitLen()
	}
	ones := 0
	for _, octet := range a.Mask.AsSlice() {
		ones += bits.LeadingZeros8(^octet)
		if octet != 0xff {
			break
		}
	}
	return ones
}
