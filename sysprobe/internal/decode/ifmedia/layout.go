package ifmedia

import "telegraf-sysprobe/sysprobe/internal/decode"

// Layout says where struct ifmediareq of a system has what, and what the bits of
// its media words mean.
type Layout struct {
	// Size is that of struct ifmediareq, in bytes.
	Size                                       int
	Name, Current, Status, Active, Count, List decode.Field

	// network and subtype select bits of a word, IFM_NMASK and IFM_TMASK with
	// its extension. ethernet and wireless are networks.
	network, subtype, ethernet, wireless uint64
	// reserved are bits that no Ethernet word of the systems that were compiled
	// has: with them the subtype is one that the table does not know.
	reserved   uint64
	full, half uint64 // IFM_FDX, IFM_HDX
	speeds     map[uint32]uint32
}

// layouts are those of the systems, by name: net/if_media.h.
var layouts = map[string]Layout{
	"freebsd 64": {
		Size: 48, Name: decode.Text(0, 16), Current: decode.U32(16), Status: decode.U32(24),
		Active: decode.U32(28), Count: decode.U32(32), List: decode.U64(40),
		network: 0xe0, subtype: 0x781f, ethernet: 0x20, wireless: 0x80, reserved: 0x78000,
		full: 0x100000, half: 0x200000, speeds: freebsdSpeeds,
	},
	"freebsd 32": {
		Size: 40, Name: decode.Text(0, 16), Current: decode.U32(16), Status: decode.U32(24),
		Active: decode.U32(28), Count: decode.U32(32), List: decode.U32(36),
		network: 0xe0, subtype: 0x781f, ethernet: 0x20, wireless: 0x80, reserved: 0x78000,
		full: 0x100000, half: 0x200000, speeds: freebsdSpeeds,
	},
	"openbsd 64": {
		Size: 64, Name: decode.Text(0, 16), Current: decode.U64(16), Status: decode.U64(32),
		Active: decode.U64(40), Count: decode.U32(48), List: decode.U64(56),
		network: 0xff00, subtype: 0xff, ethernet: 0x100, wireless: 0x400, reserved: 0xfff80000,
		full: 0x10000000000, half: 0x20000000000, speeds: openbsdSpeeds,
	},
	"openbsd 32": {
		Size: 56, Name: decode.Text(0, 16), Current: decode.U64(16), Status: decode.U64(32),
		Active: decode.U64(40), Count: decode.U32(48), List: decode.U32(52),
		network: 0xff00, subtype: 0xff, ethernet: 0x100, wireless: 0x400, reserved: 0xfff80000,
		full: 0x10000000000, half: 0x20000000000, speeds: openbsdSpeeds,
	},
	"netbsd 64": {
		Size: 48, Name: decode.Text(0, 16), Current: decode.U32(16), Status: decode.U32(24),
		Active: decode.U32(28), Count: decode.U32(32), List: decode.U64(40),
		network: 0xe0, subtype: 0xe01f, ethernet: 0x20, wireless: 0x80, reserved: 0xf1800,
		full: 0x100000, half: 0x200000, speeds: netbsdSpeeds,
	},
	"netbsd 32": {
		Size: 40, Name: decode.Text(0, 16), Current: decode.U32(16), Status: decode.U32(24),
		Active: decode.U32(28), Count: decode.U32(32), List: decode.U32(36),
		network: 0xe0, subtype: 0xe01f, ethernet: 0x20, wireless: 0x80, reserved: 0xf1800,
		full: 0x100000, half: 0x200000, speeds: netbsdSpeeds,
	},
	// The structure of macOS is packed to 4 bytes.
	"darwin": {
		Size: 44, Name: decode.Text(0, 16), Current: decode.U32(16), Status: decode.U32(24),
		Active: decode.U32(28), Count: decode.U32(32), List: decode.U64(36),
		network: 0xe0, subtype: 0xf001f, ethernet: 0x20, wireless: 0x80,
		full: 0x100000, half: 0x200000, speeds: darwinSpeeds,
	},
}

// layoutNames are the names of the layouts of the systems and architectures
// whose headers were compiled.
var layoutNames = map[string]string{
	"freebsd/amd64": "freebsd 64", "freebsd/arm64": "freebsd 64", "freebsd/386": "freebsd 32", "freebsd/arm": "freebsd 32",
	"openbsd/amd64": "openbsd 64", "openbsd/arm64": "openbsd 64", "openbsd/386": "openbsd 32", "openbsd/arm": "openbsd 32",
	"netbsd/amd64": "netbsd 64", "netbsd/arm64": "netbsd 64", "netbsd/386": "netbsd 32", "netbsd/arm": "netbsd 32",
	"darwin/amd64": "darwin", "darwin/arm64": "darwin",
}

// LayoutOf returns the layout of a system and architecture, both as Go spells
// them, and whether there is one.
func LayoutOf(goos, goarch string) (Layout, bool) {
	l, ok := layouts[layoutNames[goos+"/"+goarch]]
	return l, ok
}
