package main

import (
	"encoding/json"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"testing"
)

// link is an interface as ip -json -details -statistics address shows it.
type link struct {
	Index     int                               `json:"ifindex"`
	Name      string                            `json:"ifname"`
	MTU       int                               `json:"mtu"`
	Flags     []string                          `json:"flags"`
	Hardware  string                            `json:"address"`
	Type      string                            `json:"link_type"`
	Addresses []address                         `json:"addr_info"`
	Stats     map[string]struct{ Bytes uint64 } `json:"stats64"`
}

// address is an address there.
type address struct {
	IP   netip.Addr `json:"local"`
	Bits int        `json:"prefixlen"`
}

// hardware is the address that Wine shows: none of loopback and tunnels.
func (l *link) hardware() string {
	if l.Type != "ether" {
		return ""
	}
	return l.Hardware
}

// metric is a line of line protocol: its tags and fields by name, integers with
// the i behind and strings without quotes; its time has no name.
type metric map[string]string

// metricsOf returns the last metrics of a measurement, by the given tags. None of the
// names in them has a space, a comma or a quote.
func metricsOf(t *testing.T, lines, measurement string, tags ...string) map[string]metric {
	t.Helper()
	all := map[string]metric{}
	for line := range strings.Lines(lines) {
		parts := strings.Fields(line)
		series := strings.Split(parts[0], ",")
		if series[0] != measurement {
			continue
		}
		m := metric{"": parts[len(parts)-1]}
		for _, pair := range append(series[1:], strings.Split(strings.Join(parts[1:len(parts)-1], " "), ",")...) {
			name, value, _ := strings.Cut(pair, "=")
			m[name] = strings.Trim(value, `"`)
		}
		key := ""
		for _, tag := range tags {
			key += " " + m[tag]
		}
		if all[key][""] == m[""] {
			t.Errorf("two metrics %s of%s at %s", measurement, key, m[""])
		}
		all[key] = m
	}
	if len(all) == 0 {
		t.Errorf("no metric %s", measurement)
	}
	return all
}

// file returns the contents of the file that a variable names.
func file(t *testing.T, variable string) []byte {
	t.Helper()
	if os.Getenv(variable) == "" {
		t.Skip("needs the files of make wine")
	}
	b, err := os.ReadFile(os.Getenv(variable))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// linksOf returns what ip(8) said.
func linksOf(t *testing.T) []link {
	t.Helper()
	var links []link
	if err := json.Unmarshal(file(t, "WINE_IP_JSON"), &links); err != nil || len(links) < 4 {
		t.Fatalf("%d interfaces, %v", len(links), err)
	}
	return links
}

// check compares fields of a metric, which it takes out of all.
func check(t *testing.T, all map[string]metric, key string, want metric) {
	t.Helper()
	got := all[key]
	delete(all, key)
	if got == nil {
		t.Errorf("no metric of%s", key)
	}
	for name, value := range want {
		if got[name] != value {
			t.Errorf("%s of%s is %q, want %q", name, key, got[name], value)
		}
	}
}

// integer is a field.
func integer(n int) string { return strconv.Itoa(n) + "i" }

// last is the last address of a network.
func last(p netip.Prefix) netip.Addr {
	ip := p.Masked().Addr()
	for next := ip; p.Contains(next); next = next.Next() {
		ip = next
	}
	return ip
}

// TestAddresses compares the metrics of nicaddrs with ip(8).
func TestAddresses(t *testing.T) { compareAddresses(t, linksOf(t), string(file(t, "WINE_LINES"))) }

// compareAddresses compares the metrics of nicaddrs in lines.
func compareAddresses(t *testing.T, links []link, lines string) {
	t.Helper()
	addresses := metricsOf(t, lines, "nicaddrs", "interface", "family", "address")
	counts := metricsOf(t, lines, "nicaddrs_interface", "interface")
	for _, l := range links {
		number := map[string]int{}
		if hardware := l.hardware(); hardware != "" {
			number["link"]++
			check(t, addresses, " "+l.Name+" link "+hardware, metric{"index": integer(l.Index)})
		}
		for _, a := range l.Addresses {
			family, want := "ipv6", metric{"index": integer(l.Index), "prefix_length": integer(a.Bits), "netmask": "", "broadcast": ""}
			want["netmask"] = mask(a.IP.BitLen(), a.Bits)
			if a.IP.Is4() {
				family = "ipv4"
				if a.Bits < 31 && l.Type != "loopback" {
					want["broadcast"] = last(netip.PrefixFrom(a.IP, a.Bits)).String()
				}
			}
			number[family]++
			check(t, addresses, " "+l.Name+" "+family+" "+a.IP.String(), want)
		}
		check(t, counts, " "+l.Name, metric{
			"ipv4_count": integer(number["ipv4"]), "ipv6_count": integer(number["ipv6"]), "link_count": integer(number["link"]),
			"index": integer(l.Index),
		})
	}
	for key := range addresses {
		t.Errorf("a metric of%s, which ip(8) does not show", key)
	}
	for key := range counts {
		t.Errorf("counts of%s, which ip(8) does not show", key)
	}
}

// TestTelegraf looks at what a Telegraf for Windows got from sysprobe-execd.exe, which
// it started, and whether it could stop it.
func TestTelegraf(t *testing.T) {
	links, prefix := linksOf(t), os.Getenv("WINE_TELEGRAF")
	read := func(suffix string) string {
		b, err := os.ReadFile(prefix + suffix)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	lines, log := read(".lines"), read(".log")
	compareAddresses(t, links, lines)
	if stats := metricsOf(t, lines, "nicstats", "interface"); len(stats) != len(links) {
		t.Errorf("links %v, want %d", stats, len(links))
	}
	times := map[string]bool{}
	for line := range strings.Lines(lines) {
		if strings.HasPrefix(line, "procs ") {
			times[line[strings.LastIndexByte(line, ' '):]] = true
		}
	}
	if len(times) < 3 {
		t.Errorf("%d gathers of procs in 10 s, want one a second", len(times))
	}
	metricsOf(t, lines, "zombies")
	if strings.Contains(log, " E! ") || !strings.Contains(log, "Loaded inputs: execd") {
		t.Errorf("log:\n%s", log)
	}
	if left := read(".left"); left != "" {
		t.Errorf("Telegraf left running:\n%s", left)
	}
}

// mask is the netmask of a prefix.
func mask(length, bits int) string {
	octets := make([]byte, length/8)
	for i := range bits {
		octets[i/8] |= 0x80 >> (i % 8)
	}
	ip, _ := netip.AddrFromSlice(octets)
	return ip.String()
}

// TestLinks compares the metrics of nicstats with ip(8). To Wine every interface
// that is up is running. Bytes can have come since ip(8) ran.
func TestLinks(t *testing.T) {
	links, lines := linksOf(t), string(file(t, "WINE_LINES"))
	stats := metricsOf(t, lines, "nicstats", "interface")
	kinds := map[string]string{"loopback": "loopback", "ether": "ether", "none": "other"}
	for _, l := range links {
		key, up := " "+l.Name, "false"
		for _, flag := range l.Flags {
			if flag == "UP" {
				up = "true"
			}
		}
		for name, direction := range map[string]string{"bytes_recv": "rx", "bytes_sent": "tx"} {
			n, err := strconv.ParseUint(strings.TrimSuffix(stats[key][name], "i"), 10, 64)
			if err != nil || n < l.Stats[direction].Bytes || n > l.Stats[direction].Bytes+1<<16 {
				t.Errorf("%s of %s is %s, want %d", name, l.Name, stats[key][name], l.Stats[direction].Bytes)
			}
		}
		check(t, stats, key, metric{
			"isup": up, "mtu": integer(l.MTU), "index": integer(l.Index), "kind": kinds[l.Type], "mac": l.hardware(), "duplex": "unknown",
		})
	}
	for key := range stats {
		t.Errorf("a metric of%s, which ip(8) does not show", key)
	}
}

// TestProcesses has one process that must be there: the one that wrote the lines.
func TestProcesses(t *testing.T) {
	lines := string(file(t, "WINE_LINES"))
	totals := metricsOf(t, lines, "procs")[""]
	if n, err := strconv.Atoi(strings.TrimSuffix(totals["total"], "i")); err != nil || n < 2 || totals["backend"] != "ntapi" {
		t.Errorf("totals %v", totals)
	}
	if strings.Contains(lines, "nice_priority=") {
		t.Error("nice values, which Windows has not")
	}
	if totals["zombies"] != "0i" || totals["cpu_time_system"] == "" {
		t.Errorf("totals %v", totals)
	}
	found := false
	for _, m := range metricsOf(t, lines, "procs_top", "by", "rank", "pid") {
		found = found || m["process_name"] == "sysprobe-execd.exe"
	}
	if !found {
		t.Error("the process that uses most memory is not in procs_top")
	}
	// E29: Windows has no zombies, which is no error.
	for name, want := range map[string]string{"total": "0i", "created": "0i", "reaped": "0i"} {
		if got := metricsOf(t, lines, "zombies")[""][name]; got != want {
			t.Errorf("zombies %s is %q, want %s", name, got, want)
		}
	}
}
