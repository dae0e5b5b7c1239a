package rib

import "telegraf-sysprobe/sysprobe/internal/decode"

// datas are struct if_data of the systems, by name: net/if.h, and net/if_var.h
// of macOS. Each field is at its place from the start of that structure.
var datas = map[string]data{
	"freebsd": {
		Type: decode.U8(0), LinkState: decode.U8(4), MTU: decode.U32(8), Baudrate: decode.U64(16),
		InPackets: decode.U64(24), InErrors: decode.U64(32), OutPackets: decode.U64(40), OutErrors: decode.U64(48),
		Collisions: decode.U64(56), InBytes: decode.U64(64), OutBytes: decode.U64(72), InMulticast: decode.U64(80),
		OutMulticast: decode.U64(88), InDrops: decode.U64(96), OutDrops: decode.U64(104), NoProto: decode.U64(112),
	},
	"openbsd": {
		Type: decode.U8(0), LinkState: decode.U8(3), MTU: decode.U32(4), Baudrate: decode.U64(16),
		InPackets: decode.U64(24), InErrors: decode.U64(32), OutPackets: decode.U64(40), OutErrors: decode.U64(48),
		Collisions: decode.U64(56), InBytes: decode.U64(64), OutBytes: decode.U64(72), InMulticast: decode.U64(80),
		OutMulticast: decode.U64(88), InDrops: decode.U64(96), OutDrops: decode.U64(104), NoProto: decode.U64(112),
	},
	"netbsd": {
		Type: decode.U8(0), LinkState: decode.U32(4), MTU: decode.U64(8), Baudrate: decode.U64(24),
		InPackets: decode.U64(32), InErrors: decode.U64(40), OutPackets: decode.U64(48), OutErrors: decode.U64(56),
		Collisions: decode.U64(64), InBytes: decode.U64(72), OutBytes: decode.U64(80), InMulticast: decode.U64(88),
		OutMulticast: decode.U64(96), InDrops: decode.U64(104), NoProto: decode.U64(112),
	},
	"darwin": {
		Type: decode.U8(0), MTU: decode.U32(8), Baudrate: decode.U32(16),
		InPackets: decode.U32(20), InErrors: decode.U32(24), OutPackets: decode.U32(28), OutErrors: decode.U32(32),
		Collisions: decode.U32(36), InBytes: decode.U32(40), OutBytes: decode.U32(44), InMulticast: decode.U32(48),
		OutMulticast: decode.U32(52), InDrops: decode.U32(56), NoProto: decode.U32(60),
	},
	"darwin 64": {
		Type: decode.U8(0), MTU: decode.U32(8), Baudrate: decode.U64(16),
		InPackets: decode.U64(24), InErrors: decode.U64(32), OutPackets: decode.U64(40), OutErrors: decode.U64(48),
		Collisions: decode.U64(56), InBytes: decode.U64(64), OutBytes: decode.U64(72), InMulticast: decode.U64(80),
		OutMulticast: decode.U64(88), InDrops: decode.U64(96), NoProto: decode.U64(104),
	},
}
