// Package filecap decodes the capabilities that a file grants to those who execute
// it: the extended attribute security.capability, struct vfs_cap_data of
// linux/capability.h.
package filecap

import (
	"encoding/binary"

	"telegraf-sysprobe/sysprobe/internal/decode"
)

// The revisions of struct vfs_cap_data.
const (
	revision1 = 1 // one word of 32 capabilities
	revision2 = 2 // two words
	revision3 = 3 // and the user who is root of the namespace that it holds in
)

// Permitted returns the capabilities that the file permits, one bit each by their
// numbers. Those that are permitted only to who inherits them are left out. The error
// wraps decode.ErrMalformed.
func Permitted(b []byte) (uint64, error) {
	c := decode.NewCursor(b, binary.LittleEndian, "security.capability")
	revision := c.Uint32() >> 24
	if c.Err() == nil && (revision < revision1 || revision > revision3) {
		c.Fail("want revision 1, 2 or 3")
	}
	permitted := uint64(c.Uint32())
	c.Skip(4) // inheritable
	if revision != revision1 {
		permitted |= uint64(c.Uint32()) << 32
		c.Skip(4)
	}
	if c.Err() != nil {
		return 0, c.Err()
	}
	return permitted, nil
}
