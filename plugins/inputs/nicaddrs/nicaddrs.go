// Package nicaddrs is the Telegraf input of the addresses of network
// interfaces.
package nicaddrs

import (
	"context"
	_ "embed"
	"fmt"
	"runtime"
	"slices"
	"time"

	"github.com/influxdata/telegraf"
	"github.com/influxdata/telegraf/plugins/inputs"

	"telegraf-sysprobe/plugins/internal/message"
	"telegraf-sysprobe/plugins/internal/metric"
	"telegraf-sysprobe/plugins/internal/nic"
	"telegraf-sysprobe/plugins/internal/report"
	"telegraf-sysprobe/plugins/internal/writers"
	"telegraf-sysprobe/sysprobe"
)

//go:generate go run github.com/influxdata/telegraf/tools/readme_config_includer@v1.39.3

//go:embed sample.conf
var sampleConfig string

// NICAddrs is the plugin.
type NICAddrs struct {
	nic.Options
	report.Choice
	AddressAs string   `toml:"address_as"`
	Families  []string `toml:"families"`

	ScopeInclude []string `toml:"scope_include"`
	ScopeExclude []string `toml:"scope_exclude"`
	FlagInclude  []string `toml:"flag_include"`
	FlagExclude  []string `toml:"flag_exclude"`

	TagWith []string `toml:"tag_with"`
	Watch   bool     `toml:"watch"`

	Log telegraf.Logger `toml:"-"`

	open       nic.Opener[sysprobe.AddrSnapshot]
	watch      func(context.Context, *sysprobe.Config, sysprobe.NICChoice) (watcher, error)
	acc        telegraf.Accumulator // of Start, for events
	system     nic.System
	reader     *nic.Reader[sysprobe.AddrSnapshot]
	interfaces nic.Choice
	malformed  bool // was logged
	first      firstGather
	layout     layout
	rows       rows // memory of Gather
	reporter   *report.Reporter
	changes    changeCounter
	writer     writers.Writer
}

// SampleConfig returns the documented options.
func (*NICAddrs) SampleConfig() string { return sampleConfig }

// Init checks the options. It returns an error that names option, value and
// remedy, or one that wraps sysprobe.ErrNotSupported on a system whose addresses
// cannot be read.
func (n *NICAddrs) Init() error {
	if err := n.system.Supported(sysprobe.FeatureNICAddrs); err != nil {
		return fmt.Errorf("plugin nicaddrs is not supported on %s: %w", runtime.GOOS, err)
	}
	var err error
	if n.interfaces, err = n.Interfaces(); err != nil {
		return err
	}
	if n.first, err = n.newFirstGather(); err != nil {
		return err
	}
	if n.layout, err = n.newLayout(); err != nil {
		return err
	}
	if n.reporter, err = n.Reporter(); err != nil {
		return err
	}
	n.rows.layout = &n.layout
	open := n.openTable
	if n.changes.byEvents = n.Watch; n.Watch {
		open = n.openWatch
	}
	n.reader, err = nic.NewReader(&n.Options, &n.system, n.Log, open)
	return err
}

// Start opens the address table of the own namespace, or returns the error of
// that. With the option watch it begins to send events of each namespace, also of
// namespaces that appear later.
func (n *NICAddrs) Start(acc telegraf.Accumulator) error {
	n.acc = acc
	if err := n.reader.Open(); err != nil {
		return err
	}
	if n.Watch {
		n.reader.Follow()
	} else {
		n.reader.Release()
	}
	n.writer.Begin("nicaddrs", acc, n.Log)
	return nil
}

// Gather sends the addresses of each namespace, and the last row of each
// interface that is gone. It returns an error where no namespace could be read.
func (n *NICAddrs) Gather(acc telegraf.Accumulator) error {
	now := time.Now()
	n.changes.begin()
	n.reporter.Begin(now)
	read := map[string]bool{}
	err := n.reader.Gather(acc, func(netns string, s *sysprobe.AddrSnapshot) {
		read[netns] = true
		if s.Malformed > 0 && !n.malformed {
			n.malformed = true
			n.Log.Warnf("Interfaces or addresses are left out: %s of the kernel made no sense", message.Count(s.Malformed, "message"))
		}
		for i := range s.Interfaces {
			iface := &s.Interfaces[i]
			if n.first.see(iface); n.interfaces.Match(&iface.Link) {
				n.sendInterface(acc, netns, iface, now)
			}
		}
	})
	if len(read) > 0 {
		n.first.end(n.Log)
	}
	for _, row := range n.changes.end(read, n.reader.Reads) {
		s := &n.rows.row
		s.Clear()
		setInterfaceTags(s.Tags, row.name, row.netns)
		n.layout.setCounts(&s.Gauges, nil)
		s.Counters.Put("changes", row.changes)
		n.reporter.Send(acc, interfaceMeasurement, s, now)
	}
	n.reporter.End(acc)
	return err
}

// sendInterface sends the addresses of an interface.
func (n *NICAddrs) sendInterface(acc telegraf.Accumulator, netns string, iface *sysprobe.InterfaceAddrs, now time.Time) {
	r := &n.rows
	r.addresses = n.layout.addresses(r.addresses, iface)
	r.each(netns, func(row *metric.Series) { n.reporter.Send(acc, measurement, row, now) })
	r.row.Clear()
	setInterfaceTags(r.row.Tags, iface.Link.Name, netns)
	n.layout.setGauges(&r.row.Gauges, &iface.Link, r.addresses)
	r.row.Counters.Put("changes", n.changes.count(netns, &iface.Link, r.addresses))
	n.reporter.Send(acc, interfaceMeasurement, &r.row, now)
}

// Stop ends the events and a Gather that waits, closes the address tables and sends the
// last rows that were left out. A Gather that still runs must not have more to send.
func (n *NICAddrs) Stop() {
	n.writer.End()
	if err := n.reader.Close(); err != nil {
		n.Log.Debugf("Closing: %v", err)
	}
	n.reporter.Flush()
}

func init() {
	var all writers.Writers
	inputs.Add("nicaddrs", func() telegraf.Input {
		return &NICAddrs{
			writer:    all.New(),
			Choice:    report.DefaultChoice(),
			AddressAs: addressAsTag,
			Families:  slices.Clone(familyNames),
			open:      open,
			watch:     watch,
			system:    nic.ThisSystem(),
		}
	})
}

// openTable is a nic.Opener.
func (n *NICAddrs) openTable(ctx context.Context, o *nic.Opening) (nic.Source[sysprobe.AddrSnapshot], error) {
	source, err := n.open(ctx, o)
	if err == nil && o.Came {
		n.changes.come(o.Tag)
	}
	return source, err
}

// open is a nic.Opener.
func open(_ context.Context, o *nic.Opening) (nic.Source[sysprobe.AddrSnapshot], error) {
	return sysprobe.OpenNICAddrs(o.Config)
}
