package procs

import (
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/influxdata/telegraf"

	"telegraf-sysprobe/plugins/internal/proctable"
	"telegraf-sysprobe/sysprobe"
)

// gather is one call of Gather: a snapshot, the rows made of it, and what was
// read for them since.
type gather struct {
	*Procs

	snapshot *sysprobe.AccountingSnapshot
	span     span            // since the snapshot before
	missing  sysprobe.Fields // what rows show and the snapshot lacks
	host     sysprobe.Host
	out      emitter

	uid      uint32 // whose name was looked up last
	userName string // of uid; "" before the first

	rows    []row           // all processes; those that the filters choose, once choose has run
	exited  []exited        // likewise
	mains   map[string]*row // the main process of each unit; nil until needed
	total   sums
	account account
}

// newGather takes a snapshot. It returns an error where the process table
// cannot be read.
func (p *Procs) newGather(acc telegraf.Accumulator) (*gather, error) {
	want := p.wanted()
	snapshot, err := p.machine.Account(want)
	if err != nil {
		return nil, fmt.Errorf("read processes: %w", err)
	}
	g := &gather{Procs: p, snapshot: snapshot, missing: p.plan.shown &^ want, span: span{processors: 1, hasNice: p.hasNice}}
	if p.Mode == modeSolaris {
		g.span.processors = float64(max(1, p.machine.Processors()))
	}
	if g.host, err = p.machine.Host(); err != nil {
		acc.AddError(fmt.Errorf("read memory size and pid limit: %w", err)) // their fields are absent
	}
	if !p.state.taken.IsZero() {
		g.span.elapsed = snapshot.Taken.Sub(p.state.taken)
	}
	p.state.taken = snapshot.Taken
	p.state.programs.begin()
	p.state.slots.Begin(nil)
	g.out = emitter{
		emitterScratch: &p.scratch.emitter, acc: acc, snapshot: snapshot, span: g.span, tagWith: p.TagWith, slots: &p.state.slots,
	}
	return g, nil
}

// addUp makes the rows, and sums up all of them.
func (g *gather) addUp() {
	table := &g.snapshot.ProcSnapshot
	rates, deltas := g.state.rates.Update(table, g.snapshot.Exited), g.state.history.update(table)
	g.total = sums{counters: g.state.total}
	g.rows = slices.Grow(g.scratch.rows[:0], len(rates))
	for i := range g.snapshot.Procs {
		g.rows = append(g.rows, row{
			Proc: &g.snapshot.Procs[i], gather: g, rate: &rates[i], delta: &deltas[i], since: g.state.history.since(i),
			selection: none, pattern: none,
		})
		g.total.add(&g.snapshot.Procs[i], &deltas[i])
	}
	g.exited = g.scratch.exited[:0]
	for i := range g.snapshot.Exited {
		g.exited = append(g.exited, newExited(g, &g.snapshot.Exited[i]))
		g.exited[i].addTo(&g.total)
	}
	g.scratch.rows, g.scratch.exited = g.rows, g.exited
	g.state.total = g.total.counters
}

// members returns all rows, and what exited.
func (g *gather) members() iter.Seq[member] {
	return func(yield func(member) bool) {
		for i := range g.rows {
			if !yield(&g.rows[i]) {
				return
			}
		}
		for i := range g.exited {
			if !yield(&g.exited[i]) {
				return
			}
		}
	}
}

// emitMembers sends what the option collect lists. It returns how many
// processes procs_process left out; absent where that is not collected.
func (g *gather) emitMembers() (omitted sysprobe.Opt[uint64]) {
	if len(g.Collect) == 0 {
		return omitted
	}
	g.choose()
	rankings := g.rankings()
	singles, left := g.singles()
	g.ask(append(rankings, singles))
	g.emitRankings(rankings)
	if g.collects("group") {
		members := g.members()
		for _, grouping := range g.state.groupings {
			g.out.groups(grouping, grouping.update(members), g.plan.summed)
		}
	}
	if g.collects("process") {
		g.emitSingles(singles)
		g.emitSelections()
		omitted = sysprobe.Some(left)
	}
	return omitted
}

// choose drops the rows that the filters leave out, and finds the tables of the
// options select and group_pattern that the others belong to. The tables look
// at all rows: a process that is left out can have children that are not.
func (g *gather) choose() {
	for i := range g.rows {
		r := &g.rows[i]
		r.chosen = g.plan.choice.Match(r.Name, r.owner)
	}
	g.readPIDFiles()
	classifier := &g.scratch.classifier
	classifier.reset(&g.snapshot.ProcSnapshot)
	for i, found := range classifier.classify(g.rows, g.plan.selection) {
		g.rows[i].selection = found
	}
	for i, found := range classifier.classify(g.rows, g.plan.patterns) {
		g.rows[i].setPattern(found)
	}
	g.rows = slices.DeleteFunc(g.rows, func(r row) bool { return !r.chosen })
	g.exited = slices.DeleteFunc(g.exited, func(e exited) bool { return !g.plan.choice.Match(e.Name, e.owner) })
	for i := range g.exited {
		g.exited[i].pattern = firstMatch(g.plan.patterns, &g.exited[i])
	}
}

// readPIDFiles reads the files of the lists pid_file.
func (g *gather) readPIDFiles() {
	for _, conditions := range [][]condition{g.plan.selection, g.plan.patterns} {
		for i := range conditions {
			if files := conditions[i].pidFiles; files != nil {
				if err := files.read(); err != nil && g.state.notices.First("pid_file "+err.Error()) {
					g.Log.Warnf("Option pid_file: %v; its process is left out", err)
				}
			}
		}
	}
}

// user names the real user of p. Most processes have the user of the one before, and
// a lookup takes a lock and the time.
func (g *gather) user(p *sysprobe.Proc) string {
	status := p.Status.Ref()
	if p.Owner != "" || status == nil {
		return proctable.User(g.machine, p)
	}
	if g.userName == "" || g.uid != status.UID {
		g.uid, g.userName = status.UID, g.machine.UserName(status.UID)
	}
	return g.userName
}

// parentOf returns the row of the parent of r, which can be nil. It can be called
// before choose drops rows.
func (g *gather) parentOf(r *row) *row {
	at := indexOfParent(&g.snapshot.ProcSnapshot, r.Proc)
	if at == none {
		return nil
	}
	return &g.rows[at]
}

// rankings are the first few rows by each key of the option top_by; none where
// they are not collected.
func (g *gather) rankings() (rankings [][]*row) {
	if g.collects("top") {
		for _, name := range g.TopBy {
			rankings = append(rankings, top(g.rows, topKeys[topKeyIndex(name)].value, g.TopCount))
		}
	}
	return rankings
}

// singles are the rows of procs_process, none where that is not collected, and
// how many there are beyond.
func (g *gather) singles() (chosen []*row, left uint64) {
	if !g.collects("process") {
		return nil, 0
	}
	all := make([]*row, 0, len(g.rows))
	for i := range g.rows {
		if len(g.plan.selection) == 0 || g.rows[i].selection != none {
			all = append(all, &g.rows[i])
		}
	}
	chosen = oldest(all, g.MaxProcesses)
	return chosen, uint64(len(all) - len(chosen))
}

// ask asks for what is cheaper to read of all rows at once than of one after
// the other.
func (g *gather) ask(lists [][]*row) {
	var rows []*row
	for _, property := range g.plan.properties {
		if property.ask == nil {
			continue
		}
		if rows == nil {
			rows = distinct(lists)
		}
		if len(rows) > 0 {
			property.ask(g, rows)
		}
	}
}

// distinct returns the rows in lists, each once.
func distinct(lists [][]*row) (rows []*row) {
	for _, list := range lists {
		for _, r := range list {
			if !r.listed {
				r.listed = true
				rows = append(rows, r)
			}
		}
	}
	return rows
}

// emitRankings sends the first few by each key.
func (g *gather) emitRankings(rankings [][]*row) {
	for i, ranked := range rankings {
		for rank, r := range ranked {
			proc, _ := r.detailed() // a process that is gone by now keeps what the snapshot has
			shown := r.show(proc)
			g.out.top(g.TopBy[i], rank+1, &shown)
		}
	}
}

// emitSingles sends single processes, but those that are gone by now.
func (g *gather) emitSingles(rows []*row) {
	for _, r := range rows {
		if proc, alive := r.detailed(); alive {
			shown := r.show(proc)
			g.out.process(&shown)
		}
	}
}

// emitSelections sends how many processes each table of the option select chooses.
func (g *gather) emitSelections() {
	var names []string
	processes := map[string]int{}
	for i := range g.plan.selection {
		name := g.plan.selectionName(i)
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	for i := range g.rows {
		if table := g.rows[i].selection; table != none {
			processes[g.plan.selectionName(table)]++
		}
	}
	g.out.selections(names, processes)
}

// emitTotals sends the totals of a gather that began at started.
func (g *gather) emitTotals(omitted sysprobe.Opt[uint64], started time.Time) {
	g.out.totals(&totals{
		sum: &g.total, summed: g.plan.summed, span: g.span, rates: &g.state.rates, account: &g.account,
		pidLimit: g.host.PIDLimit(), omitted: omitted, gatherTime: g.now().Sub(started),
	})
}
