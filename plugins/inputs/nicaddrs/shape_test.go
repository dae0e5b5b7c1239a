package nicaddrs

import (
	"context"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"

	"telegraf-sysprobe/plugins/internal/nic"
	"telegraf-sysprobe/plugins/internal/nic/nictest"
	"telegraf-sysprobe/plugins/internal/plugintest"
	"telegraf-sysprobe/sysprobe"
)

// richSnapshot has every fact of an interface and of addresses.
func richSnapshot() *sysprobe.AddrSnapshot {
	link := sysprobe.Link{
		Index: 2, Name: "eth0", AltNames: []string{"enp3s0", `a,b\c`}, Kind: "ether", Alias: "uplink 1%", Flags: sysprobe.FlagBroadcast,
		HardwareAddr: sysprobe.HardwareAddrFrom([]byte{2, 0, 0, 0, 0, 1}), Broadcast: sysprobe.HardwareAddrFrom([]byte{255, 255, 255, 255, 255, 255}),
		PermanentAddr: sysprobe.HardwareAddrFrom([]byte{2, 0, 0, 0, 0, 2}),
	}
	life := sysprobe.Some(time.Hour)
	return &sysprobe.AddrSnapshot{Interfaces: []sysprobe.InterfaceAddrs{{Link: link, Addrs: []sysprobe.Addr{
		{
			IP: netip.MustParseAddr("192.0.2.1"), PrefixLen: 24, Label: `eth0:a\b`, Broadcast: netip.MustParseAddr("192.0.2.255"),
			Peer: netip.MustParseAddr("192.0.2.2"), ValidLifetime: life, PreferredLifetime: life,
			RoutePriority: sysprobe.Some[uint32](7), Protocol: sysprobe.Some[uint8](2),
		},
		{IP: netip.MustParseAddr("2001:db8::1"), PrefixLen: 64},
	}}}}
}

// TestShape walks all options, which must not give one name to a tag and a field,
// and holds every field to what outputs can take.
func TestShape(t *testing.T) {
	values := map[string][]any{
		"address_as": {"tag", "field"},
		"families":   {[]string{"ipv4", "ipv6", "link"}, []string{"link"}},
		"tag_with":   {[]string(nil), []string{"alias"}, []string{"kind"}, []string{"label"}, []string{"scope"}, tagNames},
	}
	rows := []string{
		"interface_include", "interface_exclude", "kind_include", "kind_exclude", "scope_include", "scope_exclude", "flag_include", "flag_exclude",
		"namespace_include", "namespace_exclude", "namespace_paths", "watch", "report", "report_interval",
	}
	blue := filepath.Join(plugintest.TempDir(t), "blue")
	if err := os.WriteFile(blue, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	var names plugintest.Names
	plugintest.Walk(t, func() *NICAddrs { return newPlugin(t) }, values, rows, func(n *NICAddrs) {
		n.system, n.NamespacePaths = nictest.System(), []string{blue}
		n.open = func(context.Context, *nic.Opening) (nic.Source[sysprobe.AddrSnapshot], error) {
			return fakeSource(func(dst *sysprobe.AddrSnapshot) error {
				*dst = *richSnapshot()
				return nil
			}), nil
		}
		acc := plugintest.Strict{T: t}
		plugintest.Start(t, n, &acc)
		if err := n.Gather(&acc); err != nil {
			t.Fatal(err)
		}
		n.send(&acc, "blue", &sysprobe.NICEvent{
			Kind: sysprobe.NICAddressAdded, Interface: "eth0", Index: 2, New: "192.0.2.1/24", Address: netip.MustParsePrefix("192.0.2.1/24"),
		})
		names.Add(acc.GetTelegrafMetrics())
	})
	names.Check(t)
	names.CheckAlerts(t)
	names.CheckFields(t, "nicaddrs")
	names.CheckOwnTags(t, (*NICAddrs)(nil).SoleWriter())
}
