package nicstats

import (
	"slices"
	"testing"

	"github.com/influxdata/telegraf"
	"github.com/influxdata/telegraf/testutil"

	"telegraf-sysprobe/plugins/internal/nic"
	"telegraf-sysprobe/plugins/internal/nic/nictest"
	"telegraf-sysprobe/plugins/internal/plugintest"
	"telegraf-sysprobe/sysprobe"
)

// TestReportChanges leaves out what does not change of ten interfaces, one of which
// receives packets now and then and loses its carrier, and restores it.
func TestReportChanges(t *testing.T) {
	const gathers = 12
	all, changes := plugintest.CheckChanges(t, gathers, func(report string) telegraf.Input {
		n, step, links := newPlugin(t), 0, newSteady(10)
		n.system, n.Report = nictest.System(), report
		n.open = func(*sysprobe.Config, sysprobe.LinkFacts) (nic.Source[sysprobe.LinkSnapshot], error) {
			return fakeSource(func(dst *answer) error {
				switch step++; step {
				case 4, 5, 9:
					links[3].Counters.Ref().RxPackets++
				case 7:
					links[3].Link.Flags &^= sysprobe.FlagRunning
				case gathers:
					links = nil
				}
				dst.Links = slices.Clone([]sysprobe.LinkStats(links))
				return nil
			}), nil
		}
		plugintest.Start(t, n, &testutil.Accumulator{})
		return n
	})
	if changes*3 > all {
		t.Errorf("sent %d metrics of %d", changes, all)
	}
}
