package sysprobe

import (
	"encoding/hex"
	"fmt"
	"strings"
)

// maxHardwareAddr is MAX_ADDR_LEN of linux/netdevice.h: InfiniBand needs 20
// bytes, IPv6 tunnels 16, and nothing may have more than 32.
const maxHardwareAddr = 32

// HardwareAddr is a link-layer address of any length up to MAX_ADDR_LEN. Unlike a
// net.HardwareAddr, to which Bytes converts it, it is comparable and holds no
// pointer; the zero value is no address.
type HardwareAddr struct {
	bytes  [maxHardwareAddr]byte
	length uint8
}

// HardwareAddrFrom returns the address with the bytes b, of which it drops those
// beyond the 32 of MAX_ADDR_LEN.
func HardwareAddrFrom(b []byte) HardwareAddr {
	var a HardwareAddr
	a.length = uint8(copy(a.bytes[:], b))
	return a
}

// Len returns the number of bytes; 0 means that the interface has no address.
func (a HardwareAddr) Len() int { return int(a.length) }

// Bytes returns a copy of the bytes.
func (a HardwareAddr) Bytes() []byte { return append([]byte(nil), a.bytes[:a.length]...) }

// String returns the bytes in lower-case hexadecimal with colons, as psutil does:
// it pads an address of fewer than six bytes (the IPv4 endpoint of a gre tunnel)
// with zeros to six. No address is "".
func (a HardwareAddr) String() string {
	if a.length == 0 {
		return ""
	}
	var memory [3 * maxHardwareAddr]byte
	return string(a.appendText(memory[:0], max(int(a.length), 6)))
}

// appendText appends n bytes in hexadecimal with colons.
func (a HardwareAddr) appendText(text []byte, n int) []byte {
	for i, b := range a.bytes[:n] {
		if i > 0 {
			text = append(text, ':')
		}
		text = hex.AppendEncode(text, []byte{b})
	}
	return text
}

// MarshalText writes all bytes in lower-case hexadecimal with colons, and no
// padding. It never fails.
func (a HardwareAddr) MarshalText() ([]byte, error) {
	return a.appendText(make([]byte, 0, 3*a.length), int(a.length)), nil
}

// UnmarshalText reads the text that MarshalText or String writes. Its error names a
// text that is no address.
func (a *HardwareAddr) UnmarshalText(text []byte) error {
	*a = HardwareAddr{}
	if len(text) == 0 {
		return nil
	}
	b, err := hex.DecodeString(strings.ReplaceAll(string(text), ":", ""))
	if err != nil || len(b) > maxHardwareAddr {
		return fmt.Errorf("hardware address %q: want up to %d hexadecimal bytes with colons", text, maxHardwareAddr)
	}
	*a = HardwareAddrFrom(b)
	return nil
}
