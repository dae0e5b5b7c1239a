package rtnl

// Message types (linux/rtnetlink.h).
const (
	TypeNewLink uint16 = 16 // RTM_NEWLINK
	TypeGetLink uint16 = 18 // RTM_GETLINK
	TypeNewAddr uint16 = 20 // RTM_NEWADDR
	TypeGetAddr uint16 = 22 // RTM_GETADDR
	TypeNewNSID uint16 = 88 // RTM_NEWNSID
	TypeGetNSID uint16 = 90 // RTM_GETNSID
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
	attrLinkOther          = 5 // IFLA_LINK
	attrLinkStats          = 7
	attrLinkMaster         = 10
	attrLinkTxQueueLen     = 13
	attrLinkOperState      = 16
	attrLinkInfo           = 18
	attrLinkAlias          = 20
	attrLinkStats64        = 23
	attrLinkExtMask        = 29
	attrLinkPromiscuity    = 30
	attrLinkCarrier        = 33
	attrLinkCarrierChanges = 35
	attrLinkNetNSID        = 37 // IFLA_LINK_NETNSID: the namespace of attrLinkOther
	attrLinkProtoDown      = 39
	attrLinkPropList       = 52
	attrLinkAltName        = 53 // in attrLinkPropList
	attrLinkPermAddress    = 54
	attrLinkProtoDownWhy   = 55 // IFLA_PROTO_DOWN_REASON
	attrLinkParentDev      = 56
	attrLinkParentBus      = 57
	attrLinkAllMulti       = 61

	attrProtoDownReasons = 2 // in attrLinkProtoDownWhy

	attrInfoKind      = 1 // in attrLinkInfo
	attrInfoData      = 2
	attrInfoSlaveKind = 4
	attrInfoSlaveData = 5
)

// Attributes of the ID of a network namespace (NETNSA_* of linux/net_namespace.h).
const (
	attrNSID   = 1
	attrNSIDFD = 3
)

// Attributes of a kind of link, in attrInfoData (IFLA_VLAN_*, IFLA_VXLAN_*,
// IFLA_MACVLAN_*, IFLA_IPVLAN_*, IFLA_BR_*, IFLA_BOND_*, IFLA_XFRM_* and
// IFLA_AMT_* of linux/if_link.h, IFLA_GRE_*, IFLA_IPTUN_* and IFLA_VTI_* of
// linux/if_tunnel.h).
const (
	attrVLANID              = 1
	attrVLANProtocol        = 5
	attrVXLANID             = 1
	attrVXLANLink           = 3
	attrVXLANExternal       = 25 // IFLA_VXLAN_COLLECT_METADATA
	attrTunnelLink          = 1  // IFLA_GRE_LINK, IFLA_IPTUN_LINK, IFLA_VTI_LINK, IFLA_XFRM_LINK
	attrAMTLink             = 4
	attrMACVLANMode         = 1
	attrIPVLANMode          = 1
	attrBridgeSTPState      = 5
	attrBridgeVLANFiltering = 7
	attrBondMode            = 1
	attrBondActiveSlave     = 2
	attrBondMIIMon          = 3
)

// Attributes of a member of a master, in attrInfoSlaveData (IFLA_BRPORT_* and
// IFLA_BOND_SLAVE_* of linux/if_link.h).
const (
	attrBridgePortState           = 1
	attrBondSlaveState            = 1
	attrBondSlaveMIIStatus        = 2
	attrBondSlaveLinkFailureCount = 3
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
