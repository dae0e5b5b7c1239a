package sysprobetest

import (
	"encoding/binary"
	"net/netip"
	"slices"
)

// ByteOrder reads and writes numbers.
type ByteOrder interface {
	binary.ByteOrder
	binary.AppendByteOrder
}

// PCB is a socket of FreeBSD, of which a table of sockets has a record. The records
// are made of the members of the structures of FreeBSD 12 to 15, one after the other.
type PCB struct {
	Handle        uint64
	Type          uint16
	VFlag         uint8 // 1 IPv4, 2 IPv6
	Local, Remote netip.AddrPort
	State         uint32
	Path          string
}

// zeros are n bytes.
func zeros(n int) []byte { return make([]byte, n) }

// xsocket is struct xsocket.
func (p PCB) xsocket(order ByteOrder) []byte {
	b := order.AppendUint64(nil, 240)
	b = order.AppendUint64(b, p.Handle)
	b = append(b, zeros(8+8+64+8+5*4+32)...) // from so_pcb to so_spare32
	b = order.AppendUint16(b, p.Type)
	return append(b, zeros(5*2+2*36)...) // from so_options to so_snd
}

// XINPCB is the record of a UDP socket, of a 64-bit machine.
func (p PCB) XINPCB(order ByteOrder) []byte {
	address := func(a netip.Addr) []byte {
		if b := a.AsSlice(); len(b) != 4 {
			return append(b, zeros(16-len(b))...)
		}
		return append(zeros(12), a.AsSlice()...)
	}
	b := order.AppendUint64(nil, 400)
	b = append(b, p.xsocket(order)...)
	b = append(b, 0, 0, 0, 0) // inc_flags, inc_len, inc_fibnum
	b = binary.BigEndian.AppendUint16(b, p.Remote.Port())
	b = binary.BigEndian.AppendUint16(b, p.Local.Port())
	b = slices.Concat(b, address(p.Remote.Addr()), address(p.Local.Addr()))
	b = append(b, zeros(4+4+8+8+32+7*4+16)...) // ie6_zoneid, padding, from inp_gencnt to inp_spare32
	b = append(b, zeros(4)...)                 // in6p_hops, inp_ip_tos, pad8
	return append(b, p.VFlag, 64, 0, 0, 0, 0, 0, 0)
}

// XTCPCB is the record of a TCP socket, of a 64-bit machine.
func (p PCB) XTCPCB(order ByteOrder) []byte {
	b := order.AppendUint64(nil, 744)
	b = append(b, p.XINPCB(order)...)
	b = append(b, zeros(32+64+16+48)...) // xt_stack, xt_logid, xt_cc, spare64
	b = order.AppendUint32(b, p.State)
	return append(b, zeros(17*4+26*4)...)
}

// XUNPCB is the record of a UNIX socket.
func (p PCB) XUNPCB(order ByteOrder) []byte {
	b := order.AppendUint64(nil, 904)
	b = append(b, zeros(6*8+64+32)...)
	address := zeros(256)
	if p.Path != "" {
		address[0], address[1] = uint8(2+len(p.Path)), 1
		copy(address[2:], p.Path)
	}
	b = slices.Concat(b, address, zeros(256))
	return append(b, p.xsocket(order)...)
}

// Generation is a record that a table of sockets begins and ends with, of that many
// bytes: 64 for TCP and UDP, 32 for UNIX sockets.
func Generation(order ByteOrder, size int) []byte {
	return append(order.AppendUint64(nil, uint64(size)), zeros(size-8)...)
}

// XFile is a record of the table of open files of FreeBSD.
func XFile(order ByteOrder, pid, fd uint32, typ uint16, handle uint64) []byte {
	b := order.AppendUint64(nil, 128)
	b = order.AppendUint32(b, pid)
	b = order.AppendUint32(b, 1001)
	b = order.AppendUint32(b, fd)
	b = order.AppendUint32(b, 0)
	b = order.AppendUint64(b, 0xfffff80000000000)
	b = order.AppendUint16(b, typ)
	b = append(b, zeros(2+4+4+4+8)...) // from padding to xf_offset
	b = order.AppendUint64(b, handle)
	return append(b, zeros(8+4+4+48)...)
}
