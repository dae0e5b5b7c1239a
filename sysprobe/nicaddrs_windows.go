package sysprobe

import (
	"context"

	"telegraf-sysprobe/sysprobe/internal/sys/iphlpapi"
)

// nicAddrsClient asks the IP helper.
type nicAddrsClient struct {
	shots *relay[struct{}, *AddrSnapshot]
}

func newNICAddrsClient(Config) (*nicAddrsClient, error) {
	return &nicAddrsClient{shots: newRelay(readAdapters)}, nil
}

// close waits for a snapshot that is being taken.
func (c *nicAddrsClient) close() error { return opError("close address table", "", c.shots.close()) }

// snapshot reads interfaces and adapters.
func (c *nicAddrsClient) snapshot(ctx context.Context, dst *AddrSnapshot) error {
	err := c.shots.with(ctx, struct{}{}, func(s *AddrSnapshot) {
		dst.Interfaces, s.Interfaces = s.Interfaces, dst.Interfaces
	})
	if err != nil {
		dst.Interfaces = dst.Interfaces[:0]
	}
	return opError("read addresses", "", err)
}

// readAdapters returns a reader of addresses. Where an adapter is none of the
// interfaces, it came between the two answers: both are read once more.
func readAdapters() func(struct{}) (*AddrSnapshot, error) {
	rows := &adapterRows{texts: newRowTexts()}
	var adapters iphlpapi.Adapters
	return func(struct{}) (*AddrSnapshot, error) {
		for range 2 {
			rows.begin()
			if err := iphlpapi.ReadInterfaces(rows.link); err != nil {
				return nil, err
			}
			rows.linked()
			if err := adapters.Read(rows.adapter, rows.address); err != nil {
				return nil, err
			}
			if rows.orphans == 0 {
				break
			}
		}
		return &rows.rows, nil
	}
}
