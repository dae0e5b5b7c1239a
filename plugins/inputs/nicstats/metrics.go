package nicstats

import (
	"math"

	"telegraf-sysprobe/plugins/internal/lineproto"
	"telegraf-sysprobe/sysprobe"
)

// measurement is the name of all metrics. Telegraf types metrics, not fields:
// what counts is a second metric of the same series.
const measurement = "nicstats"

// tagsOf returns the tags of an interface.
func tagsOf(l *sysprobe.Link, netns string) map[string]string {
	tags := map[string]string{
		"interface": lineproto.Tag(l.Name),
		"kind":      lineproto.Tag(l.Kind),
	}
	if netns != "" {
		tags["netns"] = lineproto.Tag(netns)
	}
	return tags
}

// gauges returns the fields that go up and down. What is not known is left
// out, but for what psutil has a word for: a speed of 0, an unknown duplex.
func gauges(s *sysprobe.LinkStats) map[string]any {
	l := &s.Link
	fields := map[string]any{
		"index":          int64(l.Index),
		"isup":           l.Flags.IsUp(),
		"admin_up":       l.Flags&sysprobe.FlagUp != 0,
		"running":        l.Flags&sysprobe.FlagRunning != 0,
		"flags":          l.Flags.String(),
		"operstate":      l.OperState.String(),
		"operstate_code": int64(l.OperState),
		"duplex":         s.Duplex.String(),
		"duplex_code":    int64(s.Duplex),
		"speed":          int64(s.Speed.Or(0)),
		"mtu":            int64(l.MTU),
	}
	setKnown(fields, "carrier", l.Carrier)
	setKnown(fields, "autoneg", s.Autoneg)
	setKnown(fields, "degraded", s.Degraded)
	setInt(fields, "speed_max", s.SpeedMax)
	setInt(fields, "txqueuelen", l.TxQueueLen)
	setEnum(fields, "port", s.Port)
	setText(fields, "mac", l.HardwareAddr.String())
	setText(fields, "permanent_mac", l.PermanentAddr.String())
	setText(fields, "master", l.MasterName)
	setText(fields, "alias", l.Alias)
	setText(fields, "modes_supported", s.Supported.String())
	setText(fields, "modes_advertised", s.Advertised.String())
	setText(fields, "modes_peer", s.Peer.String())
	setEnum(fields, "down_reason", s.DownReason)
	if detail, known := s.DownDetail.Get(); known {
		fields["down_detail"] = s.DownReason.Or(0).Detail(detail)
		fields["down_detail_code"] = int64(detail)
	}
	setInt(fields, "sqi", s.SQI)
	setInt(fields, "sqi_max", s.SQIMax)
	setText(fields, "fec_modes", s.FECModes.String())
	setKnown(fields, "fec_auto", s.FECAuto)
	setEnum(fields, "fec_active", s.FECActive)
	if s.Late {
		fields["ethtool_late"] = true
	}
	detail(fields, l.Kind, &s.Detail)
	return fields
}

// detail sets what the kind of an interface, or its master, adds.
func detail(fields map[string]any, kind string, d *sysprobe.LinkDetail) {
	lower := "lower"
	if kind == "veth" {
		lower = "peer"
	}
	if d.LowerIndex != 0 {
		fields[lower+"_index"] = int64(d.LowerIndex)
	}
	if id, known := d.LowerNetNSID.Get(); known {
		fields[lower+"_netnsid"] = int64(id)
	}
	setText(fields, lower, d.LowerName)
	setInt(fields, "vlan_id", d.VLANID)
	setEnum(fields, "vlan_protocol", d.VLANProtocol)
	setInt(fields, "vxlan_id", d.VXLANID)
	setEnum(fields, "macvlan_mode", d.MACVLANMode)
	setEnum(fields, "ipvlan_mode", d.IPVLANMode)
	setEnum(fields, "bond_mode", d.BondMode)
	setInt(fields, "bond_active_slave_index", d.BondActiveSlave)
	setText(fields, "bond_active_slave", d.BondActiveSlaveName)
	setInt(fields, "bond_miimon", d.BondMIIMon)
	setEnum(fields, "bond_slave_state", d.BondSlaveState)
	setEnum(fields, "bond_slave_mii", d.BondSlaveMII)
	setEnum(fields, "bridge_stp", d.BridgeSTP)
	setKnown(fields, "bridge_vlan_filtering", d.BridgeVLANFiltering)
	setEnum(fields, "bridge_port_state", d.BridgePortState)
}

// counters returns the fields that only grow, with the names that Telegraf's
// inputs.net gives to what it has too. The map is empty, which Telegraf makes
// no metric of, where the kernel sent no counters.
func counters(s *sysprobe.LinkStats) map[string]any {
	fields := map[string]any{}
	setInt(fields, "carrier_changes", s.Link.CarrierChanges)
	setInt(fields, "bond_slave_failures", s.Detail.BondSlaveFailures)
	c, known := s.Counters.Get()
	if !known {
		return fields
	}
	for _, counter := range [...]struct {
		name  string
		value uint64
	}{
		{"bytes_sent", c.TxBytes},
		{"bytes_recv", c.RxBytes},
		{"packets_sent", c.TxPackets},
		{"packets_recv", c.RxPackets},
		{"err_in", c.RxErrors},
		{"err_out", c.TxErrors},
		// /proc/net/dev, which inputs.net and psutil read, folds the two
		// (rtnl_link_stats64 in linux/if_link.h).
		{"drop_in", c.RxDropped + c.RxMissedErrors},
		{"drop_out", c.TxDropped},
		{"multicast", c.Multicast},
		{"collisions", c.Collisions},

		{"err_in_length", c.RxLengthErrors},
		{"err_in_over", c.RxOverErrors},
		{"err_in_crc", c.RxCRCErrors},
		{"err_in_frame", c.RxFrameErrors},
		{"err_in_fifo", c.RxFIFOErrors},
		{"drop_in_missed", c.RxMissedErrors},
		{"err_out_aborted", c.TxAbortedErrors},
		{"err_out_carrier", c.TxCarrierErrors},
		{"err_out_fifo", c.TxFIFOErrors},
		{"err_out_heartbeat", c.TxHeartbeatErrors},
		{"err_out_window", c.TxWindowErrors},

		{"compressed_recv", c.RxCompressed},
		{"compressed_sent", c.TxCompressed},
		{"unhandled_recv", c.RxNoHandler},
	} {
		// Line protocol has no larger integers without a special option of
		// the database and of the output.
		fields[counter.name] = int64(min(counter.value, math.MaxInt64))
	}
	return fields
}

// setKnown sets a field unless its value is absent.
func setKnown(fields map[string]any, name string, value sysprobe.Opt[bool]) {
	if v, known := value.Get(); known {
		fields[name] = v
	}
}

// setInt sets a field unless its value is absent.
func setInt(fields map[string]any, name string, value sysprobe.Opt[uint32]) {
	if v, known := value.Get(); known {
		fields[name] = int64(v)
	}
}

// enum is a number that has a name.
type enum interface {
	~uint8 | ~uint16
	String() string
}

// setEnum sets a field, and that of the number, unless the value is absent.
func setEnum[T enum](fields map[string]any, name string, value sysprobe.Opt[T]) {
	if v, known := value.Get(); known {
		fields[name] = v.String()
		fields[name+"_code"] = int64(v)
	}
}

// setText sets a field unless there is no text.
func setText(fields map[string]any, name, text string) {
	if text != "" {
		fields[name] = lineproto.Field(text)
	}
}
