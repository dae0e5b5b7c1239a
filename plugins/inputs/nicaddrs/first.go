package nicaddrs

import (
	"strings"

	"github.com/influxdata/telegraf"

	"telegraf-sysprobe/plugins/internal/nic"
	"telegraf-sysprobe/sysprobe"
)

// firstGather finds out what the include lists match, and logs once what they do
// not.
type firstGather struct {
	interfaces    nic.FirstGather
	scopes, flags nic.Included
	ended         bool
}

// newFirstGather returns the firstGather of the options. It returns an error that
// names the option, the bad glob and the remedy.
func (n *NICAddrs) newFirstGather() (f firstGather, err error) {
	if f.interfaces, err = n.FirstGather(); err != nil {
		return f, err
	}
	if f.scopes, err = nic.NewIncluded("scope_include", "address", n.ScopeInclude); err != nil {
		return f, err
	}
	f.flags, err = nic.NewIncluded("flag_include", "address", n.FlagInclude)
	return f, err
}

// see notes an interface and its addresses.
func (f *firstGather) see(i *sysprobe.InterfaceAddrs) {
	if f.ended {
		return
	}
	f.interfaces.See(&i.Link)
	for n := range i.Addrs {
		a := &i.Addrs[n]
		f.scopes.See(a.Scope.String())
		for flag := range strings.SplitSeq(a.Flags.Text(a.Family()), ",") {
			f.flags.See(flag)
		}
	}
}

// end ends the gather.
func (f *firstGather) end(log telegraf.Logger) {
	if !f.ended {
		f.ended = true
		f.interfaces.End(log)
		f.scopes.Remark(log)
		f.flags.Remark(log)
	}
}
