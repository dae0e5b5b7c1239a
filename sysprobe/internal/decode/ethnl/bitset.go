package ethnl

import (
	"telegraf-sysprobe/sysprobe/internal/decode"
	"telegraf-sysprobe/sysprobe/internal/decode/nlmsg"
)

// Bitset is a set of small numbers, 32 in a word. It holds whatever numbers the
// kernel sent, those that have no meaning yet included.
type Bitset []uint32

// maxBit bounds what one number can make a Bitset grow to.
const maxBit = 1 << 16

// Has reports whether bit is in the set.
func (s Bitset) Has(bit int) bool {
	return bit >= 0 && bit/32 < len(s) && s[bit/32]&(1<<(bit%32)) != 0
}

// set returns the set with bit, which is below maxBit.
func (s Bitset) set(bit uint32) Bitset {
	for int(bit/32) >= len(s) {
		s = append(s, 0)
	}
	s[bit/32] |= 1 << (bit % 32)
	return s
}

// decodeBitset reads an ETHTOOL_A_BITSET in either of its forms, as words or
// as a list of bits, into the memory of value and mask. A set that the kernel
// sent without a mask leaves mask empty.
func decodeBitset(c *decode.Cursor, value, mask Bitset) (v, m Bitset) {
	v, m = value[:0], mask[:0]
	var listed, noMask bool
	for a := nlmsg.AttrsOf(c); a.Next(); {
		switch a.Type {
		case attrBitsetNoMask:
			noMask = true
		case attrBitsetValue:
			v = decodeWords(c, v)
		case attrBitsetMask:
			m = decodeWords(c, m)
		case attrBitsetBits:
			listed = true
			v, m = decodeBits(c, v, m)
		}
	}
	if listed && noMask { // being listed is being set
		v, m = append(v[:0], m...), m[:0]
	}
	return v, m
}

// decodeWords reads the words of the compact form.
func decodeWords(c *decode.Cursor, words Bitset) Bitset {
	words = words[:0]
	for c.Len() > 0 {
		words = append(words, c.Uint32())
	}
	return words
}

// decodeBits reads the list of the verbose form: all listed bits are in the
// mask, and some of them in the value too.
func decodeBits(c *decode.Cursor, value, mask Bitset) (v, m Bitset) {
	v, m = value, mask
	for a := nlmsg.AttrsOf(c); a.Next(); {
		if a.Type != attrBitsBit {
			continue
		}
		var index uint32
		var isSet bool
		for bit := nlmsg.AttrsOf(c); bit.Next(); {
			switch bit.Type {
			case attrBitIndex:
				index = c.Uint32()
			case attrBitValue:
				isSet = true
			}
		}
		if index >= maxBit {
			c.Fail("index of a bit too large")
			return v, m
		}
		m = m.set(index)
		if isSet {
			v = v.set(index)
		}
	}
	return v, m
}
