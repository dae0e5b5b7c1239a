// Package sockdiag writes requests for the sockets of a network namespace and reads
// the answers: sock_diag(7), the formats of linux/inet_diag.h and linux/unix_diag.h.
package sockdiag

import (
	"encoding/binary"
	"net/netip"

	"telegraf-sysprobe/sysprobe/internal/decode"
	"telegraf-sysprobe/sysprobe/internal/decode/nlmsg"
)

// TypeByFamily is the type of requests and answers (SOCK_DIAG_BY_FAMILY).
const TypeByFamily uint16 = 20

// Address families and protocols (linux/socket.h, linux/in.h).
const (
	familyUnix  = 1
	FamilyInet  = 2
	FamilyInet6 = 10
	ProtoTCP    = 6
	ProtoUDP    = 17
)

// AllStates asks for sockets whatever their state.
const AllStates uint32 = 1<<32 - 1

const (
	// inetIDLen is the size of struct inet_diag_sockid.
	inetIDLen = 48
	// showName asks for the names of UNIX sockets (UDIAG_SHOW_NAME).
	showName = 1
	// attrName has one (UNIX_DIAG_NAME).
	attrName = 0
)

// Inet is a socket of TCP or UDP (struct inet_diag_msg).
type Inet struct {
	// Local and Remote are the zero value if the port is 0.
	Local, Remote netip.AddrPort
	// State is that of TCP, by the kernel's number (net/tcp_states.h).
	State uint8
	UID   uint32
	// Inode is 0 if no process has the socket any more.
	Inode uint32
}

// Unix is a UNIX socket (struct unix_diag_msg).
type Unix struct {
	// Type is SOCK_*.
	Type  uint8
	Inode uint32
	// Name is that to which it is bound, not a copy: a path, or behind a NUL any
	// bytes. It is empty without one.
	Name []byte
}

// AppendInet appends the body of a request for the sockets of a family and a protocol
// in one of the states, each a bit (struct inet_diag_req_v2).
func AppendInet(b []byte, order binary.AppendByteOrder, family, protocol uint8, states uint32) []byte {
	b = append(b, family, protocol, 0, 0) // no attributes beside those that always come
	return append(order.AppendUint32(b, states), make([]byte, inetIDLen)...)
}

// DecodeInet decodes an answer. Its error wraps decode.ErrMalformed.
func DecodeInet(b []byte, order binary.ByteOrder) (Inet, error) {
	c := decode.NewCursor(b, order, "socket of sock_diag")
	family, state := c.Uint8(), c.Uint8()
	c.Skip(2) // timer, retransmissions
	ports, local, remote := c.Bytes(4), c.Bytes(16), c.Bytes(16)
	c.Skip(inetIDLen - 4 - 2*16 + 12) // interface, cookie; timer and queues
	s := Inet{State: state, UID: c.Uint32(), Inode: c.Uint32()}
	if family != FamilyInet && family != FamilyInet6 {
		c.Fail("neither IPv4 nor IPv6")
	}
	if err := c.Err(); err != nil {
		return Inet{}, err
	}
	s.Local, s.Remote = addrPort(family, local, ports[:2]), addrPort(family, remote, ports[2:])
	return s, nil
}

// addrPort makes an address of 16 bytes, and a port, in network order.
func addrPort(family uint8, addr, port []byte) netip.AddrPort {
	n := binary.BigEndian.Uint16(port)
	if n == 0 {
		return netip.AddrPort{}
	}
	if family == FamilyInet {
		addr = addr[:4]
	}
	ip, _ := netip.AddrFromSlice(addr)
	return netip.AddrPortFrom(ip, n)
}

// AppendUnix appends the body of a request for all UNIX sockets with their names
// (struct unix_diag_req).
func AppendUnix(b []byte, order binary.AppendByteOrder) []byte {
	b = append(b, familyUnix, 0, 0, 0)
	b = order.AppendUint32(b, AllStates)
	b = order.AppendUint32(b, 0) // of any inode
	b = order.AppendUint32(b, showName)
	return append(b, make([]byte, 8)...) // cookie
}

// DecodeUnix decodes an answer. Its error wraps decode.ErrMalformed.
func DecodeUnix(b []byte, order binary.ByteOrder) (Unix, error) {
	c := decode.NewCursor(b, order, "UNIX socket of sock_diag")
	family := c.Uint8()
	s := Unix{Type: c.Uint8()}
	c.Skip(2) // state, padding
	s.Inode = c.Uint32()
	c.Skip(8) // cookie
	if family != familyUnix {
		c.Fail("no UNIX socket")
	}
	for a := nlmsg.AttrsOf(c); a.Next(); {
		if a.Type == attrName {
			s.Name = c.Bytes(c.Len())
		}
	}
	if err := c.Err(); err != nil {
		return Unix{}, err
	}
	if n := len(s.Name); n > 1 && s.Name[0] != 0 && s.Name[n-1] == 0 { // a path ends in a NUL
		s.Name = s.Name[:n-1]
	}
	return s, nil
}
