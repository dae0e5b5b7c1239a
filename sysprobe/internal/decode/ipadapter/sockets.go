package ipadapter

import (
	"encoding/binary"
	"net/netip"

	"telegraf-sysprobe/sysprobe/internal/decode"
)

// Socket is a row of MIB_TCPTABLE_OWNER_PID and the like.
type Socket struct {
	// Local and Remote have no zone. Remote is the zero value for UDP.
	Local, Remote netip.AddrPort
	// PID is that of the owner; 0 where the process has ended.
	PID uint32
	// State is a MIB_TCP_STATE; 0 for UDP.
	State uint32
}

// SocketTable is the layout of a table of sockets.
type SocketTable uint8

// The tables.
const (
	TCP4 SocketTable = iota
	TCP6
	UDP4
	UDP6
)

// socketLayout says where a row has what.
type socketLayout struct {
	size                                             int
	local, localPort, remote, remotePort, state, pid decode.Field
}

// socketLayouts are by SocketTable. The rows have the same layout in every
// program.
var socketLayouts = []socketLayout{
	TCP4: {
		size: 24, state: decode.U32(0), local: decode.Text(4, 4), localPort: decode.Text(8, 2), remote: decode.Text(12, 4),
		remotePort: decode.Text(16, 2), pid: decode.U32(20),
	},
	TCP6: {
		size: 56, local: decode.Text(0, 16), localPort: decode.Text(20, 2), remote: decode.Text(24, 16), remotePort: decode.Text(44, 2),
		state: decode.U32(48), pid: decode.U32(52),
	},
	UDP4: {size: 12, local: decode.Text(0, 4), localPort: decode.Text(4, 2), pid: decode.U32(8)},
	UDP6: {size: 28, local: decode.Text(0, 16), localPort: decode.Text(20, 2), pid: decode.U32(24)},
}

// DecodeSockets calls f for each row of a table, with the same memory. It returns
// an error that wraps decode.ErrMalformed where the table is unknown or rows are
// missing; the calls before that were for whole rows.
func DecodeSockets(b []byte, table SocketTable, f func(*Socket)) error {
	if int(table) >= len(socketLayouts) || len(b) < 4 {
		return &decode.Error{Format: "table of sockets", Reason: "no table"}
	}
	l := &socketLayouts[table]
	rows := binary.LittleEndian.Uint32(b)
	var s Socket
	for off := 4; rows > 0; off, rows = off+l.size, rows-1 {
		if len(b)-off < l.size {
			return &decode.Error{Format: "table of sockets", Offset: off, Reason: "a row is missing"}
		}
		r := decode.NewRecord(b[off:off+l.size], binary.LittleEndian)
		s = Socket{
			Local: endpoint(r, l.local, l.localPort), Remote: endpoint(r, l.remote, l.remotePort),
			PID: uint32(r.Uint(l.pid)), State: uint32(r.Uint(l.state)),
		}
		f(&s)
	}
	return nil
}

// endpoint is an address with a port, both in the order of the network; the zero
// value where rows have none.
func endpoint(r decode.Record, address, port decode.Field) netip.AddrPort {
	ip, ok := netip.AddrFromSlice(r.Bytes(address))
	if !ok {
		return netip.AddrPort{}
	}
	return netip.AddrPortFrom(ip, binary.BigEndian.Uint16(r.Bytes(port)))
}
