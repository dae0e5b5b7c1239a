// Package nicstats is the Telegraf input of the state, the speed and the
// counters of network interfaces.
package nicstats

import (
	_ "embed"
	"errors"
	"fmt"
	"runtime"
	"time"

	"github.com/influxdata/telegraf"
	"github.com/influxdata/telegraf/plugins/inputs"

	"telegraf-sysprobe/plugins/internal/nic"
	"telegraf-sysprobe/plugins/internal/options"
	"telegraf-sysprobe/sysprobe"
)

//go:generate go run github.com/influxdata/telegraf/tools/readme_config_includer@v1.39.3

//go:embed sample.conf
var sampleConfig string

// NICStats is the plugin.
type NICStats struct {
	nic.Options

	Log telegraf.Logger `toml:"-"`

	open       nic.Opener[sysprobe.LinkSnapshot]
	supported  func(sysprobe.Feature) error
	reader     *nic.Reader[sysprobe.LinkSnapshot]
	interfaces options.Globs
	remarked   map[remark]bool
}

// remark is something to be said once about a namespace.
type remark struct{ netns, subject string }

// SampleConfig returns the documented options.
func (*NICStats) SampleConfig() string { return sampleConfig }

// Init checks the options. It returns an error that names option, value and
// remedy, or one that answers to sysprobe.ErrNotSupported on a system whose
// interfaces cannot be read.
func (n *NICStats) Init() error {
	if err := n.supported(sysprobe.FeatureNICStats); err != nil {
		return fmt.Errorf("plugin nicstats is not supported on %s: %w", runtime.GOOS, err)
	}
	var err error
	if n.interfaces, err = n.Interfaces(); err != nil {
		return err
	}
	n.remarked = map[remark]bool{}
	n.reader, err = nic.NewReader(&n.Options, n.open)
	return err
}

// Start opens the link table of the own namespace, or returns why it cannot.
func (n *NICStats) Start(telegraf.Accumulator) error { return n.reader.Open() }

// Gather sends the interfaces of each namespace. It returns an error where
// none could be read.
func (n *NICStats) Gather(acc telegraf.Accumulator) error {
	now := time.Now() // one time, so that gauges and counters make one point
	return n.reader.Gather(acc, func(netns string, s *sysprobe.LinkSnapshot) {
		n.remarkOn(netns, s)
		for i := range s.Links {
			l := &s.Links[i]
			if !n.interfaces.Match(l.Link.Name) {
				continue
			}
			tags := tagsOf(&l.Link, netns)
			acc.AddGauge(measurement, gauges(l), tags, now)
			acc.AddCounter(measurement, counters(l), tags, now)
		}
	})
}

// remarkOn logs, once, what is missing in every gather of a namespace.
func (n *NICStats) remarkOn(netns string, s *sysprobe.LinkSnapshot) {
	where := "here"
	if netns != "" {
		where = "in namespace " + netns
	}
	once := func(subject string, log func(string, ...any), format string, args ...any) {
		if key := (remark{netns, subject}); !n.remarked[key] {
			n.remarked[key] = true
			log(format, args...)
		}
	}
	if err := s.Ethtool; errors.Is(err, sysprobe.ErrNotSupported) {
		once("ethtool", n.Log.Infof, "Speed, duplex, autoneg and port are unknown %s: this kernel has no ethtool netlink, which came with Linux 5.6", where)
	} else if err != nil {
		once("ethtool", n.Log.Warnf, "Speed, duplex, autoneg and port are unknown %s: %v", where, err)
	}
	if s.Denied > 0 {
		once("denied", n.Log.Warnf, "Fields are left out %s: this user may not see %d facts", where, s.Denied)
	}
	if s.Failed > 0 {
		once("failed", n.Log.Warnf, "Fields are left out %s: drivers failed to tell %d facts", where, s.Failed)
	}
}

// Stop closes the link tables.
func (n *NICStats) Stop() {
	if err := n.reader.Close(); err != nil {
		n.Log.Debugf("Closing: %v", err)
	}
}

func init() {
	inputs.Add("nicstats", func() telegraf.Input {
		return &NICStats{open: open, supported: sysprobe.Supported}
	})
}

// open is sysprobe.OpenNICStats for a nic.Reader.
func open(c *sysprobe.Config) (nic.Source[sysprobe.LinkSnapshot], error) {
	return sysprobe.OpenNICStats(c)
}
