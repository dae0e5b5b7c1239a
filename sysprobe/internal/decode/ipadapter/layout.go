package ipadapter

import "telegraf-sysprobe/sysprobe/internal/decode"

// layout says where the structures of iptypes.h have what.
type layout struct {
	length  decode.Field // of any record: its own length
	adapter adapterLayout
	unicast unicastLayout
}

// adapterLayout is that of IP_ADAPTER_ADDRESSES_LH. Later members are not read.
type adapterLayout struct {
	size                           int
	index, index6, luid            decode.Field
	next, adapterName, unicast     decode.Field // pointers
	description, friendlyName      decode.Field // pointers
	hardwareAddr, hardwareAddrLen  decode.Field
	flags, mtu, ifType, operStatus decode.Field
	transmitSpeed, receiveSpeed    decode.Field
}

// unicastLayout is that of IP_ADAPTER_UNICAST_ADDRESS_LH.
type unicastLayout struct {
	size                                             int
	next, address                                    decode.Field // pointers
	addressLen, prefixOrigin, suffixOrigin, dadState decode.Field
	valid, preferred, prefixLen                      decode.Field
}

// layouts are by the size of a pointer.
var layouts = map[int]layout{
	8: {
		length: decode.U32(0),
		adapter: adapterLayout{
			size: 232, index: decode.U32(4), next: decode.U64(8), adapterName: decode.U64(16), unicast: decode.U64(24),
			description: decode.U64(64), friendlyName: decode.U64(72), hardwareAddr: decode.Text(80, 8),
			hardwareAddrLen: decode.U32(88), flags: decode.U32(92), mtu: decode.U32(96), ifType: decode.U32(100),
			operStatus: decode.U32(104), index6: decode.U32(108), transmitSpeed: decode.U64(184), receiveSpeed: decode.U64(192),
			luid: decode.U64(224),
		},
		unicast: unicastLayout{
			size: 64, next: decode.U64(8), address: decode.U64(16), addressLen: decode.U32(24), prefixOrigin: decode.U32(32),
			suffixOrigin: decode.U32(36), dadState: decode.U32(40), valid: decode.U32(44), preferred: decode.U32(48),
			prefixLen: decode.U8(56),
		},
	},
	4: {
		length: decode.U32(0),
		adapter: adapterLayout{
			size: 184, index: decode.U32(4), next: decode.U32(8), adapterName: decode.U32(12), unicast: decode.U32(16),
			description: decode.U32(36), friendlyName: decode.U32(40), hardwareAddr: decode.Text(44, 8),
			hardwareAddrLen: decode.U32(52), flags: decode.U32(56), mtu: decode.U32(60), ifType: decode.U32(64),
			operStatus: decode.U32(68), index6: decode.U32(72), transmitSpeed: decode.U64(144), receiveSpeed: decode.U64(152),
			luid: decode.U64(176),
		},
		unicast: unicastLayout{
			size: 48, next: decode.U32(8), address: decode.U32(12), addressLen: decode.U32(16), prefixOrigin: decode.U32(20),
			suffixOrigin: decode.U32(24), dadState: decode.U32(28), valid: decode.U32(32), preferred: decode.U32(36),
			prefixLen: decode.U8(44),
		},
	},
}

// layoutOf returns the layout of a program whose pointers have wordSize bytes: 4,
// or else 8.
func layoutOf(wordSize int) *layout {
	l := layouts[8]
	if wordSize == 4 {
		l = layouts[4]
	}
	return &l
}
