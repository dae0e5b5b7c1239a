package wtsinfo_test

import (
	"encoding/binary"
	"errors"
	"net/netip"
	"testing"
	"unicode/utf16"

	"telegraf-sysprobe/sysprobe/internal/decode"
	"telegraf-sysprobe/sysprobe/internal/decode/wtsinfo"
)

// text is UTF-16 in a member of that many characters.
func text(s string, characters int) []byte {
	var b []byte
	for _, u := range utf16.Encode([]rune(s)) {
		b = binary.LittleEndian.AppendUint16(b, u)
	}
	return append(b, make([]byte, 2*characters-len(b))...)
}

// info is a WTSINFOW, member by member.
func info(station, domain, user string, connected, loggedOn uint64) []byte {
	le := binary.LittleEndian
	b := le.AppendUint32(nil, 0) // state: active
	b = le.AppendUint32(b, 3)    // ID
	for range 6 {                // bytes and frames
		b = le.AppendUint32(b, 0xffffffff)
	}
	b = append(b, text(station, 32)...)
	b = append(b, text(domain, 17)...)
	b = append(b, text(user, 21)...)
	b = append(b, 0xff, 0xff, 0xff, 0xff) // padding
	for _, t := range []uint64{connected, 1 /* disconnected */, 2 /* last input */, loggedOn, 3 /* now */} {
		b = le.AppendUint64(b, t)
	}
	return b
}

// address is a WTS_CLIENT_ADDRESS.
func address(family uint32, octets ...byte) []byte {
	b := binary.LittleEndian.AppendUint32(nil, family)
	b = append(b, 0, 0)
	b = append(b, octets...)
	return append(b, make([]byte, 24-len(b))...)
}

func TestDecode(t *testing.T) {
	var got wtsinfo.Session
	got.User = wtsinfo.Text(text("Jürgen 網", 21))
	if err := got.DecodeInfo(info("RDP-Tcp#3", "EXAMPLE", "Jürgen 網", 7<<40, 5<<40)); err != nil {
		t.Error(err)
	}
	if err := got.DecodeClientAddress(address(2, 192, 0, 2, 7)); err != nil {
		t.Error(err)
	}
	want := wtsinfo.Session{
		User: "Jürgen 網", Domain: "EXAMPLE", Station: "RDP-Tcp#3", Connected: 7 << 40, LoggedOn: 5 << 40,
		ClientAddress: netip.MustParseAddr("192.0.2.7"),
	}
	if got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	for _, family := range []uint32{0, 23, 17} { // none, IPv6, NetBIOS
		var s wtsinfo.Session
		if err := s.DecodeClientAddress(address(family, 0x20, 1, 0xd, 0xb8)); err != nil || s.ClientAddress.IsValid() {
			t.Errorf("family %d: %v, %v, want no address", family, s.ClientAddress, err)
		}
	}
}

// TestFullMembers has members that are as long as there is room, without a NUL.
func TestFullMembers(t *testing.T) {
	const long = "0123456789abcdef0123456789abcdef"
	var s wtsinfo.Session
	if err := s.DecodeInfo(info(long, long[:17], "", 0, 0)); err != nil || s.Station != long || s.Domain != long[:17] {
		t.Errorf("%+v, %v", s, err)
	}
}

func TestText(t *testing.T) {
	for in, want := range map[string]string{"": "", "a": "", "a\x00": "a", "a\x00\x00\x00b\x00": "a", "\x00\x00": "", "a\x00b": "a"} {
		if got := wtsinfo.Text([]byte(in)); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func TestShort(t *testing.T) {
	for n := range 216 {
		var s wtsinfo.Session
		if err := s.DecodeInfo(make([]byte, n)); !errors.Is(err, decode.ErrMalformed) {
			t.Fatalf("%d bytes: %v", n, err)
		}
		if err := s.DecodeClientAddress(make([]byte, n%24)); !errors.Is(err, decode.ErrMalformed) {
			t.Fatalf("%d bytes: %v", n%24, err)
		}
	}
}

// FuzzDecode checks that no answer makes the decoders fail otherwise than by an
// error, and that a session has nothing that the answer has not.
func FuzzDecode(f *testing.F) {
	f.Add(info("Console", "HOST", "user", 1, 2), address(2, 127, 0, 0, 1))
	f.Add([]byte{}, []byte{2})
	f.Fuzz(func(t *testing.T, a, b []byte) {
		var s wtsinfo.Session
		if err := s.DecodeInfo(a); (err == nil) != (len(a) >= 216) {
			t.Errorf("%d bytes: %v", len(a), err)
		}
		if err := s.DecodeClientAddress(b); (err == nil) != (len(b) >= 24) || s.ClientAddress.Is6() {
			t.Errorf("%d bytes: %v, %v", len(b), s.ClientAddress, err)
		}
		if text := wtsinfo.Text(a); len(text) > 2*len(a) {
			t.Errorf("%d bytes of text from %d", len(text), len(a))
		}
	})
}
