package ethnl

// Commands and their replies (ETHTOOL_MSG_* of linux/ethtool_netlink.h).
const (
	CmdLinkModesGet      uint8 = 4
	CmdLinkStateGet      uint8 = 6
	CmdFECGet            uint8 = 29
	CmdLinkModesGetReply uint8 = 4
	CmdLinkStateGetReply uint8 = 6
	CmdFECGetReply       uint8 = 30
)

// version is ETHTOOL_GENL_VERSION.
const version = 1

// Attributes (ETHTOOL_A_* of linux/ethtool_netlink.h).
const (
	attrHeader = 1 // of every message

	attrHeaderIndex = 1 // ETHTOOL_A_HEADER_DEV_INDEX
	attrHeaderFlags = 3

	attrModesAutoneg = 2 // ETHTOOL_A_LINKMODES_*
	attrModesOurs    = 3
	attrModesPeer    = 4
	attrModesSpeed   = 5
	attrModesDuplex  = 6

	attrStateSQI    = 3 // ETHTOOL_A_LINKSTATE_*
	attrStateSQIMax = 4
	attrStateReason = 5 // ETHTOOL_A_LINKSTATE_EXT_STATE
	attrStateDetail = 6 // ETHTOOL_A_LINKSTATE_EXT_SUBSTATE

	attrFECModes  = 2 // ETHTOOL_A_FEC_*
	attrFECAuto   = 3
	attrFECActive = 4

	attrBitsetNoMask = 1 // ETHTOOL_A_BITSET_*
	attrBitsetBits   = 3
	attrBitsetValue  = 4
	attrBitsetMask   = 5

	attrBitsBit = 1 // ETHTOOL_A_BITSET_BITS_BIT

	attrBitIndex = 1 // ETHTOOL_A_BITSET_BIT_*
	attrBitValue = 3
)

// nested is NLA_F_NESTED, which this family demands in requests.
const nested = 0x8000

// flagCompact is ETHTOOL_FLAG_COMPACT_BITSETS: bits as words, without names.
const flagCompact = 1
