// Package pcblist decodes the tables of sockets and of open files that sysctl(3) of
// FreeBSD 12 and newer has: net.inet.tcp.pcblist, net.inet.udp.pcblist,
// net.local.*.pcblist and kern.file.
//
// The records are described by tables of offsets, of struct xtcpcb and xinpcb
// (netinet/tcp_var.h, netinet/in_pcb.h), xunpcb (sys/unpcb.h) and xfile
// (sys/file.h). FreeBSD 11 and older had other ones, whose pointers were those of the
// machine.
package pcblist

import (
	"encoding/binary"
	"fmt"
	"net/netip"

	"telegraf-sysprobe/sysprobe/internal/decode"
)

// Socket is a socket.
type Socket struct {
	// Handle is the address of the socket in the kernel, by which a File has it; 0 of
	// a connection that no descriptor can have any more (TIME_WAIT), or not yet.
	Handle uint64
	// Type is that of socket(2): 1 stream, 2 datagram, 5 sequenced packets.
	Type uint16
	// State is TCPS_* of netinet/tcp_fsm.h; known of TCP alone.
	State uint32
	// Local and Remote are IPv4 or IPv6 addresses without a zone, the zero value of
	// UNIX sockets. An IPv6 socket that accepts IPv4 too has IPv6 ones.
	Local, Remote netip.AddrPort
	// Path is what a UNIX socket is bound to, a part of what was decoded.
	Path []byte
}

// Table is a table of sockets.
type Table uint8

// The tables.
const (
	TCP Table = iota
	UDP
	Unix
)

// layout says where the records of a table have what.
type layout struct {
	// head is the size of the record that begins the table and of the one that ends
	// it, record the least size of the others.
	head, record int

	handle, typ, state decode.Field
	vflag              decode.Field // INP_IPV4, INP_IPV6
	localPort          decode.Field // in network byte order, as the addresses
	remotePort         decode.Field
	local, remote      decode.Field
	pathSize, path     decode.Field
}

// internet is struct xinpcb at an offset of a record of that size, with vflag where
// the alignment of the architecture puts it.
func internet(at, record, vflag int) layout {
	return layout{
		head: 64, record: record,
		handle: decode.U64(at + 16), typ: decode.U16(at + 164),
		remotePort: decode.U16(at + 252), localPort: decode.U16(at + 254),
		remote: decode.Text(at+256, 16), local: decode.Text(at+272, 16),
		vflag: decode.U8(at + vflag),
	}
}

// layoutOf is the layout of a table on an architecture, as Go spells it.
func layoutOf(table Table, goarch string) layout {
	vflag := 392
	if goarch == "386" {
		vflag = 388
	}
	switch table {
	case TCP:
		l := internet(8, 744, vflag)
		l.state = decode.U32(568)
		return l
	case UDP:
		return internet(0, 400, vflag)
	default:
		return layout{
			head: 32, record: 904,
			handle: decode.U64(672), typ: decode.U16(820),
			pathSize: decode.U8(152), path: decode.Text(154, 104),
		}
	}
}

const format = "table of sockets"

// AppendSockets appends the sockets of a table of an architecture, as Go spells it,
// to dst, in the order of the kernel, and returns how many records were left out since
// they are too short for what they should have. It returns an error that wraps
// decode.ErrMalformed, with the sockets before, where the records do not follow each
// other as they say. The table ends with a record that the kernel does not send where
// the answer has no room for it; its absence is no error.
func AppendSockets(dst []Socket, b []byte, order binary.ByteOrder, table Table, goarch string) (all []Socket, short int, err error) {
	l := layoutOf(table, goarch)
	if len(b) == 0 {
		return dst, 0, nil
	}
	off, err := next(b, 0, order)
	if err == nil && off < l.head {
		err = &decode.Error{Format: format, Reason: fmt.Sprintf("its head has %d bytes, that of FreeBSD 12 and newer has %d", off, l.head)}
	}
	for err == nil && off < len(b) {
		var size int
		if size, err = next(b, off, order); err != nil || size <= l.head {
			break
		}
		r := decode.NewRecord(b[off:off+size], order)
		if off += size; size < l.record {
			short++
			continue
		}
		if s, ok := l.socket(r); ok {
			dst = append(dst, s)
		}
	}
	return dst, short, err
}

// next is the size of the record at an offset, which all records begin with.
func next(b []byte, off int, order binary.ByteOrder) (int, error) {
	r := decode.NewRecord(b[off:], order)
	size := r.Uint(decode.U64(0))
	if size < 8 || size > uint64(r.Len()) {
		return 0, &decode.Error{Format: format, Offset: off, Reason: fmt.Sprintf("a record of %d bytes, of %d that are left", size, r.Len())}
	}
	return int(size), nil
}

// Bits of inp_vflag.
const (
	flagIPv4 = 1
	flagIPv6 = 2
)

// socket decodes a record. It returns false for an internet socket of neither
// protocol.
func (l *layout) socket(r decode.Record) (Socket, bool) {
	s := Socket{Handle: r.Uint(l.handle), Type: uint16(r.Uint(l.typ)), State: uint32(r.Uint(l.state))}
	if l.path.Size > 0 {
		const header = 2 // sun_len and sun_family
		size := min(max(int(r.Uint(l.pathSize))-header, 0), l.path.Size)
		s.Path = r.Text(decode.Text(l.path.At, size))
		return s, true
	}
	flags := r.Uint(l.vflag)
	if flags&(flagIPv4|flagIPv6) == 0 {
		return Socket{}, false
	}
	v6 := flags&flagIPv6 != 0
	s.Local = endpoint(r, l.local, l.localPort, v6)
	s.Remote = endpoint(r, l.remote, l.remotePort, v6)
	return s, true
}

// endpoint is an address and its port. One of IPv4 is at the end of its field. The
// kernel has the zone of a link-local address in its bytes 2 and 3.
func endpoint(r decode.Record, address, port decode.Field, v6 bool) netip.AddrPort {
	b := r.Bytes(address)
	number := binary.BigEndian.Uint16(r.Bytes(port))
	if !v6 {
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte(b[12:])), number)
	}
	a := netip.AddrFrom16([16]byte(b))
	if a.IsLinkLocalUnicast() || a.IsLinkLocalMulticast() || a.IsInterfaceLocalMulticast() {
		raw := a.As16()
		raw[2], raw[3] = 0, 0
		a = netip.AddrFrom16(raw)
	}
	return netip.AddrPortFrom(a, number)
}

// File is an open file of a process.
type File struct {
	PID, FD int32
	// Handle is the address in the kernel of what the file is: that of a Socket.
	Handle uint64
}

// AppendSocketFiles appends the files of kern.file that are sockets to dst. It returns
// an error that wraps decode.ErrMalformed, with the files before, where a record is
// shorter than those of FreeBSD 12, or than it says.
func AppendSocketFiles(dst []File, b []byte, order binary.ByteOrder) ([]File, error) {
	const (
		record     = 128
		typeSocket = 2 // DTYPE_SOCKET of sys/file.h
	)
	for off := 0; off < len(b); {
		size, err := next(b, off, order)
		if err != nil {
			return dst, err
		}
		if size < record {
			return dst, &decode.Error{Format: format, Offset: off, Reason: fmt.Sprintf("a file of %d bytes, want %d", size, record)}
		}
		r := decode.NewRecord(b[off:off+size], order)
		off += size
		if r.Uint(decode.U16(32)) == typeSocket {
			dst = append(dst, File{PID: int32(r.Int(decode.U32(8))), FD: int32(r.Int(decode.U32(16))), Handle: r.Uint(decode.U64(56))})
		}
	}
	return dst, nil
}
