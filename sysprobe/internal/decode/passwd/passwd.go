// Package passwd decodes passwd(5).
//
// It is not github.com/moby/sys/user, which can read a given file too: that takes
// a user ID that is no number for 0, and the "+" of NIS for a user, so that a
// damaged line would name root.
package passwd

import (
	"bytes"
	"strconv"
)

// Decode returns the login names by user ID. Of several entries with one ID the
// first counts, and lines that are no entry are left out (comments, the "+" and
// "-" of NIS, damaged lines), both as getpwuid(3) does.
func Decode(b []byte) map[uint32]string {
	names := make(map[uint32]string)
	for line := range bytes.Lines(b) {
		name, uid, ok := entry(line)
		if !ok {
			continue
		}
		if _, taken := names[uid]; !taken {
			names[uid] = string(name)
		}
	}
	return names
}

// entry reads name and user ID of a line "name:password:uid:...".
func entry(line []byte) (name []byte, uid uint32, ok bool) {
	name, rest, _ := bytes.Cut(bytes.TrimSpace(line), []byte{':'})
	if len(name) == 0 || bytes.IndexByte([]byte("#+-"), name[0]) >= 0 || bytes.IndexByte(name, 0) >= 0 {
		return nil, 0, false
	}
	_, rest, _ = bytes.Cut(rest, []byte{':'})
	digits, _, _ := bytes.Cut(rest, []byte{':'})
	n, err := strconv.ParseUint(string(digits), 10, 32)
	if err != nil {
		return nil, 0, false // damaged: no entry
	}
	return name, uint32(n), true
}
