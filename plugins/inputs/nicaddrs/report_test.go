package nicaddrs

import (
	"context"
	"net/netip"
	"testing"

	"github.com/influxdata/telegraf"
	"github.com/influxdata/telegraf/testutil"

	"telegraf-sysprobe/plugins/internal/nic"
	"telegraf-sysprobe/plugins/internal/nic/nictest"
	"telegraf-sysprobe/plugins/internal/plugintest"
	"telegraf-sysprobe/sysprobe"
)

// TestReportChanges leaves out what does not change of an interface that gets an
// address and loses it, beside one that stays as it is, and restores it.
func TestReportChanges(t *testing.T) {
	quiet := richSnapshot().Interfaces[0]
	quiet.Link.Name, quiet.Link.Index = "eth1", 3
	steps := []int{0, 0, 0, 1, 1, 1, 0, 0, -1, -1, 0, 0} // how many further addresses eth0 has; -1: it is not there
	gathers := len(steps) + 2
	all, changes := plugintest.CheckChanges(t, gathers, func(report string) telegraf.Input {
		n, step := newPlugin(t), -1
		n.system, n.Report = nictest.System(), report
		n.open = func(context.Context, *nic.Opening) (nic.Source[sysprobe.AddrSnapshot], error) {
			return fakeSource(func(dst *sysprobe.AddrSnapshot) error {
				*dst = sysprobe.AddrSnapshot{}
				if step++; step >= len(steps) {
					return nil
				}
				if dst.Interfaces = append(dst.Interfaces, quiet); steps[step] >= 0 {
					loud := richSnapshot().Interfaces[0]
					if step > 8 { // it came back as another one
						loud.Link.Index = 4
					}
					if steps[step] > 0 {
						loud.Addrs = append(loud.Addrs, sysprobe.Addr{IP: netip.MustParseAddr("192.0.2.9"), PrefixLen: 24})
					}
					dst.Interfaces = append(dst.Interfaces, loud)
				}
				return nil
			}), nil
		}
		plugintest.Start(t, n, &testutil.Accumulator{})
		return n
	})
	if changes*2 > all {
		t.Errorf("sent %d metrics of %d", changes, all)
	}
}
