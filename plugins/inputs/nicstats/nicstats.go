// Package nicstats is the Telegraf input of the state, the speed and the
// counters of network interfaces.
package nicstats

import (
	"cmp"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"time"

	"github.com/influxdata/telegraf"
	"github.com/influxdata/telegraf/config"
	"github.com/influxdata/telegraf/plugins/inputs"

	"telegraf-sysprobe/plugins/internal/message"
	"telegraf-sysprobe/plugins/internal/metric"
	"telegraf-sysprobe/plugins/internal/nic"
	"telegraf-sysprobe/plugins/internal/options"
	"telegraf-sysprobe/plugins/internal/report"
	"telegraf-sysprobe/sysprobe"
)

//go:generate go run github.com/influxdata/telegraf/tools/readme_config_includer@v1.39.3

//go:embed sample.conf
var sampleConfig string

// NICStats is the plugin.
type NICStats struct {
	nic.Options
	report.Choice
	Collect        []string        `toml:"collect"`
	EthtoolTimeout config.Duration `toml:"ethtool_timeout"`
	TagWith        []string        `toml:"tag_with"`

	Log telegraf.Logger `toml:"-"`

	open       func(*sysprobe.Config, sysprobe.LinkFacts) (nic.Source[sysprobe.LinkSnapshot], error)
	system     nic.System
	reader     *nic.Reader[sysprobe.LinkSnapshot]
	interfaces nic.Choice
	first      nic.FirstGather
	peers      peers
	reporter   *report.Reporter
	row        metric.Series // memory of Gather
	ports      map[int]int   // of a namespace, by the index of their master; memory of Gather
	remarked   map[remark]bool
}

// collectable are the words of the option collect, and optionalFacts the facts
// that they stand for, in the same order.
var (
	collectable   = []string{"detail", "modes", "link_state", "fec", "wake_on_lan", "private_flags", "filters"}
	optionalFacts = []sysprobe.LinkFacts{
		sysprobe.WantLinkDetail, sysprobe.WantLinkModes, sysprobe.WantLinkState, sysprobe.WantFEC,
		sysprobe.WantWakeOnLAN, sysprobe.WantPrivateFlags, sysprobe.WantFilters,
	}
)

// remark is a log entry that appears once for a namespace.
type remark struct{ netns, subject string }

// SampleConfig returns the documented options.
func (*NICStats) SampleConfig() string { return sampleConfig }

// Init checks the options. It returns an error that names option, value and
// remedy, or one that wraps sysprobe.ErrNotSupported on a system whose
// interfaces cannot be read.
func (n *NICStats) Init() error {
	if err := n.system.Supported(sysprobe.FeatureNICStats); err != nil {
		return fmt.Errorf("plugin nicstats is not supported on %s: %w", runtime.GOOS, err)
	}
	var err error
	if n.interfaces, err = n.Interfaces(); err != nil {
		return err
	}
	if n.first, err = n.FirstGather(); err != nil {
		return err
	}
	err = cmp.Or(
		options.Words("collect", n.Collect, collectable),
		options.Words("tag_with", n.TagWith, slices.Sorted(maps.Keys(tagFacts))),
	)
	if err != nil {
		return err
	}
	if n.EthtoolTimeout <= 0 {
		return fmt.Errorf("option ethtool_timeout: %s is no time to wait; use a duration such as \"1s\"", time.Duration(n.EthtoolTimeout))
	}
	if n.reporter, err = n.Reporter(); err != nil {
		return err
	}
	n.remarked, n.ports = map[remark]bool{}, map[int]int{}
	if n.reader, err = nic.NewReader(&n.Options, &n.system, n.Log, n.openWith); err != nil {
		return err
	}
	n.peers = peers{identity: n.reader.Identity, localID: sysprobe.LocalNetNSID}
	return nil
}

// openWith opens a handle for what the options choose.
func (n *NICStats) openWith(_ context.Context, o *nic.Opening) (nic.Source[sysprobe.LinkSnapshot], error) {
	o.EthtoolTimeout = time.Duration(n.EthtoolTimeout)
	var want sysprobe.LinkFacts
	for i, word := range collectable {
		if slices.Contains(n.Collect, word) {
			want |= optionalFacts[i]
		}
	}
	for _, word := range n.TagWith {
		want |= tagFacts[word]
	}
	return n.open(o.Config, want)
}

// Start opens the link table of the own namespace, or returns the error of that.
func (n *NICStats) Start(telegraf.Accumulator) error {
	if err := n.reader.Open(); err != nil {
		return err
	}
	n.reader.Release()
	return nil
}

// Gather sends the interfaces of each namespace. It returns an error where
// none could be read.
func (n *NICStats) Gather(acc telegraf.Accumulator) error {
	now := time.Now()
	var views []view
	err := n.reader.Gather(acc, func(netns string, s *sysprobe.LinkSnapshot) {
		n.remarkOn(netns, s)
		if message.LacksFiles(s.Ethtool) { // which is not said once: it can pass
			acc.AddError(fmt.Errorf("facts of drivers are missing %s: %w", whereIs(netns), message.WithFilesRemedy(s.Ethtool)))
		}
		views = append(views, view{netns, s})
	})
	n.reporter.Begin(now)
	n.send(acc, views, now)
	n.reporter.End(acc)
	if len(views) > 0 {
		n.first.End(n.Log)
	}
	maps.DeleteFunc(n.remarked, func(r remark, _ bool) bool { return !n.reader.Reads(r.netns) })
	return err
}

// send sends the interfaces of all namespaces.
func (n *NICStats) send(acc telegraf.Accumulator, views []view, now time.Time) {
	var peerNetNS map[*sysprobe.LinkStats]string
	if len(views) > 1 {
		peerNetNS = n.peers.name(context.Background(), views)
	}
	for _, v := range views {
		n.countPorts(v.snapshot)
		for i := range v.snapshot.Links {
			l := &v.snapshot.Links[i]
			if n.first.See(&l.Link); !n.interfaces.Match(&l.Link) {
				continue
			}
			n.fill(&n.row, l, v.netns)
			if netns, found := peerNetNS[l]; found {
				n.row.Gauges.Put("peer_netns", metric.Name(netns)) // the own one has no name
			}
			n.reporter.Send(acc, measurement, &n.row, now)
		}
	}
}

// countPorts counts the ports of each bridge and the members of each bond, whether the
// options choose them or not.
func (n *NICStats) countPorts(s *sysprobe.LinkSnapshot) {
	clear(n.ports)
	for i := range s.Links {
		if master := s.Links[i].Link.MasterIndex; master != 0 {
			n.ports[master]++
		}
	}
}

// whereIs says which namespace a message is about.
func whereIs(netns string) string {
	if netns == "" {
		return "here"
	}
	return "in namespace " + netns
}

// remarkOn logs, once, which fields are missing in every gather of a namespace.
func (n *NICStats) remarkOn(netns string, s *sysprobe.LinkSnapshot) {
	where := whereIs(netns)
	once := func(subject string, log func(string, ...any), format string, args ...any) {
		if key := (remark{netns, subject}); !n.remarked[key] {
			n.remarked[key] = true
			log(format, args...)
		}
	}
	if err := s.Ethtool; errors.Is(err, sysprobe.ErrNotSupported) {
		once("ethtool", n.Log.Infof, "Speed, duplex, autoneg and port are unknown %s: this kernel has no ethtool netlink, which came with Linux 5.6", where)
	} else if err != nil && !message.LacksFiles(err) {
		once("ethtool", n.Log.Warnf, "Speed, duplex, autoneg and port are unknown %s: %v", where, err)
	}
	if lacksBytes(s.Links) {
		once("bytes", n.Log.Infof, "Counters of bytes are left out %s: this kernel gives them rounded and cut to 32 bits", where)
	}
	if s.Late > 0 {
		once("late", n.Log.Warnf,
			"Drivers of %s did not answer within the ethtool_timeout of %s %s: what they report is of an earlier gather, or left out",
			message.Count(s.Late, "interface"), time.Duration(n.EthtoolTimeout), where)
	}
	if s.Malformed > 0 {
		once("malformed", n.Log.Warnf, "Interfaces are left out %s: %s of the kernel made no sense", where, message.Count(s.Malformed, "message"))
	}
	if s.Denied > 0 {
		once("denied", n.Log.Warnf, "Fields are left out %s: this user has no permission to see %s", where, message.Count(s.Denied, "fact"))
	}
	if s.Failed > 0 {
		once("failed", n.Log.Warnf, "Fields are left out %s: drivers failed to report %s", where, message.Count(s.Failed, "fact"))
	}
}

// lacksBytes reports whether an interface that packets came to has no count of bytes, as
// on macOS.
func lacksBytes(links []sysprobe.LinkStats) bool {
	for i := range links {
		if c := links[i].Counters.Ref(); c != nil && c.RxPackets > 0 && !c.RxBytes.Known() {
			return true
		}
	}
	return false
}

// Stop closes the link tables, and sends the last rows that were left out.
func (n *NICStats) Stop() {
	if err := n.reader.Close(); err != nil {
		n.Log.Debugf("Closing: %v", err)
	}
	n.reporter.Flush()
}

func init() {
	inputs.Add("nicstats", func() telegraf.Input {
		return &NICStats{
			Choice:         report.DefaultChoice(),
			Collect:        []string{"detail"},
			EthtoolTimeout: config.Duration(time.Second),
			open:           open,
			system:         nic.ThisSystem(),
		}
	})
}

// source is a handle whose snapshots have the facts want.
type source struct {
	*sysprobe.NICStats

	want sysprobe.LinkFacts
}

// Snapshot takes a snapshot. It returns the errors of the handle.
func (s source) Snapshot(ctx context.Context, dst *sysprobe.LinkSnapshot) error {
	return s.NICStats.Snapshot(ctx, dst, s.want)
}

// open opens the handle of a nic.Reader.
func open(c *sysprobe.Config, want sysprobe.LinkFacts) (nic.Source[sysprobe.LinkSnapshot], error) {
	h, err := sysprobe.OpenNICStats(c)
	if err != nil {
		return nil, err
	}
	return source{h, want}, nil
}
