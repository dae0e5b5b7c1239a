package nicstats

import (
	"telegraf-sysprobe/plugins/internal/lineproto"
	"telegraf-sysprobe/plugins/internal/metric"
	"telegraf-sysprobe/sysprobe"
)

// measurement is the name of all metrics.
const measurement = "nicstats"

// tagFacts are the words of the option tag_with: fields that stay as they are while
// an interface is in use, so that its series do not split. The value is the facts
// to ask for.
var tagFacts = map[string]sysprobe.LinkFacts{
	"alias":         0,
	"altnames":      0,
	"driver":        0,
	"groups":        0,
	"master":        0,
	"parent_bus":    0,
	"parent_dev":    0,
	"permanent_mac": 0,
	"bond_mode":     sysprobe.WantLinkDetail,
	"ipvlan_mode":   sysprobe.WantLinkDetail,
	"lower":         sysprobe.WantLinkDetail,
	"macvlan_mode":  sysprobe.WantLinkDetail,
	"peer":          sysprobe.WantLinkDetail,
	"vlan_id":       sysprobe.WantLinkDetail,
	"vlan_protocol": sysprobe.WantLinkDetail,
	"vxlan_id":      sysprobe.WantLinkDetail,
}

// fill makes s the metrics of an interface.
func (n *NICStats) fill(s *metric.Series, l *sysprobe.LinkStats, netns string) {
	s.Clear()
	setTags(s.Tags, &l.Link, netns)
	setGauges(&s.Gauges, l)
	setCounters(&s.Counters, l)
	setPorts(&s.Gauges, l, n.ports[l.Link.Index])
	for _, field := range n.TagWith {
		metric.AddFieldTag(s.Tags, &s.Gauges, field)
	}
}

// setTags sets the tags of an interface.
func setTags(tags map[string]string, l *sysprobe.Link, netns string) {
	tags["interface"] = lineproto.Tag(l.Name)
	tags["kind"] = lineproto.Tag(l.Kind)
	metric.SetTag(tags, "netns", netns)
}

// setGauges sets the fields that go up and down. A field that is not known is
// left out, except for the two that psutil has a word for: a speed of 0 and an
// unknown duplex.
func setGauges(fields *metric.Fields, s *sysprobe.LinkStats) {
	l := &s.Link
	fields.Put("index", int64(l.Index))
	fields.Put("mtu", int64(l.MTU))
	fields.Put("speed", int64(s.Speed.Or(0)))
	fields.Put("flags", l.Flags.String())
	metric.SetEnum(fields, "operstate", sysprobe.Some(l.OperState))
	metric.SetEnum(fields, "duplex", sysprobe.Some(s.Duplex))
	metric.Bool(fields, "isup", l.Flags.IsUp())
	metric.Bool(fields, "admin_up", l.Flags&sysprobe.FlagUp != 0)
	metric.Bool(fields, "running", l.Flags&sysprobe.FlagRunning != 0)
	metric.SetBool(fields, "carrier", l.Carrier)
	metric.SetBool(fields, "autoneg", s.Autoneg)
	metric.SetBool(fields, "degraded", s.Degraded)
	metric.SetInt(fields, "speed_max", s.SpeedMax)
	metric.SetInt(fields, "speed_offered", s.SpeedOffered)
	metric.SetInt(fields, "txqueuelen", l.TxQueueLen)
	metric.SetEnum(fields, "port", s.Port)
	metric.SetName(fields, "driver", s.Driver)
	metric.SetName(fields, "parent_bus", s.ParentBus)
	metric.SetName(fields, "parent_dev", s.ParentDev)
	metric.SetInt(fields, "promiscuity", s.Promiscuity)
	metric.SetInt(fields, "allmulti", s.AllMulti)
	metric.SetBool(fields, "protodown", s.ProtoDown)
	metric.SetEnum(fields, "protodown_reason", s.ProtoDownReasons)
	metric.SetText(fields, "mac", l.HardwareAddr.String())
	metric.SetText(fields, "permanent_mac", l.PermanentAddr.String())
	metric.SetName(fields, "master", l.MasterName)
	metric.SetInt(fields, "speed_recv", s.RxSpeed)
	metric.SetInt(fields, "speed_sent", s.TxSpeed)
	metric.SetText(fields, "description", l.Description)
	metric.SetText(fields, "guid", l.GUID)
	if l.LUID != 0 {
		fields.Put("luid", metric.Int(l.LUID))
	}
	metric.SetBool(fields, "hardware", l.Hardware)
	if l.Filter {
		metric.Bool(fields, "filter", true)
	}
	metric.SetName(fields, "alias", l.Alias)
	metric.SetNames(fields, "altnames", l.AltNames)
	metric.SetNames(fields, "groups", s.Groups)
	metric.SetText(fields, "modes_supported", s.Supported.String())
	metric.SetText(fields, "modes_advertised", s.Advertised.String())
	metric.SetText(fields, "modes_peer", s.Peer.String())
	metric.SetEnum(fields, "down_reason", s.DownReason)
	if detail, known := s.DownDetail.Get(); known {
		fields.Put("down_detail", s.DownReason.Or(0).Detail(detail))
		fields.Put("down_detail_code", int64(detail))
	}
	metric.SetInt(fields, "sqi", s.SQI)
	metric.SetInt(fields, "sqi_max", s.SQIMax)
	metric.SetText(fields, "fec_modes", s.FECModes.String())
	metric.SetBool(fields, "fec_auto", s.FECAuto)
	metric.SetEnum(fields, "fec_active", s.FECActive)
	metric.SetEnum(fields, "wake_on_lan", s.WakeOnLAN)
	metric.SetNames(fields, "private_flags", privateFlags(s.PrivateFlags, true))
	metric.SetNames(fields, "private_flags_off", privateFlags(s.PrivateFlags, false))
	if s.Late {
		metric.Bool(fields, "ethtool_late", true)
	}
	setDetail(fields, &s.Detail)
}

// privateFlags lists the private flags that are on, or those that are off. A
// driver can give them any names, so that these are no names of fields.
func privateFlags(flags []sysprobe.PrivateFlag, on bool) []string {
	var names []string
	for _, f := range flags {
		if f.On == on {
			names = append(names, f.Name)
		}
	}
	return names
}

// setDetail sets the fields of an interface's kind, and those of its master.
func setDetail(fields *metric.Fields, d *sysprobe.LinkDetail) {
	if d.LowerIndex != 0 {
		fields.Put("lower_index", int64(d.LowerIndex))
	}
	metric.SetInt(fields, "lower_netnsid", d.LowerNetNSID)
	metric.SetName(fields, "lower", d.LowerName)
	if d.PeerIndex != 0 {
		fields.Put("peer_index", int64(d.PeerIndex))
	}
	metric.SetInt(fields, "peer_netnsid", d.PeerNetNSID)
	metric.SetName(fields, "peer", d.PeerName)
	metric.SetInt(fields, "vlan_id", d.VLANID)
	metric.SetEnum(fields, "vlan_protocol", d.VLANProtocol)
	metric.SetInt(fields, "vxlan_id", d.VXLANID)
	metric.SetEnum(fields, "macvlan_mode", d.MACVLANMode)
	metric.SetEnum(fields, "ipvlan_mode", d.IPVLANMode)
	metric.SetEnum(fields, "bond_mode", d.BondMode)
	metric.SetInt(fields, "bond_active_slave_index", d.BondActiveSlave)
	metric.SetName(fields, "bond_active_slave", d.BondActiveSlaveName)
	metric.SetInt(fields, "bond_miimon", d.BondMIIMon)
	metric.SetEnum(fields, "bond_slave_state", d.BondSlaveState)
	metric.SetEnum(fields, "bond_slave_mii", d.BondSlaveMII)
	metric.SetEnum(fields, "bridge_stp", d.BridgeSTP)
	metric.SetBool(fields, "bridge_vlan_filtering", d.BridgeVLANFiltering)
	metric.SetEnum(fields, "bridge_port_state", d.BridgePortState)
}

// setPorts sets the number of ports of an interface that can have some: one that has,
// or that is known to be a bridge or a bond by its details.
func setPorts(fields *metric.Fields, l *sysprobe.LinkStats, ports int) {
	if ports > 0 || l.Detail.BridgeSTP.Known() || l.Detail.BondMode.Known() {
		fields.Put("ports", int64(ports))
	}
}

// setCounters sets the fields that only grow. Those that Telegraf's inputs.net
// has too have its names. Where the kernel sent no counters there are none, and
// Telegraf makes no metric.
func setCounters(fields *metric.Fields, s *sysprobe.LinkStats) {
	metric.SetInt(fields, "carrier_changes", s.Link.CarrierChanges)
	metric.SetInt(fields, "bond_slave_failures", s.Detail.BondSlaveFailures)
	c := s.Counters.Ref()
	if c == nil {
		return
	}
	fields.Put("packets_sent", metric.Int(c.TxPackets))
	fields.Put("packets_recv", metric.Int(c.RxPackets))
	fields.Put("err_out", metric.Int(c.TxErrors))
	fields.Put("err_in", metric.Int(c.RxErrors))
	metric.SetInt(fields, "bytes_sent", c.TxBytes)
	metric.SetInt(fields, "bytes_recv", c.RxBytes)
	metric.SetInt(fields, "drop_out", c.TxDropped)
	metric.SetInt(fields, "multicast", c.Multicast)
	metric.SetInt(fields, "collisions", c.Collisions)
	if d := c.Details.Ref(); d != nil {
		counterDetails(fields, d)
		// /proc/net/dev, which inputs.net and psutil read, folds the two
		// (rtnl_link_stats64 in linux/if_link.h).
		fields.Put("drop_in", metric.Int(c.RxDropped.Or(0)+d.RxMissedErrors))
	} else {
		metric.SetInt(fields, "drop_in", c.RxDropped)
	}
}

// counterDetails sets the fields of the parts of the errors, and of what is rarer.
func counterDetails(fields *metric.Fields, d *sysprobe.LinkCounterDetails) {
	for _, counter := range [...]struct {
		name  string
		value uint64
	}{
		{"err_in_length", d.RxLengthErrors},
		{"err_in_over", d.RxOverErrors},
		{"err_in_crc", d.RxCRCErrors},
		{"err_in_frame", d.RxFrameErrors},
		{"err_in_fifo", d.RxFIFOErrors},
		{"drop_in_missed", d.RxMissedErrors},
		{"err_out_aborted", d.TxAbortedErrors},
		{"err_out_carrier", d.TxCarrierErrors},
		{"err_out_fifo", d.TxFIFOErrors},
		{"err_out_heartbeat", d.TxHeartbeatErrors},
		{"err_out_window", d.TxWindowErrors},

		{"compressed_recv", d.RxCompressed},
		{"compressed_sent", d.TxCompressed},
		{"unhandled_recv", d.RxNoHandler},
	} {
		fields.Put(counter.name, metric.Int(counter.value))
	}
}
