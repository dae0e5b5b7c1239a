package rib

import "telegraf-sysprobe/sysprobe/internal/decode"

// data says where struct if_data has what, from its start.
type data struct {
	Type, LinkState, MTU, Baudrate             decode.Field
	InPackets, InErrors, OutPackets, OutErrors decode.Field
	Collisions, InBytes, OutBytes              decode.Field
	InMulticast, OutMulticast                  decode.Field
	InDrops, OutDrops, NoProto                 decode.Field
}

// header says where the header of a message has what. Size is that of the whole
// header; where Length is a field, the message says it itself. DataOffset is
// where the message says that its if_data begins, Data where it begins
// otherwise.
type header struct {
	Size                                    int
	Length, DataOffset, Addrs, Flags, Index decode.Field
	Data                                    int
	data                                    string // the name of its if_data, if it has one
}

// announce says where if_announcemsghdr has what.
type announce struct {
	Size              int
	Index, Name, What decode.Field
}

// Layout says what the routing messages of a system look like.
type Layout struct {
	version uint8
	// align is what the length of a sockaddr is rounded up to.
	align int
	// inet6 is AF_INET6; AF_INET and AF_LINK are the same everywhere.
	inet6 uint8
	// embedsScope means that link-local addresses have the index of their
	// interface in their third and fourth byte.
	embedsScope bool
	// flagBits are the bits of flags that mean something.
	flagBits uint32
	// pinned is the baudrate of links that are faster than it can say, beside
	// all ones.
	pinned uint64
	// rounded means that programs that are not the vendor's get byte counters
	// rounded down and of 32 bits.
	rounded bool
	// states are what numbers of ifi_link_state mean.
	states []LinkState
	// links and addrs are the messages about links and addresses, deleted those
	// about addresses that are gone, by type.
	links, longLinks map[uint8]header
	addrs, longAddrs map[uint8]header
	deleted          uint64 // a bit for each type
	announceType     uint8
	announce         announce
	lostType         uint8 // RTM_DESYNC, or 0
}

// Types of messages: net/route.h.
const (
	typeOldAddr    = 0x0c // RTM_NEWADDR; RTM_ONEWADDR of NetBSD 8
	typeOldDelAddr = 0x0d // RTM_DELADDR; RTM_ODELADDR of NetBSD 8
	typeInfo       = 0x0e // RTM_IFINFO
	typeInfo2      = 0x12 // RTM_IFINFO2 of macOS
	typeNetInfo    = 0x14 // RTM_IFINFO of NetBSD
	typeNetAddr    = 0x16 // RTM_NEWADDR of NetBSD 8
	typeNetDelAddr = 0x17 // RTM_DELADDR of NetBSD 8
)

// bsdAddr is ifa_msghdr of FreeBSD and macOS.
var bsdAddr = [...]header{{Size: 20, Addrs: decode.U32(4), Flags: decode.U32(8), Index: decode.U16(12)}}

// layouts are those of the systems, by name.
var layouts = map[string]Layout{
	"freebsd": {
		version: 5, align: 8, inet6: 28, flagBits: 0xffffffff, states: upDown[:],
		links: map[uint8]header{
			typeInfo: {Size: 168, Addrs: decode.U32(4), Flags: decode.U32(8), Index: decode.U16(12), Data: 16, data: "freebsd"},
		},
		longLinks: map[uint8]header{
			typeInfo: {
				Size: 24, Length: decode.U16(16), DataOffset: decode.U16(18), Addrs: decode.U32(4), Flags: decode.U32(8),
				Index: decode.U16(12), data: "freebsd",
			},
		},
		addrs: map[uint8]header{typeOldAddr: bsdAddr[0], typeOldDelAddr: bsdAddr[0]},
		longAddrs: map[uint8]header{
			typeOldAddr: {Size: 24, Length: decode.U16(16), Addrs: decode.U32(4), Flags: decode.U32(8), Index: decode.U16(12)},
		},
		deleted: 1 << typeOldDelAddr, announceType: 0x11, announce: sharedAnnounce[0],
	},
	"openbsd": {
		version: 5, align: 8, inet6: 24, embedsScope: true, flagBits: 0xffffffff, states: openbsdStates[:],
		links: map[uint8]header{
			typeInfo: {
				Size: 24, Length: decode.U16(4), Addrs: decode.U32(12), Flags: decode.U32(16), Index: decode.U16(6),
				Data: 24, data: "openbsd",
			},
		},
		addrs:   map[uint8]header{typeOldAddr: openbsdAddr[0], typeOldDelAddr: openbsdAddr[0]},
		deleted: 1 << typeOldDelAddr, announceType: 0x0f, lostType: 0x10,
		announce: announce{Size: 26, Index: decode.U16(6), What: decode.U16(8), Name: decode.Text(10, 16)},
	},
	"netbsd": {
		// The flags are 16 bits, widened with their sign.
		version: 4, align: 8, inet6: 24, embedsScope: true, flagBits: 0xffff, states: upDown[:],
		links: map[uint8]header{
			typeNetInfo: {Size: 152, Addrs: decode.U32(4), Flags: decode.U32(8), Index: decode.U16(12), Data: 16, data: "netbsd"},
		},
		addrs: map[uint8]header{
			typeOldAddr: netbsdAddr[0], typeOldDelAddr: netbsdAddr[0], typeNetAddr: netbsdAddr[1], typeNetDelAddr: netbsdAddr[1],
		},
		deleted: 1<<typeOldDelAddr | 1<<typeNetDelAddr, announceType: 0x10, announce: sharedAnnounce[0],
	},
	"darwin": {
		version: 5, align: 4, inet6: 30, embedsScope: true, flagBits: 0xffffffff, pinned: 0xffffffff, rounded: true,
		links: map[uint8]header{
			typeInfo:  {Size: 112, Addrs: decode.U32(4), Flags: decode.U32(8), Index: decode.U16(12), Data: 16, data: "darwin"},
			typeInfo2: {Size: 160, Addrs: decode.U32(4), Flags: decode.U32(8), Index: decode.U16(12), Data: 32, data: "darwin 64"},
		},
		addrs:   map[uint8]header{typeOldAddr: bsdAddr[0], typeOldDelAddr: bsdAddr[0]},
		deleted: 1 << typeOldDelAddr,
	},
}

// openbsdAddr is ifa_msghdr of OpenBSD.
var openbsdAddr = [...]header{
	{Size: 24, Length: decode.U16(4), Addrs: decode.U32(12), Flags: decode.U32(16), Index: decode.U16(6)},
}

// netbsdAddr is ifa_msghdr of NetBSD, up to 7 and from 8 on.
var netbsdAddr = [...]header{
	{Size: 24, Addrs: decode.U32(4), Flags: decode.U32(8), Index: decode.U16(16)},
	{Size: 32, Addrs: decode.U32(12), Flags: decode.U32(8), Index: decode.U16(4)},
}

// sharedAnnounce is if_announcemsghdr of FreeBSD and NetBSD.
var sharedAnnounce = [...]announce{{Size: 24, Index: decode.U16(4), Name: decode.Text(6, 16), What: decode.U16(22)}}

// LayoutOf returns the layout of a system and architecture, both as Go spells
// them, and whether there is one.
func LayoutOf(goos, goarch string) (Layout, bool) {
	switch goarch {
	case "amd64", "arm64":
	case "386", "arm":
		if goos == "darwin" {
			return Layout{}, false
		}
	default:
		return Layout{}, false
	}
	l, ok := layouts[goos]
	if goarch == "386" || goarch == "arm" {
		if goos == "freebsd" || goos == "openbsd" {
			l.align = 4 // sizeof(long)
		}
	}
	return l, ok
}
