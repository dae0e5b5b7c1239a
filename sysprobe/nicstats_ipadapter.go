package sysprobe

import (
	"cmp"
	"math"
	"slices"

	"telegraf-sysprobe/sysprobe/internal/decode/ipadapter"
)

// interfaceRows fills a snapshot from the table of interfaces of Windows.
type interfaceRows struct {
	texts rowTexts
	want  LinkFacts
	rows  LinkSnapshot
}

// begin removes the rows, for new ones with the facts want.
func (r *interfaceRows) begin(want LinkFacts) { r.want, r.rows.Links = want, r.rows.Links[:0] }

// link adds an interface. It leaves out those of filter drivers, which belong to
// the interface that they filter, as the tools of Windows do, unless they are wanted.
func (r *interfaceRows) link(raw *ipadapter.Row) {
	if raw.Filter && r.want&WantFilters == 0 {
		return
	}
	var row *LinkStats
	r.rows.Links, row = extend(r.rows.Links)
	*row = LinkStats{
		Link:     Link{AltNames: row.Link.AltNames},
		Counters: Some(countersOfRow(raw)),
		RxSpeed:  speedOfWindows(raw.ReceiveSpeed),
		TxSpeed:  speedOfWindows(raw.TransmitSpeed),
	}
	r.texts.fill(&row.Link, raw)
	rx, tx := row.RxSpeed.Or(math.MaxUint32), row.TxSpeed.Or(math.MaxUint32)
	row.Speed = someIf(min(rx, tx), row.RxSpeed.Known() || row.TxSpeed.Known())
}

// linked ends the interfaces.
func (r *interfaceRows) linked() {
	slices.SortFunc(r.rows.Links, func(a, b LinkStats) int { return cmp.Compare(a.Link.Index, b.Link.Index) })
}

// speedOfWindows is a rate of bit/s in Mbit/s. It is absent where the driver does
// not know it, which is 0 or all ones, and of an interface below 1 Mbit/s.
func speedOfWindows(raw uint64) Opt[uint32] {
	speed := raw / 1e6
	return someIf(uint32(speed), speed > 0 && speed < math.MaxUint32)
}

// countersOfRow are the counters of a row. Windows counts multicast and broadcast
// packets together.
func countersOfRow(raw *ipadapter.Row) LinkCounters {
	return LinkCounters{
		RxPackets: raw.In.UnicastPackets + raw.In.OtherPackets, TxPackets: raw.Out.UnicastPackets + raw.Out.OtherPackets,
		RxErrors: raw.In.Errors, TxErrors: raw.Out.Errors,
		RxBytes: Some(raw.In.Bytes), TxBytes: Some(raw.Out.Bytes),
		RxDropped: Some(raw.In.Discards), TxDropped: Some(raw.Out.Discards),
	}
}
