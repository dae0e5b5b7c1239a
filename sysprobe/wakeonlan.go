package sysprobe

import (
	"fmt"
	"math/bits"
	"strconv"
	"strings"
)

// WakeOnLAN is a set of events on which a network interface wakes the machine
// (WAKE_* of linux/ethtool.h). It keeps bits that this package has no name for.
type WakeOnLAN uint32

// The events.
const (
	WakePHY         WakeOnLAN = 1 << iota // activity of the transceiver
	WakeUnicast                           // a packet for this interface
	WakeMulticast                         // a multicast packet
	WakeBroadcast                         // a broadcast packet
	WakeARP                               // an ARP request
	WakeMagic                             // a magic packet
	WakeMagicSecure                       // a magic packet with the SecureOn password
	WakeFilter                            // a packet that a receive filter selects
)

var wakeNames = []string{"phy", "unicast", "multicast", "broadcast", "arp", "magic", "magic_secure", "filter"}

// wakeNone is the text of the empty set.
const wakeNone = "none"

// String lists the events in the order of their bits, separated by commas: by
// name or, where an event has none, by number, such as "bit9". The empty set is
// "none".
func (w WakeOnLAN) String() string {
	if w == 0 {
		return wakeNone
	}
	var events []string
	for rest := uint32(w); rest != 0; rest &= rest - 1 {
		if bit := bits.TrailingZeros32(rest); bit < len(wakeNames) {
			events = append(events, wakeNames[bit])
		} else {
			events = append(events, "bit"+strconv.Itoa(bit))
		}
	}
	return strings.Join(events, ",")
}

// MarshalText writes String; it never fails.
func (w WakeOnLAN) MarshalText() ([]byte, error) { return []byte(w.String()), nil }

// UnmarshalText reads what MarshalText writes; any other text is an error.
func (w *WakeOnLAN) UnmarshalText(b []byte) error {
	var set WakeOnLAN
	text := string(b)
	for name := range strings.SplitSeq(text, ",") {
		bit, known := wakeBit(name)
		if !known && text != wakeNone {
			return fmt.Errorf("unknown wake-on-LAN event %q", name)
		}
		if known {
			set |= 1 << bit
		}
	}
	*w = set
	return nil
}

// wakeBit returns the bit of the event that String calls name.
func wakeBit(name string) (bit int, known bool) {
	for bit := range 32 {
		if WakeOnLAN(1<<bit).String() == name {
			return bit, true
		}
	}
	return 0, false
}
