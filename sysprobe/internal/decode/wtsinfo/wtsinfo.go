// Package wtsinfo decodes what WTSQuerySessionInformation of Windows returns: who
// is logged in, since when and from where. The structures (wtsapi32.h) have the same
// layout in every program.
package wtsinfo

import (
	"encoding/binary"
	"net/netip"

	"telegraf-sysprobe/sysprobe/internal/decode"
)

// Session is a session of terminal services.
type Session struct {
	// User is the login name; empty of a session of nobody. Domain is that of the
	// user, or the name of the machine.
	User, Domain string
	// Station is what the session is connected to, such as "Console" or "RDP-Tcp#3";
	// empty where it is disconnected.
	Station string
	// Connected and LoggedOn are when the session was last connected and when its
	// user logged on, in units of 100 ns since 1601; 0 where that is not known.
	Connected, LoggedOn int64
	// ClientName is the name of the machine that a user came from, and ClientAddress
	// its IPv4 address; empty of a local session.
	ClientName    string
	ClientAddress netip.Addr
}

// Text returns the text in an answer, which ends at a NUL.
func Text(b []byte) string {
	text, _ := decode.BeforeNUL16(b)
	return decode.UTF16(text)
}

// The layout of WTSINFOW.
const infoSize = 216

// DecodeInfo adds what a WTSINFOW has. It returns an error that wraps
// decode.ErrMalformed where b is shorter.
func (s *Session) DecodeInfo(b []byte) error {
	r := decode.NewRecord(b, binary.LittleEndian)
	if r.Len() < infoSize {
		return &decode.Error{Format: "session of Windows", Reason: "the record is shorter than its layout"}
	}
	s.Station = Text(r.Bytes(decode.Text(32, 2*32)))
	s.Domain = Text(r.Bytes(decode.Text(96, 2*17)))
	s.Connected = r.Int(decode.U64(176))
	s.LoggedOn = r.Int(decode.U64(200))
	return nil
}

// The layout of WTS_CLIENT_ADDRESS.
const (
	addressSize = 24
	familyInet  = 2
)

// DecodeClientAddress adds what a WTS_CLIENT_ADDRESS has. That of IPv4 is behind two
// bytes of a port that is not filled in; of other families there is none. It returns
// an error that wraps decode.ErrMalformed where b is shorter.
func (s *Session) DecodeClientAddress(b []byte) error {
	r := decode.NewRecord(b, binary.LittleEndian)
	if r.Len() < addressSize {
		return &decode.Error{Format: "address of a client", Reason: "the record is shorter than its layout"}
	}
	if r.Uint(decode.U32(0)) == familyInet {
		s.ClientAddress = netip.AddrFrom4([4]byte(r.Bytes(decode.Text(6, 4))))
	}
	return nil
}
