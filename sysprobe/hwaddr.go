package sysprobe

import (
	"encoding/hex"
	"fmt"
	"strings"
)

// maxHardwareAddr is MAX_ADDR_LEN of linux/netdevice.h: InfiniBand needs 20
// bytes, IPv6 tunnels 16, and nothing may have more than 32.
const maxHardwareAddr = 32

// HardwareAddr is a link-layer address of any length the kernel knows. It is
// comparable and holds no pointer; the zero value is no address.
type HardwareAddr struct {
	octets [maxHardwareAddr]byte
	length uint8
}

// HardwareAddrFrom returns the address with the octets b. What is beyond the
// 32 octets of MAX_ADDR_LEN is dropped.
func HardwareAddrFrom(b []byte) HardwareAddr {
	var a HardwareAddr
	a.length = uint8(copy(a.octets[:], b))
	return a
}

// Len is the number of octets; 0 means that the interface has no address.
func (a HardwareAddr) Len() int { return int(a.length) }

// Octets returns a copy of the octets.
func (a HardwareAddr) Octets() []byte { return append([]byte(nil), a.octets[:a.length]...) }

// String prints lower-case hexadecimal octets with colons, as psutil does:
// shorter addresses (the IPv4 endpoint of a gre tunnel) are padded with zero
// octets to six, longer ones are printed whole, and no address prints as "".
func (a HardwareAddr) String() string {
	if a.length == 0 {
		return ""
	}
	n := max(int(a.length), 6)
	text := make([]byte, 0, 3*n-1)
	for i, o := range a.octets[:n] {
		if i > 0 {
			text = append(text, ':')
		}
		text = hex.AppendEncode(text, []byte{o})
	}
	return string(text)
}

// MarshalText writes String. It never fails.
func (a HardwareAddr) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// UnmarshalText reads what MarshalText writes; padding octets become octets.
// It returns an error that names the text where that is not an address.
func (a *HardwareAddr) UnmarshalText(text []byte) error {
	*a = HardwareAddr{}
	if len(text) == 0 {
		return nil
	}
	b, err := hex.DecodeString(strings.ReplaceAll(string(text), ":", ""))
	if err != nil || len(b) > maxHardwareAddr {
		return fmt.Errorf("hardware address %q: want up to %d hexadecimal octets with colons", text, maxHardwareAddr)
	}
	*a = HardwareAddrFrom(b)
	return nil
}
