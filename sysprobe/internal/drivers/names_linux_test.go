package drivers

// What the fixtures call attributes.

// named numbers names from 1 on.
func named(names ...string) attrs {
	a := attrs{}
	for i, name := range names {
		if name != "" {
			a[uint16(i+1)] = attr{name: name}
		}
	}
	return a
}

// with has attributes inside one.
func (known attrs) with(kind uint16, nested attrs) attrs {
	known[kind] = attr{known[kind].name, nested}
	return known
}

// ifinfo are IFLA_* of linux/if_link.h.
var ifinfo = schema{attrs: named("ADDRESS", "BROADCAST", "IFNAME", "MTU", "LINK", "QDISC", "STATS", "COST", "PRIORITY", "MASTER",
	"WIRELESS", "PROTINFO", "TXQLEN", "MAP", "WEIGHT", "OPERSTATE", "LINKMODE", "LINKINFO", "NET_NS_PID", "IFALIAS",
	"NUM_VF", "VFINFO_LIST", "STATS64", "VF_PORTS", "PORT_SELF", "AF_SPEC", "GROUP", "NET_NS_FD", "EXT_MASK", "PROMISCUITY",
	"NUM_TX_QUEUES", "NUM_RX_QUEUES", "CARRIER", "PHYS_PORT_ID", "CARRIER_CHANGES", "PHYS_SWITCH_ID", "LINK_NETNSID",
	"PHYS_PORT_NAME", "PROTO_DOWN", "GSO_MAX_SEGS", "GSO_MAX_SIZE", "PAD", "XDP", "EVENT", "NEW_NETNSID", "IF_NETNSID",
	"CARRIER_UP_COUNT", "CARRIER_DOWN_COUNT", "NEW_IFINDEX", "MIN_MTU", "MAX_MTU", "PROP_LIST", "ALT_IFNAME", "PERM_ADDRESS",
	"PROTO_DOWN_REASON", "PARENT_DEV_NAME", "PARENT_DEV_BUS_NAME", "GRO_MAX_SIZE", "TSO_MAX_SIZE", "TSO_MAX_SEGS", "ALLMULTI",
	"DEVLINK_PORT", "GSO_IPV4_MAX_SIZE", "GRO_IPV4_MAX_SIZE", "DPLL_PIN", "MAX_PACING_OFFLOAD_HORIZON",
).with(18, named("INFO_KIND", "INFO_DATA", "INFO_XSTATS", "INFO_SLAVE_KIND", "INFO_SLAVE_DATA").with(2, attrs{}).with(5, attrs{}))}

// ethnlKinds are ETHTOOL_A_* of linux/ethtool_netlink.h.
var ethnlKinds = func() map[string]schema {
	header := named("DEV_INDEX", "DEV_NAME", "FLAGS")
	set := func() attrs {
		return named("BITSET_NOMASK", "BITSET_SIZE", "BITSET_BITS", "BITSET_VALUE", "BITSET_MASK")
	}
	return map[string]schema{
		"linkmodes": {true, named("LINKMODES_HEADER", "LINKMODES_AUTONEG", "LINKMODES_OURS", "LINKMODES_PEER", "LINKMODES_SPEED",
			"LINKMODES_DUPLEX", "LINKMODES_MASTER_SLAVE_CFG", "LINKMODES_MASTER_SLAVE_STATE", "LINKMODES_LANES",
			"LINKMODES_RATE_MATCHING").with(1, header).with(3, set()).with(4, set())},
		"linkstate": {true, named("LINKSTATE_HEADER", "LINKSTATE_LINK", "LINKSTATE_SQI", "LINKSTATE_SQI_MAX", "LINKSTATE_EXT_STATE",
			"LINKSTATE_EXT_SUBSTATE", "LINKSTATE_EXT_DOWN_CNT").with(1, header)},
	}
}()
