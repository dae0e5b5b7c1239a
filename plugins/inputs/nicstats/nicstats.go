// Package nicstats is the Telegraf input of the state, the speed and the
// counters of network interfaces.
package nicstats

import (
	_ "embed"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"time"

	"github.com/influxdata/telegraf"
	"github.com/influxdata/telegraf/config"
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
	Collect        []string        `toml:"collect"`
	EthtoolTimeout config.Duration `toml:"ethtool_timeout"`

	Log telegraf.Logger `toml:"-"`

	open       nic.Opener[sysprobe.LinkSnapshot]
	supported  func(sysprobe.Feature) error
	reader     *nic.Reader[sysprobe.LinkSnapshot]
	interfaces nic.Choice
	remarked   map[remark]bool
}

// collectable are the words of the option collect, in the order of the facts
// that they stand for.
var collectable = []string{"detail", "modes", "link_state", "fec"}

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
	if err := options.Words("collect", n.Collect, collectable); err != nil {
		return err
	}
	if n.EthtoolTimeout <= 0 {
		return fmt.Errorf("option ethtool_timeout: %s is no time to wait; use a duration such as \"1s\"", time.Duration(n.EthtoolTimeout))
	}
	n.remarked = map[remark]bool{}
	n.reader, err = nic.NewReader(&n.Options, n.openWith)
	return err
}

// openWith opens a handle for what the options choose.
func (n *NICStats) openWith(c *sysprobe.Config) (nic.Source[sysprobe.LinkSnapshot], error) {
	for i, fact := range []sysprobe.LinkFacts{
		sysprobe.WantLinkDetail, sysprobe.WantLinkModes, sysprobe.WantLinkState, sysprobe.WantFEC,
	} {
		if slices.Contains(n.Collect, collectable[i]) {
			c.LinkFacts |= fact
		}
	}
	c.EthtoolTimeout = time.Duration(n.EthtoolTimeout)
	return n.open(c)
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
			if !n.interfaces.Match(l.Link.Name, l.Link.Kind) {
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
	if s.Late > 0 {
		once("late", n.Log.Warnf,
			"Drivers of %d interfaces did not answer within the ethtool_timeout of %s %s: what they tell is of an earlier gather, or left out",
			s.Late, time.Duration(n.EthtoolTimeout), where)
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
		return &NICStats{
			Collect:        []string{"detail"},
			EthtoolTimeout: config.Duration(time.Second),
			open:           open,
			supported:      sysprobe.Supported,
		}
	})
}

// open is sysprobe.OpenNICStats for a nic.Reader.
func open(c *sysprobe.Config) (nic.Source[sysprobe.LinkSnapshot], error) {
	return sysprobe.OpenNICStats(c)
}
