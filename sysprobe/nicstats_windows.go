package sysprobe

import (
	"context"

	"telegraf-sysprobe/sysprobe/internal/sys/iphlpapi"
)

// nicStatsClient asks the IP helper.
type nicStatsClient struct {
	shots *relay[LinkFacts, *LinkSnapshot]
}

func newNICStatsClient(Config) (*nicStatsClient, error) {
	return &nicStatsClient{shots: newRelay(readInterfaces)}, nil
}

// close waits for a snapshot that is being taken.
func (c *nicStatsClient) close() error { return opError("close link table", "", c.shots.close()) }

// snapshot reads all interfaces. Windows has no optional fact of one.
func (c *nicStatsClient) snapshot(ctx context.Context, dst *LinkSnapshot, want LinkFacts) error {
	*dst = LinkSnapshot{Links: dst.Links[:0]}
	err := c.shots.with(ctx, want, func(s *LinkSnapshot) { dst.Links, s.Links = s.Links, dst.Links })
	return opError("read links", "", err)
}

// readInterfaces returns a reader of the table of interfaces.
func readInterfaces() func(LinkFacts) (*LinkSnapshot, error) {
	rows := &interfaceRows{texts: newRowTexts()}
	return func(want LinkFacts) (*LinkSnapshot, error) {
		rows.begin(want)
		if err := iphlpapi.ReadInterfaces(rows.link); err != nil {
			return nil, err
		}
		rows.linked()
		return &rows.rows, nil
	}
}
