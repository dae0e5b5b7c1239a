package sockdiag_test

import (
	"encoding/binary"
	"errors"
	"net/netip"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"telegraf-sysprobe/sysprobe/internal/decode"
	"telegraf-sysprobe/sysprobe/internal/decode/nlmsg"
	"telegraf-sysprobe/sysprobe/internal/decode/sockdiag"
)

// order reads and writes numbers.
type order interface {
	binary.ByteOrder
	binary.AppendByteOrder
}

var orders = []order{binary.LittleEndian, binary.BigEndian}

// inet is a struct inet_diag_msg of the socket 77 of user 1000.
func inet(order order, family, state uint8, local, remote netip.AddrPort) []byte {
	b := []byte{family, state, 2, 1} // timer, retransmissions
	b = binary.BigEndian.AppendUint16(b, local.Port())
	b = binary.BigEndian.AppendUint16(b, remote.Port())
	for _, at := range []netip.AddrPort{local, remote} {
		addr := make([]byte, 16)
		copy(addr, at.Addr().AsSlice())
		b = append(b, addr...)
	}
	for _, n := range []uint32{3, 4, 5, 6, 7, 8, 1000, 77} { // interface, cookie, expiry, queues, user, inode
		b = order.AppendUint32(b, n)
	}
	return b
}

func TestDecodeInet(t *testing.T) {
	four, six := netip.MustParseAddrPort("10.0.0.5:22"), netip.MustParseAddrPort("[2001:db8::1]:443")
	mapped := netip.MustParseAddrPort("[::ffff:10.0.0.5]:22")
	for _, order := range orders {
		for _, tt := range []struct {
			family, state uint8
			local, remote netip.AddrPort
		}{
			{sockdiag.FamilyInet, 10, four, netip.AddrPort{}},
			{sockdiag.FamilyInet6, 1, six, six},
			{sockdiag.FamilyInet6, 200, mapped, netip.AddrPort{}},
		} {
			body := nlmsg.AppendAttr(inet(order, tt.family, tt.state, tt.local, tt.remote), order, 8, []byte{3}) // INET_DIAG_SHUTDOWN
			want := sockdiag.Inet{Local: tt.local, Remote: tt.remote, State: tt.state, UID: 1000, Inode: 77}
			if got, err := sockdiag.DecodeInet(body, order); err != nil || got != want {
				t.Errorf("H05 H07 %v: %+v, %v, want %+v", order, got, err, want)
			}
			if got, err := sockdiag.DecodeInet(body[:71], order); !errors.Is(err, decode.ErrMalformed) {
				t.Errorf("%v: %+v, %v of a message cut short, want ErrMalformed", order, got, err)
			}
		}
		if _, err := sockdiag.DecodeInet(inet(order, 3, 1, four, four), order); !errors.Is(err, decode.ErrMalformed) {
			t.Errorf("%v: another family: %v, want ErrMalformed", order, err)
		}
	}
}

// unix is a struct unix_diag_msg of the socket 99, and an attribute with its name.
func unix(order order, typ uint8, name string) []byte {
	b := []byte{1, typ, 10, 0}
	b = order.AppendUint32(b, 99)
	b = append(b, 1, 2, 3, 4, 5, 6, 7, 8) // cookie
	b = nlmsg.AppendAttr(b, order, 6, []byte{0})
	if name != "" {
		b = nlmsg.AppendAttr(b, order, 0, []byte(name))
	}
	return b
}

func TestDecodeUnix(t *testing.T) {
	for _, order := range orders {
		for _, tt := range []struct{ name, want string }{
			{"/run/a b\x00", "/run/a b"},
			{"/run/a\n0: 0 0 0 1 1 5 /forged\x00", "/run/a\n0: 0 0 0 1 1 5 /forged"},
			{"\x00abstract\x00\x00", "\x00abstract\x00\x00"},
			{"\x00", "\x00"},
			{"/not/ended", "/not/ended"},
			{"", ""},
		} {
			got, err := sockdiag.DecodeUnix(unix(order, 5, tt.name), order)
			if err != nil || got.Type != 5 || got.Inode != 99 || string(got.Name) != tt.want {
				t.Errorf("%v: %+v, %v, want the name %q", order, got, err, tt.want)
			}
		}
		for name, body := range map[string][]byte{
			"cut short":      unix(order, 1, "")[:15],
			"another family": append([]byte{2}, unix(order, 1, "")[1:]...),
			"half a name":    unix(order, 1, "/run/abcd")[:30],
		} {
			if got, err := sockdiag.DecodeUnix(body, order); !errors.Is(err, decode.ErrMalformed) {
				t.Errorf("%v: %s: %+v, %v, want ErrMalformed", order, name, got, err)
			}
		}
	}
}

func TestRequests(t *testing.T) {
	got := sockdiag.AppendInet(nil, binary.BigEndian, sockdiag.FamilyInet6, sockdiag.ProtoUDP, 0x402)
	want := append([]byte{10, 17, 0, 0, 0, 0, 4, 2}, make([]byte, 48)...)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("of IPv6 (-want +got):\n%s", diff)
	}
	got = sockdiag.AppendUnix(nil, binary.BigEndian)
	want = slices.Concat([]byte{1, 0, 0, 0, 255, 255, 255, 255}, make([]byte, 4), []byte{0, 0, 0, 1}, make([]byte, 8))
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("of UNIX sockets (-want +got):\n%s", diff)
	}
}

// FuzzDecodeInet decodes anything.
func FuzzDecodeInet(f *testing.F) {
	f.Add(inet(binary.LittleEndian, 2, 1, netip.MustParseAddrPort("1.2.3.4:5"), netip.AddrPort{}))
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := sockdiag.DecodeInet(b, binary.LittleEndian)
		if err != nil && (!errors.Is(err, decode.ErrMalformed) || s != sockdiag.Inet{}) {
			t.Fatalf("%+v, %v", s, err)
		}
		if err == nil && (s.Local.IsValid() != (s.Local.Port() != 0) || len(b) < 72) {
			t.Fatalf("%+v of %d bytes", s, len(b))
		}
	})
}

// FuzzDecodeUnix decodes anything: a name is never longer than its message.
func FuzzDecodeUnix(f *testing.F) {
	f.Add(unix(binary.LittleEndian, 1, "/run/x\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := sockdiag.DecodeUnix(b, binary.LittleEndian)
		if err != nil && !errors.Is(err, decode.ErrMalformed) || len(s.Name) > len(b) {
			t.Fatalf("%+v, %v", s, err)
		}
	})
}
