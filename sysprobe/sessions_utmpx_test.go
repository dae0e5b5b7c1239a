package sysprobe

import (
	"encoding/binary"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// TestSessionFile decodes the file of FreeBSD, whose byte order is that of the network, and
// that of OpenBSD, which has no PIDs.
func TestSessionFile(t *testing.T) {
	futx := make([]byte, 197)
	futx[0] = 4 // USER_PROCESS
	binary.BigEndian.PutUint64(futx[1:], 1700000000_123456)
	binary.BigEndian.PutUint32(futx[17:], 4321)
	copy(futx[21:], "alice")
	copy(futx[53:], "pts/0")
	copy(futx[69:], "2001:db8::1")
	line := make([]byte, 304)
	copy(line, "ttyp0")
	copy(line[8:], "alice")
	binary.NativeEndian.PutUint64(line[296:], 1700000000)
	for goos, tc := range map[string]struct {
		name string
		b    []byte
		want []Session
	}{
		"freebsd": {"utx.active", futx, []Session{
			{User: "alice", Terminal: "pts/0", Host: "2001:db8::1", Start: time.Unix(1700000000, 123456000), PID: Some[int32](4321)},
		}},
		"openbsd": {"utmp", line, []Session{{User: "alice", Terminal: "ttyp0", Start: time.Unix(1700000000, 0)}}},
	} {
		name, sessions := sessionFile(goos, "arm64")
		if diff := cmp.Diff(tc.want, sessions(tc.b), cmpopts.EquateComparable(Opt[int32]{})); diff != "" || name != tc.name {
			t.Errorf("%s: %q (-want +got):\n%s", goos, name, diff)
		}
		if got := sessions(nil); len(got) > 0 {
			t.Errorf("%s, an empty file: %v", goos, got)
		}
	}
	if name, _ := sessionFile("netbsd", "386"); name != "utmpx" {
		t.Errorf("the file of NetBSD is %q", name)
	}
}
