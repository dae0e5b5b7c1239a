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
	if port, known := s.Port.Get(); known {
		fields["port"] = port.String()
		fields["port_code"] = int64(port)
	}
	setText(fields, "mac", l.HardwareAddr.String())
	setText(fields, "permanent_mac", l.PermanentAddr.String())
	setText(fields, "master", l.MasterName)
	setText(fields, "alias", l.Alias)
	return fields
}

// counters returns the fields that only grow, with the names that Telegraf's
// inputs.net gives to what it has too. The map is empty, which Telegraf makes
// no metric of, where the kernel sent no counters.
func counters(s *sysprobe.LinkStats) map[string]any {
	fields := map[string]any{}
	setInt(fields, "carrier_changes", s.Link.CarrierChanges)
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

// setText sets a field unless there is no text.
func setText(fields map[string]any, name, text string) {
	if text != "" {
		fields[name] = lineproto.Field(text)
	}
}
