package ipadapter

import (
	"encoding/binary"

	"telegraf-sysprobe/sysprobe/internal/decode"
)

// Row is a MIB_IF_ROW2: an interface with its state and counters. It has the same
// layout in every program. Byte slices are parts of the table, not copies.
type Row struct {
	// LUID and Index identify the interface: Index until the machine restarts.
	LUID  uint64
	Index uint32
	// GUID is in the byte order of Windows: see FormatGUID.
	GUID []byte
	// Alias is the friendly name, Description that of the device. Both are UTF-16.
	Alias, Description []byte
	// HardwareAddr is the link-layer address now, PermanentAddr that of the
	// device.
	HardwareAddr, PermanentAddr []byte
	// MTU is in bytes; all ones of an interface without a limit.
	MTU uint32
	// Type is an IF_TYPE_* of ipifcons.h.
	Type uint32
	// Access is a NET_IF_ACCESS_TYPE, OperStatus an IF_OPER_STATUS, AdminStatus a
	// NET_IF_ADMIN_STATUS, MediaState a NET_IF_MEDIA_CONNECT_STATE.
	Access, OperStatus, AdminStatus, MediaState uint32
	// Hardware is an interface of a device, Filter one of a filter driver in the
	// stack of another interface.
	Hardware, Filter bool
	// TransmitSpeed and ReceiveSpeed are in bit/s; all ones where not known.
	TransmitSpeed, ReceiveSpeed uint64
	// In and Out are counters since the interface came up. QueueLength is the
	// number of packets that wait to be sent.
	In, Out Traffic
	// InUnknownProtocols counts the packets whose protocol has no handler.
	InUnknownProtocols uint64
	QueueLength        uint64
}

// Traffic counts what went through an interface in one direction.
type Traffic struct {
	Bytes                        uint64
	UnicastPackets, OtherPackets uint64
	Discards, Errors             uint64
	UnicastBytes, MulticastBytes uint64
	BroadcastBytes               uint64
}

// The numbers of a Row.
const (
	AccessLoopback     = 1
	AccessBroadcast    = 2
	AccessPointToPoint = 3

	AdminUp = 1

	MediaConnected    = 1
	MediaDisconnected = 2
)

// TableHeader is the number of bytes before the first row of a table.
const TableHeader = 8

// The layout of MIB_IF_ROW2.
const (
	rowSize   = 1352
	nameBytes = 2 * 257 // IF_MAX_STRING_SIZE and a NUL

	flagHardware = 1 << 0
	flagFilter   = 1 << 1
)

// maxRows is more interfaces than a table can have in the memory of any program.
const maxRows = 1 << 20

// TableSize returns the number of bytes of a table, of which b are the first, at
// least TableHeader. It returns an error that wraps decode.ErrMalformed where b has
// fewer, or where the number of rows cannot be.
func TableSize(b []byte) (int, error) {
	r := decode.NewRecord(b, binary.LittleEndian)
	if r.Len() < TableHeader {
		return 0, &decode.Error{Format: "table of interfaces", Reason: "no header"}
	}
	rows := r.Uint(decode.U32(0))
	if rows > maxRows {
		return 0, &decode.Error{Format: "table of interfaces", Reason: "it has more rows than memory"}
	}
	return TableHeader + int(rows)*rowSize, nil
}

// DecodeTable calls f for each row of a MIB_IF_TABLE2, with the same memory. It
// returns an error that wraps decode.ErrMalformed where rows are missing; the
// calls before that were for whole rows.
func DecodeTable(b []byte, f func(*Row)) error {
	if _, err := TableSize(b); err != nil {
		return err
	}
	rows := decode.NewRecord(b, binary.LittleEndian).Uint(decode.U32(0))
	var row Row
	for off := TableHeader; rows > 0; off, rows = off+rowSize, rows-1 {
		if len(b)-off < rowSize {
			return &decode.Error{Format: "table of interfaces", Offset: off, Reason: "a row is missing"}
		}
		row.decode(decode.NewRecord(b[off:off+rowSize], binary.LittleEndian))
		f(&row)
	}
	return nil
}

// decode fills w from r.
func (w *Row) decode(r decode.Record) {
	flags := r.Uint(decode.U8(1152))
	length := int(min(r.Uint(decode.U32(1056)), 32))
	*w = Row{
		LUID:          r.Uint(decode.U64(0)),
		Index:         uint32(r.Uint(decode.U32(8))),
		GUID:          r.Bytes(decode.Text(12, 16)),
		HardwareAddr:  r.Bytes(decode.Text(1060, 32))[:length],
		PermanentAddr: r.Bytes(decode.Text(1092, 32))[:length],
		MTU:           uint32(r.Uint(decode.U32(1124))),
		Type:          uint32(r.Uint(decode.U32(1128))),
		Access:        uint32(r.Uint(decode.U32(1144))),
		Hardware:      flags&flagHardware != 0,
		Filter:        flags&flagFilter != 0,
		OperStatus:    uint32(r.Uint(decode.U32(1156))),
		AdminStatus:   uint32(r.Uint(decode.U32(1160))),
		MediaState:    uint32(r.Uint(decode.U32(1164))),
		TransmitSpeed: r.Uint(decode.U64(1192)),
		ReceiveSpeed:  r.Uint(decode.U64(1200)),
		In:            traffic(r, 1208, 1256),
		Out:           traffic(r, 1280, 1320),

		InUnknownProtocols: r.Uint(decode.U64(1248)),
		QueueLength:        r.Uint(decode.U64(1344)),
	}
	w.Alias, _ = decode.BeforeNUL16(r.Bytes(decode.Text(28, nameBytes)))
	w.Description, _ = decode.BeforeNUL16(r.Bytes(decode.Text(28+nameBytes, nameBytes)))
}

// traffic reads the counters of one direction, which begin at an offset, and the
// bytes by the kind of packet at another one.
func traffic(r decode.Record, at, byKind int) Traffic {
	number := func(n int) uint64 { return r.Uint(decode.U64(n)) }
	return Traffic{
		Bytes: number(at), UnicastPackets: number(at + 8), OtherPackets: number(at + 16),
		Discards: number(at + 24), Errors: number(at + 32),
		UnicastBytes: number(byKind), MulticastBytes: number(byKind + 8), BroadcastBytes: number(byKind + 16),
	}
}

// FormatGUID returns the text of a GUID, in braces and upper case, as Windows
// writes it; empty where b is not 16 bytes.
func FormatGUID(b []byte) string {
	const digits = "0123456789ABCDEF"
	if len(b) != 16 {
		return ""
	}
	text := make([]byte, 0, 38)
	text = append(text, '{')
	for n, i := range [...]int{3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15} {
		if n == 4 || n == 6 || n == 8 || n == 10 {
			text = append(text, '-')
		}
		text = append(text, digits[b[i]>>4], digits[b[i]&0xf])
	}
	return string(append(text, '}'))
}
