// Package nicaddrs is the Telegraf input of the addresses of network
// interfaces.
package nicaddrs

import (
	_ "embed"
	"fmt"
	"runtime"
	"slices"
	"time"

	"github.com/influxdata/telegraf"
	"github.com/influxdata/telegraf/plugins/inputs"

	"telegraf-sysprobe/plugins/internal/nic"
	"telegraf-sysprobe/sysprobe"
)

//go:generate go run github.com/influxdata/telegraf/tools/readme_config_includer@v1.39.3

//go:embed sample.conf
var sampleConfig string

// NICAddrs is the plugin.
type NICAddrs struct {
	nic.Options
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
	watch      func(*sysprobe.Config) (watcher, error)
	acc        telegraf.Accumulator // of Start, for events
	supported  func(sysprobe.Feature) error
	reader     *nic.Reader[sysprobe.AddrSnapshot]
	interfaces nic.Choice
	layout     layout
	changes    changeCounter
}

// SampleConfig returns the documented options.
func (*NICAddrs) SampleConfig() string { return sampleConfig }

// Init checks the options. It returns an error that names option, value and
// remedy, or one that answers to sysprobe.ErrNotSupported on a system whose
// addresses cannot be read.
func (n *NICAddrs) Init() error {
	if err := n.supported(sysprobe.FeatureNICAddrs); err != nil {
		return fmt.Errorf("plugin nicaddrs is not supported on %s: %w", runtime.GOOS, err)
	}
	var err error
	if n.interfaces, err = n.Interfaces(); err != nil {
		return err
	}
	if n.layout, err = n.newLayout(); err != nil {
		return err
	}
	open := n.open
	if n.Watch {
		open = n.openWatch
	}
	n.reader, err = nic.NewReader(&n.Options, open)
	return err
}

// Start opens the address table of the own namespace, or returns why it
// cannot. With the option watch it begins to send events of each namespace,
// also of those that appear later.
func (n *NICAddrs) Start(acc telegraf.Accumulator) error {
	n.acc = acc
	if err := n.reader.Open(); err != nil || !n.Watch {
		return err
	}
	n.reader.Follow()
	return nil
}

// Gather sends the addresses of each namespace. It returns an error where none
// could be read.
func (n *NICAddrs) Gather(acc telegraf.Accumulator) error {
	now := time.Now() // one time for both halves of nicaddrs_interface
	defer n.changes.keep(n.reader.Reads)
	return n.reader.Gather(acc, func(netns string, s *sysprobe.AddrSnapshot) {
		for i := range s.Interfaces {
			iface := &s.Interfaces[i]
			if !n.interfaces.Match(iface.Link.Name, iface.Link.Kind) {
				continue
			}
			addresses := n.layout.addresses(iface)
			for _, p := range n.layout.points(addresses, netns) {
				acc.AddGauge(measurement, p.fields, p.tags, now)
			}
			tags := interfaceTags(iface.Link.Name, netns)
			changes := n.changes.count(netns, iface.Link.Name, addresses)
			acc.AddGauge(interfaceMeasurement, n.layout.gauges(&iface.Link, addresses), tags, now)
			acc.AddCounter(interfaceMeasurement, changesField(changes), tags, now)
		}
		n.changes.sweep(netns)
	})
}

// Stop ends the events and closes the address tables.
func (n *NICAddrs) Stop() {
	if err := n.reader.Close(); err != nil {
		n.Log.Debugf("Closing: %v", err)
	}
}

func init() {
	inputs.Add("nicaddrs", func() telegraf.Input {
		return &NICAddrs{
			AddressAs: addressAsTag,
			Families:  slices.Clone(familyNames),
			open:      open,
			watch:     watch,
			supported: sysprobe.Supported,
		}
	})
}

// open is sysprobe.OpenNICAddrs for a nic.Reader.
func open(c *sysprobe.Config) (nic.Source[sysprobe.AddrSnapshot], error) {
	return sysprobe.OpenNICAddrs(c)
}
