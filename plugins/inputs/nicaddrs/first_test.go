package nicaddrs

import (
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/influxdata/telegraf/testutil"

	"telegraf-sysprobe/sysprobe"
)

// TestFirstGather logs once which include lists match no interface and no address.
func TestFirstGather(t *testing.T) {
	row := sysprobe.InterfaceAddrs{
		Link: sysprobe.Link{Name: "eth0", Kind: "ether"},
		Addrs: []sysprobe.Addr{
			{IP: netip.MustParseAddr("10.0.0.1"), Flags: sysprobe.AddrPermanent | sysprobe.AddrSecondary},
			{IP: netip.MustParseAddr("fe80::1"), Scope: sysprobe.ScopeLink},
		},
	}
	for _, tt := range []struct {
		name   string
		change func(*NICAddrs)
		want   []string
	}{
		{"all match", func(n *NICAddrs) {
			n.ScopeInclude, n.FlagInclude = []string{"link", "global"}, []string{"secondary"}
		}, nil},
		{"nothing matches", func(n *NICAddrs) {
			n.InterfaceInclude, n.ScopeInclude, n.FlagInclude = []string{"wan*"}, []string{"site"}, []string{"dadfailed"}
		}, []string{
			"Option interface_include: no interface matches it yet",
			"Option scope_include: no address matches it yet",
			"Option flag_include: no address matches it yet",
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			n := newPlugin(t)
			tt.change(n)
			f, err := n.newFirstGather()
			if err != nil {
				t.Fatal(err)
			}
			log := &testutil.CaptureLogger{}
			for range 2 {
				f.see(&row)
				f.end(log)
			}
			var got []string
			for _, entry := range log.Messages() {
				got = append(got, entry.Text)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("log (-want +got):\n%s", diff)
			}
		})
	}
}
