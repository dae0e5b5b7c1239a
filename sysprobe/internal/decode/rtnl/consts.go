package rtnl

// Message types (linux/rtnetlink.h).
const (
	TypeNewLink uint16 = 16 // RTM_NEWLINK
	TypeGetLink uint16 = 18 // RTM_GETLINK
	TypeNewAddr uint16 = 20 // RTM_NEWADDR
	TypeGetAddr uint16 = 22 // RTM_GETADDR
)

// Address families of an address (linux/socket.h).
const (
	FamilyInet  uint8 = 2  // AF_INET
	FamilyInet6 uint8 = 10 // AF_INET6
)

// Attributes of a link (IFLA_* of linux/if_link.h).
const (
	attrLinkAddress        = 1
	attrLinkBroadcast      = 2
	attrLinkName           = 3
	attrLinkMTU            = 4
	attrLinkLower          = 5 // IFLA_LINK
	attrLinkStats          = 7
	attrLinkMaster         = 10
	attrLinkTxQueueLen     = 13
	attrLinkOperState      = 16
	attrLinkInfo           = 18
	attrLinkAlias          = 20
	attrLinkStats64        = 23
	attrLinkExtMask        = 29
	attrLinkCarrier        = 33
	attrLinkCarrierChanges = 35
	attrLinkNetNSID        = 37 // IFLA_LINK_NETNSID: where attrLinkLower is
	attrLinkPropList       = 52
	attrLinkAltName        = 53 // in attrLinkPropList
	attrLinkPermAddress    = 54

	attrInfoKind      = 1 // in attrLinkInfo
	attrInfoData      = 2
	attrInfoSlaveKind = 4
	attrInfoSlaveData = 5
)

// filterSkipStats is RTEXT_FILTER_SKIP_STATS of linux/rtnetlink.h, a value of
// attrLinkExtMask.
const filterSkipStats = 1 << 3

// Attributes of an address (IFA_* of linux/if_addr.h).
const (
	attrAddrAddress       = 1
	attrAddrLocal         = 2
	attrAddrLabel         = 3
	attrAddrBroadcast     = 4
	attrAddrCacheInfo     = 6
	attrAddrFlags         = 8
	attrAddrRoutePriority = 9
	attrAddrProtocol      = 11
)
