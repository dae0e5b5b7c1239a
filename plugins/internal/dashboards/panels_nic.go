package dashboards

// ofInterface are the tags of an interface.
func ofInterface() []string { return []string{"netns", "interface"} }

// nicstatsOf is a field of nicstats.
func nicstatsOf(field string) Value { return Value{Measurement: "nicstats", Field: field} }

// perSecond is a counter of nicstats, times a factor.
func perSecond(field, legend string, factor int) Query {
	v := nicstatsOf(field)
	v.Rate = true
	return Query{Legend: "{interface} " + legend, By: ofInterface(), Value: v, Factor: factor}
}

// state is a gauge of nicstats.
func state(field, legend string) Query {
	return Query{Legend: "{interface} " + legend, By: ofInterface(), Value: nicstatsOf(field)}
}

// load is how much of its speed an interface uses, in percent.
func load(field, legend string) Query {
	q := perSecond(field, legend, 8)
	q.Over = &Value{Measurement: "nicstats", Field: "speed", Positive: true, Times: 10_000} // Mbit/s, and percent
	return q
}

// nicstats returns the panels of inputs.nicstats.
func nicstats() []Panel {
	return []Panel{
		{
			Title: "Link", Unit: "short", Description: "1 is up and running. What falls to 0 lost its link, or was set down.",
			Queries: []Query{state("isup_code", "")},
		},
		{
			Title: "Losses of the carrier", Description: "Steps are losses and returns, also those between two gathers.", Unit: "short",
			Queries: []Query{state("carrier_changes", "")},
		},
		{
			Title: "Traffic", Unit: "bps", Description: "In and out, in bits.",
			Queries: []Query{perSecond("bytes_recv", "in", 8), perSecond("bytes_sent", "out", 8)},
		},
		{
			Title: "Load", Unit: "percent", Description: "Of the speed. Interfaces whose speed is not known are left out.",
			Queries: []Query{load("bytes_recv", "in"), load("bytes_sent", "out")},
		},
		{Title: "Packets", Unit: "pps", Queries: []Query{perSecond("packets_recv", "in", 0), perSecond("packets_sent", "out", 0)}},
		{
			Title: "Errors", Unit: "pps", Description: "More than none points at a cable, a module or a port.",
			Queries: []Query{
				perSecond("err_in", "in", 0), perSecond("err_out", "out", 0),
				perSecond("err_in_crc", "in: checksum", 0), perSecond("err_out_carrier", "out: carrier", 0),
			},
		},
		{
			Title: "Drops", Unit: "pps", Description: "Missed are those for which the card had no room.",
			Queries: []Query{perSecond("drop_in", "in", 0), perSecond("drop_out", "out", 0), perSecond("drop_in_missed", "in: missed", 0)},
		},
		{
			Title: "Speed in Mbit/s", Unit: "short", Description: "Agreed with the other end, and the most that both ends can do.",
			Queries: []Query{state("speed", ""), state("speed_max", "at most")},
		},
		{
			Title: "Below what both ends can do", Unit: "short", Description: "1 is degraded; duplex is 1 for half and 2 for full.",
			Queries: []Query{state("degraded_code", "degraded"), state("duplex_code", "duplex")},
		},
		{
			Title: "Members of bonds, ports of bridges", Unit: "short",
			Description: "A member of a bond has a link where it is 0. A port of a bridge passes packets where it is 3.",
			Queries:     []Query{state("bond_slave_mii_code", "in its bond"), state("bridge_port_state_code", "in its bridge")},
		},
	}
}

// addresses is a field of nicaddrs_interface.
func addresses(field, legend string, rate bool) Query {
	return Query{
		Legend: "{interface} " + legend, By: ofInterface(),
		Value: Value{Measurement: "nicaddrs_interface", Field: field, Rate: rate},
	}
}

// ofAddress is a field of an address.
func ofAddress(field, family string) Query {
	return Query{
		Legend: "{interface} {address}", By: []string{"netns", "interface", "address"},
		Value: Value{Measurement: "nicaddrs", Field: field, Where: map[string]string{"family": family}},
	}
}

// nicaddrs returns the panels of inputs.nicaddrs.
func nicaddrs() []Panel {
	changes := addresses("changes", "", true)
	changes.Factor = 3600
	return []Panel{
		{
			Title: "IPv4 addresses", Unit: "short", Description: "A fall to 0 is a host that others reach no more.",
			Queries: []Query{addresses("ipv4_count", "all", false), addresses("ipv4_global_count", "global", false)},
		},
		{
			Title: "IPv6 addresses", Unit: "short", Description: "Global ones are those to keep: neither of a link, nor temporary, nor duplicates.",
			Queries: []Query{addresses("ipv6_count", "all", false), addresses("ipv6_global_count", "global", false)},
		},
		{Title: "Changes in an hour, at this rate", Unit: "short", Description: "Addresses that came or went.", Queries: []Query{changes}},
		{
			Title: "Time that leases have left", Unit: "s", Description: "A line that is not lifted again is a lease that nobody renews.",
			Queries: []Query{ofAddress("valid_lifetime", "ipv4"), ofAddress("valid_lifetime", "ipv6")},
		},
		{
			Title: "Duplicates", Unit: "short", Description: "1 is an IPv6 address that another host has too.",
			Queries: []Query{ofAddress("dadfailed_code", "ipv6")},
		},
		{
			Title: "Addresses and their prefix lengths", Unit: "short", Description: "What was there when.",
			Queries: []Query{ofAddress("prefix_length", "ipv4"), ofAddress("prefix_length", "ipv6")},
		},
	}
}
