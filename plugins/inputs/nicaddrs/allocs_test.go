package nicaddrs

import (
	"context"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"telegraf-sysprobe/plugins/internal/nic"
	"telegraf-sysprobe/plugins/internal/nic/nictest"
	"telegraf-sysprobe/plugins/internal/plugintest"
	"telegraf-sysprobe/sysprobe"
)

// TestAllocations holds what a gather allocates for each address, without what
// Telegraf does to make metrics. Interfaces have three addresses each.
func TestAllocations(t *testing.T) {
	const interfaces = 100
	var snapshot sysprobe.AddrSnapshot
	for i := range interfaces {
		link := sysprobe.Link{
			Index: i + 1, Name: fmt.Sprint("eth", i), Kind: "ether", Flags: sysprobe.FlagBroadcast,
			HardwareAddr: sysprobe.HardwareAddrFrom([]byte{2, 0, 0, 0, 0, byte(i)}), Broadcast: sysprobe.HardwareAddrFrom([]byte{255, 255, 255, 255, 255, 255}),
		}
		snapshot.Interfaces = append(snapshot.Interfaces, sysprobe.InterfaceAddrs{Link: link, Addrs: []sysprobe.Addr{
			{IP: netip.AddrFrom4([4]byte{10, 0, 0, byte(i)}), PrefixLen: 24, Label: link.Name, Broadcast: netip.AddrFrom4([4]byte{10, 0, 0, 255})},
			{IP: netip.MustParseAddr(fmt.Sprintf("2001:db8::%x", i+1)), PrefixLen: 64, ValidLifetime: sysprobe.Some(time.Hour)},
		}})
	}
	for _, as := range []string{addressAsTag, addressAsField} {
		n := newPlugin(t)
		n.system, n.AddressAs = nictest.System(), as
		n.open = func(context.Context, *nic.Opening) (nic.Source[sysprobe.AddrSnapshot], error) {
			return fakeSource(func(dst *sysprobe.AddrSnapshot) error {
				dst.Interfaces = append(dst.Interfaces[:0], snapshot.Interfaces...)
				return nil
			}), nil
		}
		plugintest.Start(t, n, nil)
		per := plugintest.OwnAllocs(t, n.Gather) / (3 * interfaces)
		if per > 12 {
			t.Errorf("%s: %.1f allocations an address, want at most 12", as, per)
		}
	}
}
