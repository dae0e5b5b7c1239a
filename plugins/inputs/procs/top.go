package procs

import (
	"cmp"
	"slices"

	"telegraf-sysprobe/sysprobe"
)

// byAge orders rows by start, then PID: an order in which a row keeps its
// place until an older one ends.
func byAge(a, b *row) int {
	return cmp.Or(cmp.Compare(a.ID.Start, b.ID.Start), cmp.Compare(a.ID.PID, b.ID.PID))
}

// topKey is something to rank by.
type topKey struct {
	name  string
	needs sysprobe.Fields // of the snapshot
	// value is absent where it is not known, as all rates are in the first
	// snapshot that has a process.
	value func(r *row) sysprobe.Opt[float64]
}

// topKeys are the words of the option top_by.
var topKeys = []topKey{
	{"cpu", 0, func(r *row) sysprobe.Opt[float64] { return r.rate.CPU }},
	{"memory", 0, func(r *row) sysprobe.Opt[float64] { return sysprobe.Some(float64(r.RSS)) }},
	{"memory_anon", sysprobe.WantMemory | sysprobe.WantStatus, func(r *row) sysprobe.Opt[float64] {
		anon, known := anonymous(r.Proc).Get()
		if !known {
			return sysprobe.Opt[float64]{}
		}
		return sysprobe.Some(float64(anon + r.Status.Or(sysprobe.ProcStatus{}).Swap.Or(0)))
	}},
	{"io", sysprobe.WantIO, func(r *row) sysprobe.Opt[float64] { return diskRate(r.rate) }},
	{"fds", sysprobe.WantFDs, func(r *row) sysprobe.Opt[float64] {
		fds, known := r.FDs.Get()
		if !known {
			return sysprobe.Opt[float64]{}
		}
		return sysprobe.Some(float64(fds))
	}},
	{"fd_usage", sysprobe.WantFDs | sysprobe.WantFDLimit, func(r *row) sysprobe.Opt[float64] { return fdUsage(r.Proc) }},
	{"threads", 0, func(r *row) sysprobe.Opt[float64] { return sysprobe.Some(float64(r.Threads)) }},
	{"switches", switchFields, func(r *row) sysprobe.Opt[float64] { return r.rate.Switches }},
	{"faults", 0, func(r *row) sysprobe.Opt[float64] { return r.rate.Faults }},
}

// topKeyNames lists the words of the option top_by.
func topKeyNames() []string {
	names := make([]string, 0, len(topKeys))
	for _, key := range topKeys {
		names = append(names, key.name)
	}
	return names
}

// topKeyIndex finds a word that Options.check let pass.
func topKeyIndex(name string) int {
	return slices.IndexFunc(topKeys, func(k topKey) bool { return k.name == name })
}

// anonymous is the anonymous memory that p has in RAM.
func anonymous(p *sysprobe.Proc) sysprobe.Opt[uint64] { return p.Memory.Or(sysprobe.ProcMemory{}).Anon }

// leastFDLimit is the least limit of descriptors that a use is compared with: a
// process that gave them up can have more than it is permitted to open.
const leastFDLimit = 16

// fdUsage is how many of its descriptors p has open, in percent of its limit.
func fdUsage(p *sysprobe.Proc) sysprobe.Opt[float64] {
	open, known := p.FDs.Get()
	limit, limited := p.FDLimit.Get()
	if !known || !limited || limit < leastFDLimit {
		return sysprobe.Opt[float64]{}
	}
	return sysprobe.Some(100 * float64(open) / float64(limit))
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
func top(rows []row, value func(*row) sysprobe.Opt[float64], count int) []*row {
	type entry struct {
		*row
		value float64
	}
	var best []entry
	for i := range rows {
		e := entry{row: &rows[i], value: value(&rows[i]).Or(0)}
		if e.value <= 0 || len(best) == count && e.value < best[count-1].value {
			continue
		}
		at, _ := slices.BinarySearchFunc(best, e, func(a, b entry) int {
			return cmp.Or(cmp.Compare(b.value, a.value), byAge(a.row, b.row))
		})
		best = slices.Insert(best, at, e)
		best = best[:min(len(best), count)]
	}
	ranked := make([]*row, 0, len(best))
	for _, e := range best {
		ranked = append(ranked, e.row)
	}
	return ranked
}

// oldest sorts rows by their age, kernel threads last, and returns at most
// count of them.
func oldest(rows []*row, count int) []*row {
	slices.SortFunc(rows, func(a, b *row) int {
		if a.KernelThread != b.KernelThread {
			if b.KernelThread {
				return -1
			}
			return 1
		}
		return byAge(a, b)
	})
	return rows[:min(len(rows), count)]
}
