package sysprobe

import (
	"fmt"
	"iter"
	"strings"

	"telegraf-sysprobe/sysprobe/internal/decode/ethnl"
)

// LinkMode is what a link can do or use: a speed with its duplex and medium, a
// connector, pause frames or an error correction (the bits of
// ETHTOOL_LINK_MODE_* in linux/ethtool.h).
type LinkMode uint16

// String returns the name that ethtool(8) prints, such as "1000baseT/Full", or,
// of a mode that is younger than this package, its number: "bit150".
func (m LinkMode) String() string { return ethnl.ModeName(int(m)) }

// MarshalText writes String; it never fails.
func (m LinkMode) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

// UnmarshalText reads what MarshalText writes; any other text is an error.
func (m *LinkMode) UnmarshalText(b []byte) error {
	bit, ok := ethnl.ModeBit(string(b))
	if !ok {
		return fmt.Errorf("unknown link mode %q", b)
	}
	*m = LinkMode(bit)
	return nil
}

// LinkModes is a set of modes, in the words of 32 bits of the kernel's bitset, so
// that it also holds modes which have no name here. Has and All read it.
type LinkModes []uint32

// Has reports whether m is in the set.
func (s LinkModes) Has(m LinkMode) bool { return ethnl.Bitset(s).Has(int(m)) }

// All returns the modes in the order of their bits.
func (s LinkModes) All() iter.Seq[LinkMode] {
	return func(yield func(LinkMode) bool) {
		for bit := range 32 * len(s) {
			if m := LinkMode(bit); s.Has(m) && !yield(m) {
				return
			}
		}
	}
}

// String lists the modes in the order of their bits, separated by commas.
func (s LinkModes) String() string {
	var b strings.Builder
	for m := range s.All() {
		if b.Len() > 0 {
			b.WriteByte(',')
		}
		b.WriteString(m.String())
	}
	return b.String()
}

// MarshalText writes String; it never fails.
func (s LinkModes) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads what MarshalText writes; any other text is an error.
func (s *LinkModes) UnmarshalText(b []byte) error {
	set := LinkModes{}
	for name := range strings.SplitSeq(string(b), ",") {
		if len(b) == 0 {
			break
		}
		var m LinkMode
		if err := m.UnmarshalText([]byte(name)); err != nil {
			return err
		}
		for int(m/32) >= len(set) {
			set = append(set, 0)
		}
		set[m/32] |= 1 << (m % 32)
	}
	*s = set
	return nil
}
