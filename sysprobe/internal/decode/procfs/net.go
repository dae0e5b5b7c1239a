package procfs

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"net/netip"

	"telegraf-sysprobe/sysprobe/internal/decode"
)

// Socket is a row of /proc/PID/net/tcp, tcp6, udp or udp6 (proc_pid_net(5)).
type Socket struct {
	// Local and Remote are the zero value if the port is 0.
	Local, Remote netip.AddrPort
	// State is that of TCP, by the kernel's number (net/tcp_states.h).
	State uint8
	UID   uint32
	// Inode is 0 if no process has the socket any more.
	Inode uint64
}

// UnixSocket is a row of /proc/PID/net/unix.
type UnixSocket struct {
	// Type is SOCK_*.
	Type  uint16
	Inode uint64
	// Path is any bytes; that of an abstract socket begins with "@".
	Path string
}

// DecodeSockets reads /proc/PID/net/tcp, tcp6, udp or udp6 in the byte order of
// the machine it is of. Rows that are malformed are left out and counted.
func DecodeSockets(b []byte, order binary.ByteOrder) (sockets []Socket, malformed int) {
	return decodeRows(b, func(line []byte) (Socket, bool) {
		s := scanner{buf: line, format: "net"}
		s.skip(1) // the number of the row
		var row Socket
		var ok1, ok2 bool
		row.Local, ok1 = parseAddrPort(s.token(), order)
		row.Remote, ok2 = parseAddrPort(s.token(), order)
		row.State = uint8(s.hex(s.token(), 8))
		s.skip(3) // queues, timer, retransmissions
		row.UID = s.uint32()
		s.skip(1) // timeout
		row.Inode = s.uint()
		return row, ok1 && ok2 && s.err == nil
	})
}

// DecodeUnixSockets reads /proc/PID/net/unix. Rows that are malformed are left
// out and counted.
func DecodeUnixSockets(b []byte) (sockets []UnixSocket, malformed int) {
	return decodeRows(b, func(line []byte) (UnixSocket, bool) {
		s := scanner{buf: line, format: "net unix"}
		s.skip(4) // address, references, protocol, flags
		row := UnixSocket{Type: uint16(s.hex(s.token(), 16))}
		s.skip(1) // state
		row.Inode = s.uint()
		if s.err == nil {
			row.Path = string(bytes.TrimPrefix(line[s.off:], []byte{' '}))
		}
		return row, s.err == nil
	})
}

// decodeRows calls row with each line but the first, which has titles.
func decodeRows[T any](b []byte, row func([]byte) (T, bool)) (rows []T, malformed int) {
	for at := min(lineEnd(b, 0)+1, len(b)); at < len(b); {
		end := lineEnd(b, at)
		if r, ok := row(b[at:end]); ok {
			rows = append(rows, r)
		} else {
			malformed++
		}
		at = end + 1
	}
	return rows, malformed
}

// parseAddrPort reads "0500000A:0016": words of the machine, and a port. It
// reports whether it is one.
func parseAddrPort(token []byte, order binary.ByteOrder) (netip.AddrPort, bool) {
	words, digits, _ := bytes.Cut(token, []byte{':'})
	var port [2]byte
	if len(digits) != 4 {
		return netip.AddrPort{}, false
	}
	if _, err := hex.Decode(port[:], digits); err != nil {
		return netip.AddrPort{}, false
	}
	addr := make([]byte, hex.DecodedLen(len(words)))
	if _, err := hex.Decode(addr, words); err != nil || len(addr) != 4 && len(addr) != 16 {
		return netip.AddrPort{}, false
	}
	// Each word was printed as a number; in memory it is in network order.
	c := decode.NewCursor(addr, binary.BigEndian, "address")
	for i := 0; c.Len() > 0; i += 4 {
		order.PutUint32(addr[i:], c.Uint32())
	}
	ip, _ := netip.AddrFromSlice(addr)
	if n := binary.BigEndian.Uint16(port[:]); n != 0 {
		return netip.AddrPortFrom(ip, n), true
	}
	return netip.AddrPort{}, true
}
