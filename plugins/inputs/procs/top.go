package procs

import (
	"cmp"
	"slices"

	"telegraf-sysprobe/sysprobe"
)

// row is a process that takes part, with what it did since the last sweep.
type row struct {
	*sysprobe.Proc
	rate  *sysprobe.ProcRate
	delta *counters
	// gone says that it ended: all that is known besides delta are names, user
	// and origin.
	gone bool

	chosen             bool // by the filters
	selection, pattern int  // index of the table it belongs to, or none
}

// byAge orders rows by start, then PID: an order in which a row keeps its
// place until an older one ends.
func byAge(a, b row) int {
	return cmp.Or(cmp.Compare(a.ID.Start, b.ID.Start), cmp.Compare(a.ID.PID, b.ID.PID))
}

// topKey is something to rank by.
type topKey struct {
	name  string
	needs sysprobe.Fields // in the sweep
	// value is absent where it is not known, as all rates are in the first
	// sweep that sees a process.
	value func(r row) sysprobe.Opt[float64]
}

// topKeys are the words of the option top_by.
var topKeys = []topKey{
	{"cpu", 0, func(r row) sysprobe.Opt[float64] { return r.rate.CPU }},
	{"memory", 0, func(r row) sysprobe.Opt[float64] { return sysprobe.Some(float64(r.RSS)) }},
	{"io", sysprobe.WantIO, func(r row) sysprobe.Opt[float64] { return diskRate(r.rate) }},
	{"fds", sysprobe.WantFDs, func(r row) sysprobe.Opt[float64] {
		fds, known := r.FDs.Get()
		if !known {
			return sysprobe.Opt[float64]{}
		}
		return sysprobe.Some(float64(fds))
	}},
	{"threads", 0, func(r row) sysprobe.Opt[float64] { return sysprobe.Some(float64(r.Threads)) }},
	{"switches", sysprobe.WantStatus, func(r row) sysprobe.Opt[float64] { return r.rate.Switches }},
	{"faults", 0, func(r row) sysprobe.Opt[float64] { return r.rate.Faults }},
}

// topKeyNames lists the words of the option top_by.
func topKeyNames() []string {
	names := make([]string, 0, len(topKeys))
	for _, key := range topKeys {
		names = append(names, key.name)
	}
	return names
}

// topKeyIndex finds a word that checkOptions let pass.
func topKeyIndex(name string) int {
	return slices.IndexFunc(topKeys, func(k topKey) bool { return k.name == name })
}

// diskRate is what was read and written, in bytes a second.
func diskRate(rate *sysprobe.ProcRate) sysprobe.Opt[float64] {
	read, readKnown := rate.ReadBytes.Get()
	written, writeKnown := rate.WriteBytes.Get()
	if !readKnown && !writeKnown {
		return sysprobe.Opt[float64]{}
	}
	return sysprobe.Some(read + written)
}

// top returns the count rows with the highest value, the highest first and
// among equals the oldest. Rows without a value, or with zero, have no rank.
func top(rows []row, value func(row) sysprobe.Opt[float64], count int) []row {
	type entry struct {
		row
		value float64
	}
	var best []entry
	for _, r := range rows {
		e := entry{row: r, value: value(r).Or(0)}
		if e.value <= 0 || len(best) == count && e.value < best[count-1].value {
			continue
		}
		at, _ := slices.BinarySearchFunc(best, e, func(a, b entry) int {
			return cmp.Or(cmp.Compare(b.value, a.value), byAge(a.row, b.row))
		})
		best = slices.Insert(best, at, e)
		best = best[:min(len(best), count)]
	}
	ranked := make([]row, 0, len(best))
	for _, e := range best {
		ranked = append(ranked, e.row)
	}
	return ranked
}

// oldest returns at most count rows in the order of their age, kernel threads
// last.
func oldest(rows []row, count int) []row {
	sorted := slices.Clone(rows)
	slices.SortFunc(sorted, func(a, b row) int {
		if a.KernelThread != b.KernelThread {
			if b.KernelThread {
				return -1
			}
			return 1
		}
		return byAge(a, b)
	})
	return sorted[:min(len(sorted), count)]
}
