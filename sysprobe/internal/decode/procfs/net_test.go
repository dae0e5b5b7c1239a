package procfs

import (
	"encoding/binary"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const netTitles = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"

// netRow is a row of tcp or udp.
func netRow(local, remote, state, inode string) string {
	return "   0: " + local + " " + remote + " " + state + " 00000000:00000000 00:00000000 00000000  1000        0 " + inode + " 1 0000 100\n"
}

func TestDecodeSockets(t *testing.T) {
	for _, tt := range []struct {
		name, text string
		order      binary.ByteOrder
		want       []Socket
		malformed  int
	}{
		{"nothing", "", binary.LittleEndian, nil, 0},
		{
			"H01 H02 H05 little-endian", netRow("0500000A:0016", "00000000:0000", "0A", "7"), binary.LittleEndian,
			[]Socket{{Local: netip.MustParseAddrPort("10.0.0.5:22"), State: 10, UID: 1000, Inode: 7}},
			0,
		},
		{
			"H01 big-endian", netRow("0A000005:0016", "00000000:0000", "0A", "7"), binary.BigEndian,
			[]Socket{{Local: netip.MustParseAddrPort("10.0.0.5:22"), State: 10, UID: 1000, Inode: 7}},
			0,
		},
		{
			"H04 IPv6", netRow("B80D0120000000000000000001000000:0050", "00000000000000000000000000000000:0000", "0A", "7"), binary.LittleEndian,
			[]Socket{{Local: netip.MustParseAddrPort("[2001:db8::1]:80"), State: 10, UID: 1000, Inode: 7}},
			0,
		},
		{
			"H05 TIME_WAIT", netRow("0100007F:0016", "0100007F:8000", "06", "0"), binary.LittleEndian,
			[]Socket{{Local: netip.MustParseAddrPort("127.0.0.1:22"), Remote: netip.MustParseAddrPort("127.0.0.1:32768"), State: 6, UID: 1000}},
			0,
		},
		{
			"H09 H12 malformed rows", "garbage\n" + netRow("0500:0016", "00000000:0000", "0A", "7") + netRow("0500000A:16", "00000000:0000", "0A", "7") +
				netRow("0500000A:0016", "0000000G:0000", "0A", "7") + netRow("0500000A:0016", "00000000:0000", "FFF", "7") +
				netRow("0500000A:0016", "00000000:0000", "01", "8"), binary.LittleEndian,
			[]Socket{{Local: netip.MustParseAddrPort("10.0.0.5:22"), State: 1, UID: 1000, Inode: 8}},
			5,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, malformed := DecodeSockets([]byte(netTitles+tt.text), tt.order)
			if diff := cmp.Diff(tt.want, got, cmp.Comparer(func(a, b netip.AddrPort) bool { return a == b })); diff != "" || malformed != tt.malformed {
				t.Errorf("%d malformed, want %d; sockets (-want +got):\n%s", malformed, tt.malformed, diff)
			}
		})
	}
}

func TestDecodeUnixSockets(t *testing.T) {
	const text = "Num       RefCount Protocol Flags    Type St Inode Path\n" +
		"0000000000000000: 00000002 00000000 00010000 0001 01 21 /run/a  b \n" +
		"0000000000000000: 00000003 00000000 00000000 0002 03 22\n" +
		"0000000000000000: 00000002 00000000 00010000 0005 01 23 @abs\n" +
		"garbage\n"
	want := []UnixSocket{{Type: 1, Inode: 21, Path: "/run/a  b "}, {Type: 2, Inode: 22}, {Type: 5, Inode: 23, Path: "@abs"}}
	got, malformed := DecodeUnixSockets([]byte(text))
	if diff := cmp.Diff(want, got); diff != "" || malformed != 1 {
		t.Errorf("H11: %d malformed, want 1; sockets (-want +got):\n%s", malformed, diff)
	}
}

func FuzzDecodeSockets(f *testing.F) {
	f.Add([]byte(netTitles + netRow("0500000A:0016", "00000000:0000", "0A", "7")))
	f.Add([]byte(netTitles + netRow("B80D0120000000000000000001000000:0050", ":", "0A", "7")))
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, order := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
			sockets, malformed := DecodeSockets(b, order)
			if len(sockets)+malformed > strings.Count(string(b), "\n") {
				t.Errorf("%d sockets and %d malformed in %q", len(sockets), malformed, b)
			}
		}
	})
}

func FuzzDecodeUnixSockets(f *testing.F) {
	f.Add([]byte("Num\n0000000000000000: 00000002 00000000 00010000 0001 01 21 /run/a\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if sockets, malformed := DecodeUnixSockets(b); len(sockets)+malformed > strings.Count(string(b), "\n") {
			t.Errorf("%d sockets and %d malformed in %q", len(sockets), malformed, b)
		}
	})
}
