// Package procs is a Telegraf input that says what is running: totals by
// state, the few processes that use most, groups of processes, and single
// ones.
package procs

import (
	"cmp"
	_ "embed"
	"fmt"
	"slices"
	"time"

	"github.com/influxdata/telegraf"
	"github.com/influxdata/telegraf/plugins/inputs"

	"telegraf-sysprobe/plugins/internal/proctable"
	"telegraf-sysprobe/sysprobe"
)

//go:generate go run github.com/influxdata/telegraf/tools/readme_config_includer@v1.39.3

//go:embed sample.conf
var sampleConfig string

// Procs is the plugin. Its options are described in sample.conf.
type Procs struct {
	Collect      []string `toml:"collect"`
	TopBy        []string `toml:"top_by"`
	TopCount     int      `toml:"top_count"`
	GroupBy      []string `toml:"group_by"`
	GroupDetails []string `toml:"group_details"`
	MaxGroups    int      `toml:"max_groups"`
	MaxProcesses int      `toml:"max_processes"`
	TagWith      []string `toml:"tag_with"`
	Properties   []string `toml:"properties"`
	Redact       []string `toml:"cmdline_redact"`
	MaxCmdline   int      `toml:"max_cmdline"`
	NameInclude  []string `toml:"name_include"`
	NameExclude  []string `toml:"name_exclude"`
	UserInclude  []string `toml:"user_include"`
	UserExclude  []string `toml:"user_exclude"`
	Backend      string   `toml:"backend"`

	Select       []Condition `toml:"select"`
	GroupPattern []Condition `toml:"group_pattern"`

	Log telegraf.Logger `toml:"-"`

	// open and now are replaced by tests.
	open func() (proctable.Machine, error)
	now  func() time.Time

	choice    proctable.Choice
	sweep     sysprobe.Fields // what every sweep reads
	shown     sysprobe.Fields // what rows of single processes show
	selection classifier
	patterns  classifier
	groupings []*grouping

	machine   proctable.Machine
	snapshot  sysprobe.ProcSnapshot
	rates     sysprobe.ProcRates
	history   history
	total     sums // of all processes
	rows      []row
	gone      []row           // what ended since the last gather
	ended     []sysprobe.Proc // of gone
	endedSums []counters      // of gone
	account   account
	details   details
	programs  programs
	inspector inspector
	out       emitter
	once      proctable.Once
}

// SampleConfig returns the documented configuration.
func (*Procs) SampleConfig() string { return sampleConfig }

// Start opens the process table. It returns an error that says where it was
// looked for.
func (p *Procs) Start(telegraf.Accumulator) error {
	machine, err := p.open()
	if err != nil {
		return err
	}
	p.machine = machine
	return nil
}

// Gather sweeps the process table once. It returns an error where there is
// none to be read.
func (p *Procs) Gather(acc telegraf.Accumulator) error {
	started := p.now()
	want := p.wanted()
	if err := p.machine.Snapshot(&p.snapshot, want); err != nil {
		return fmt.Errorf("sweep processes: %w", err)
	}
	host, err := p.machine.Host()
	if err != nil {
		acc.AddError(fmt.Errorf("read memory size and pid limit: %w", err)) // their fields are absent
	}
	p.account = account{}
	p.details.begin(p.machine, p.shown&^want, &p.account)
	p.programs.begin(p.machine, &p.account)
	p.inspector.begin(&p.programs, &p.account)
	p.addUp(p.rates.Update(&p.snapshot))
	p.out.begin(acc, &p.snapshot, host.MemTotal)
	omitted := p.gatherRows()
	for _, err := range p.account.errors {
		acc.AddError(err)
	}
	p.out.totals(totals{
		Created: p.rates.Created(), Exited: p.rates.Exited(), PIDLimit: host.PIDLimit(), Omitted: omitted,
		Withheld: p.account.withheld, Malformed: p.account.malformed, ShortLived: p.rates.ShortLived(), Took: p.now().Sub(started),
	}, &p.total)
	p.sayOnce(omitted.Or(0))
	return nil
}

// wanted is what the next sweep reads: what it has to, and what rows show
// besides where that costs nothing.
func (p *Procs) wanted() sysprobe.Fields {
	if used, err := p.machine.Backend(); err == nil && used == sysprobe.BackendBPF && len(p.Collect) > 0 {
		return p.sweep | p.shown
	}
	return p.sweep
}

// addUp fills p.rows with all processes of the sweep, and p.total with their
// sums.
func (p *Procs) addUp(rates []sysprobe.ProcRate) {
	deltas := p.history.update(&p.snapshot)
	p.total.empty()
	p.rows = p.rows[:0]
	for i := range p.snapshot.Procs {
		p.rows = append(p.rows, row{Proc: &p.snapshot.Procs[i], rate: &rates[i], delta: &deltas[i], selection: none, pattern: none})
		p.total.add(&p.rows[i], p.history.want&sysprobe.WantFDs != 0)
	}
	p.addEnded()
}

// gatherRows emits what the option collect asks for beyond the totals. It
// returns how many processes procs_process left out; absent where that is not
// collected.
func (p *Procs) gatherRows() (omitted sysprobe.Opt[uint64]) {
	if len(p.Collect) == 0 {
		return omitted
	}
	for i := range p.rows {
		p.rows[i].chosen = p.choice.Match(p.machine, p.rows[i].Proc)
	}
	p.classify()
	p.rows = slices.DeleteFunc(p.rows, func(r row) bool { return !r.chosen })
	p.gone = slices.DeleteFunc(p.gone, func(r row) bool { return !p.choice.Match(p.machine, r.Proc) })
	rankings := p.rankings()
	singles, left := p.singles()
	p.inspector.expect(append(rankings, singles)...)
	p.gatherTop(rankings)
	if p.collects("group") {
		p.gatherGroups()
	}
	if p.collects("process") {
		p.gatherProcesses(singles)
		omitted = sysprobe.Some(left)
	}
	return omitted
}

// rankings are the first few by each key; none where they are not collected.
func (p *Procs) rankings() (rankings [][]row) {
	if p.collects("top") {
		for _, name := range p.TopBy {
			rankings = append(rankings, top(p.rows, topKeys[topKeyIndex(name)].value, p.TopCount))
		}
	}
	return rankings
}

// singles are the processes to be emitted one by one, none where they are not
// collected, and how many there are beyond.
func (p *Procs) singles() (chosen []row, left uint64) {
	if !p.collects("process") {
		return nil, 0
	}
	rows := p.rows
	if len(p.selection.conditions) > 0 {
		rows = nil
		for _, r := range p.rows {
			if r.selection != none {
				rows = append(rows, r)
			}
		}
	}
	chosen = oldest(rows, p.MaxProcesses)
	return chosen, uint64(len(rows) - len(chosen))
}

// classify says of each row which tables of the options select and
// group_pattern it belongs to. Rows are as in the sweep: who is filtered out
// can have children who are not.
func (p *Procs) classify() {
	if len(p.selection.conditions) > 0 {
		for i, found := range p.selection.update(&p.snapshot, p, p.rows) {
			p.rows[i].selection = found
		}
	}
	if len(p.patterns.conditions) > 0 {
		for i, found := range p.patterns.update(&p.snapshot, p, p.rows) {
			p.rows[i].pattern = found
		}
		for i := range p.gone {
			p.gone[i].pattern = p.patterns.last(lastFacts{p}, p.gone[i].Proc)
		}
	}
}

// Stop closes the process table.
func (p *Procs) Stop() {
	if p.machine == nil {
		return
	}
	if err := p.machine.Close(); err != nil {
		p.Log.Errorf("Closing the process table failed: %v", err)
	}
	p.machine = nil
}

// gatherTop emits the first few by each key.
func (p *Procs) gatherTop(rankings [][]row) {
	for i, ranked := range rankings {
		for rank, r := range ranked {
			proc, _ := p.details.of(r.Proc) // one that is gone keeps what the sweep knew
			described := p.describe(proc, r.rate)
			p.out.top(p.TopBy[i], rank+1, &described)
		}
	}
}

// gatherGroups emits every group of every grouping.
func (p *Procs) gatherGroups() {
	for _, g := range p.groupings {
		for _, group := range g.update(p.keyValue, p.rows, p.gone) {
			p.out.group(g.keys, group)
		}
	}
}

// gatherProcesses emits single processes.
func (p *Procs) gatherProcesses(singles []row) {
	for _, r := range singles {
		proc, alive := p.details.of(r.Proc)
		if alive {
			described := p.describe(proc, r.rate)
			if r.selection != none {
				described.selection = p.selection.conditions[r.selection].as
			}
			p.out.process(&described)
		}
	}
}

// describe completes what a row shows.
func (p *Procs) describe(proc *sysprobe.Proc, rate *sysprobe.ProcRate) process {
	described := p.out.describe(proc, rate, p.userOf(proc))
	described.facts = p.inspector.facts(proc)
	return described
}

// userOf names the user of proc.
func (p *Procs) userOf(proc *sysprobe.Proc) string { return proctable.User(p.machine, proc) }

// user implements facts.
func (p *Procs) user(proc *sysprobe.Proc) (string, bool) { return p.userOf(proc), true }

// exe implements facts.
func (p *Procs) exe(proc *sysprobe.Proc) (string, bool) {
	exe, known := p.programs.exe(proc)
	return exe.Path, known
}

// cmdline implements facts.
func (p *Procs) cmdline(proc *sysprobe.Proc) (string, bool) {
	program, known := p.programs.cmdline(proc)
	return program.line, known
}

// keyValue is the value of a grouping key.
func (p *Procs) keyValue(key string, r *row) string {
	switch key {
	case "process_name":
		return proctable.TagName(r.Proc)
	case "user":
		return p.userOf(r.Proc)
	case patternKey:
		if r.pattern == none {
			return restGroup
		}
		return p.patterns.conditions[r.pattern].as
	default:
		return cmp.Or(originText(key, r.Origin), restGroup)
	}
}

// sayOnce logs what would repeat at every gather.
func (p *Procs) sayOnce(omitted uint64) {
	if omitted > 0 && p.once.First("max_processes") {
		p.Log.Warnf("Option max_processes: %d of %d processes are left out of procs_process, kernel threads and the youngest; choose fewer or raise it",
			omitted, omitted+uint64(p.MaxProcesses))
	}
	for _, g := range p.groupings {
		if g.overflowed && p.once.First("max_groups "+g.name()) {
			p.Log.Warnf("Option max_groups: %q has more than %d groups, the rest is in the group %q; narrow the filters or raise it",
				g.name(), p.MaxGroups, restGroup)
		}
	}
	if n := p.snapshot.Denied + p.account.withheld; n > 0 && p.once.First("denied") {
		p.Log.Infof("This user may not read %d facts of other users' processes, which are left out; see Privileges in the README", n)
	}
	if n := p.snapshot.EndedLost; n > 0 && p.once.First("ended_lost") {
		p.Log.Warnf("What %d processes did that ended since the last gather is in no sum: more ended than there is room for; gather more often", n)
	}
	if err := p.snapshot.EndedErr; err != nil && p.snapshot.Backend == sysprobe.BackendBPF.String() && p.once.First("ended") {
		p.Log.Infof("What begins and ends between two gathers is in no sum: %v", err)
	}
	if p.snapshot.Find(1) == nil && p.once.First("hidden") {
		p.Log.Warn("Process 1 is not to be seen, so others may be hidden too (mount option hidepid, ProtectProc= of systemd), and are not counted")
	}
}

func init() {
	inputs.Add("procs", func() telegraf.Input {
		return &Procs{
			Collect:      []string{"top"},
			TopBy:        []string{"cpu", "memory"},
			TopCount:     5,
			GroupBy:      []string{"process_name", "user"},
			MaxGroups:    200,
			MaxProcesses: 100,
			Redact:       []string{proctable.DefaultRedact},
			MaxCmdline:   1024,
			Backend:      sysprobe.BackendAuto.String(),
			now:          time.Now,
		}
	})
}
