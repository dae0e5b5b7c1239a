//go:build linux

package sysprobe

import (
	"cmp"
	"errors"
	"slices"
	"sync"
)

// nicStatsClient asks rtnetlink(7) and the generic netlink family "ethtool".
type nicStatsClient struct {
	want    LinkFacts
	mu      sync.Mutex
	links   *linkReader
	ethtool *ethtoolReader
}

// newNICStatsClient opens a socket in the namespace of cfg. Whether there is
// ethtool netlink is for each snapshot to find out.
func newNICStatsClient(cfg Config) (*nicStatsClient, error) {
	return newNICStatsClientOn(
		cfg,
		func() (nlSocket, error) { return dialRoute(cfg) },
		func() (nlSocket, uint16, error) { return dialEthtool(cfg) },
	)
}

// newNICStatsClientOn is newNICStatsClient with the sockets that route and
// ethtool make; ethtool returns the ID of the family too.
func newNICStatsClientOn(cfg Config, route func() (nlSocket, error), ethtool ethtoolDialer) (*nicStatsClient, error) {
	links, err := newLinkReader(route)
	if err != nil {
		return nil, err
	}
	return &nicStatsClient{want: cfg.LinkFacts, links: links, ethtool: newEthtoolReader(cfg, ethtool)}, nil
}

// close closes both sockets.
func (c *nicStatsClient) close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return errors.Join(c.links.close(), c.ethtool.close())
}

// snapshot reads all links, and then what their drivers tell.
func (c *nicStatsClient) snapshot(dst *LinkSnapshot) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	dst.Denied, dst.Failed, dst.Late, dst.Ethtool = 0, 0, 0, nil
	if err := c.dumpLinks(dst); err != nil {
		dst.Links = dst.Links[:0]
		return err
	}
	c.ethtool.read(dst)
	return nil
}

// dumpLinks reads all links with their counters.
func (c *nicStatsClient) dumpLinks(dst *LinkSnapshot) error {
	reset := func() { dst.Links, dst.Failed = dst.Links[:0], 0 }
	err := c.links.dump(false, reset, func() *Link {
		var row *LinkStats
		dst.Links, row = extend(dst.Links)
		*row = LinkStats{
			Link:       Link{AltNames: row.Link.AltNames},
			Counters:   someIf(LinkCounters(c.links.raw.Stats), c.links.raw.HasStats),
			Supported:  row.Supported[:0],
			Advertised: row.Advertised[:0],
			Peer:       row.Peer[:0],
			FECModes:   row.FECModes[:0],
		}
		if c.want&WantLinkDetail != 0 && fillDetail(&row.Detail, &c.links.raw) != nil {
			dst.Failed++
		}
		return &row.Link
	})
	if err != nil {
		return err
	}
	if !dst.rows().sorted() {
		slices.SortFunc(dst.Links, func(a, b LinkStats) int { return cmp.Compare(a.Link.Index, b.Link.Index) })
	}
	dst.rows().nameMasters()
	if c.want&WantLinkDetail != 0 {
		dst.nameOthers()
	}
	return nil
}

// rows gives access to the links.
func (s *LinkSnapshot) rows() linkRows {
	return linkRows{n: len(s.Links), at: func(i int) *Link { return &s.Links[i].Link }}
}
