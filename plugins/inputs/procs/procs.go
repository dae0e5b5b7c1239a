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

	"telegraf-sysprobe/plugins/internal/options"
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
	NameInclude  []string `toml:"name_include"`
	NameExclude  []string `toml:"name_exclude"`
	UserInclude  []string `toml:"user_include"`
	UserExclude  []string `toml:"user_exclude"`
	Backend      string   `toml:"backend"`

	Log telegraf.Logger `toml:"-"`

	// open and now are replaced by tests.
	open func() (proctable.Machine, error)
	now  func() time.Time

	choice    proctable.Choice
	sweep     sysprobe.Fields // what every sweep reads
	groupings []*grouping

	machine  proctable.Machine
	snapshot sysprobe.ProcSnapshot
	rates    sysprobe.ProcRates
	history  history
	rows     []row
	details  details
	once     proctable.Once
}

// SampleConfig returns the documented configuration.
func (*Procs) SampleConfig() string { return sampleConfig }

// Init checks the options. Every error names the option, its value and the
// remedy.
func (p *Procs) Init() error {
	backend, err := proctable.Backend(p.Backend)
	if err != nil {
		return err
	}
	if p.open == nil {
		if err := sysprobe.Supported(sysprobe.FeatureProcs); err != nil {
			return err
		}
		p.open = proctable.Opener(backend, p.Log)
	}
	if err := p.checkOptions(); err != nil {
		return err
	}
	if p.choice, err = proctable.Choose(p.NameInclude, p.NameExclude, p.UserInclude, p.UserExclude); err != nil {
		return err
	}
	if p.groupings, err = newGroupings(p.GroupBy, p.GroupDetails, p.MaxGroups); err != nil {
		return err
	}
	for _, detail := range p.GroupDetails {
		p.history.want |= detailFields[detail]
	}
	p.sweep = p.sweepFields()
	return nil
}

// checkOptions checks what needs no compilation.
func (p *Procs) checkOptions() error {
	err := cmp.Or(
		options.Words("collect", p.Collect, []string{"top", "group", "process"}),
		options.Words("top_by", p.TopBy, topKeyNames()),
		options.Range("top_count", p.TopCount, 1, 1000),
		options.Words("group_details", p.GroupDetails, []string{"io", "fds", "switches"}),
		options.Range("max_groups", p.MaxGroups, 1, 100_000),
		options.Range("max_processes", p.MaxProcesses, 1, 1_000_000),
		options.Words("tag_with", p.TagWith, []string{"pid", "ppid", "status"}),
	)
	if err == nil && p.collects("top") {
		err = options.NotEmpty("top_by", p.TopBy, topKeyNames(), `"collect" has "top"`)
	}
	if err == nil && p.collects("group") {
		err = options.NotEmpty("group_by", p.GroupBy, groupKeyNames(), `"collect" has "group"`)
	}
	return err
}

// collects says whether the option collect lists that measurement.
func (p *Procs) collects(measurement string) bool { return slices.Contains(p.Collect, measurement) }

// sweepFields is the least that a sweep has to read of every process. What only
// the emitted rows need is looked up for these alone.
func (p *Procs) sweepFields() sysprobe.Fields {
	if len(p.Collect) == 0 {
		return 0
	}
	want := sysprobe.WantName
	if p.choice.NeedsUser() {
		want |= sysprobe.WantStatus
	}
	if p.collects("top") {
		for _, key := range p.TopBy {
			want |= topKeys[topKeyIndex(key)].needs
		}
	}
	if p.collects("group") {
		for _, g := range p.groupings {
			if g.hasKey("user") {
				want |= sysprobe.WantStatus
			}
		}
		want |= p.history.want
	}
	return want
}

// detailFields are the facts behind the words of the option group_details.
var detailFields = map[string]sysprobe.Fields{
	"io": sysprobe.WantIO, "fds": sysprobe.WantFDs, "switches": sysprobe.WantStatus,
}

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
	if err := p.machine.Snapshot(&p.snapshot, p.sweep); err != nil {
		return fmt.Errorf("sweep processes: %w", err)
	}
	host, err := p.machine.Host()
	if err != nil {
		acc.AddError(fmt.Errorf("read memory size and pid limit: %w", err)) // their fields are absent
	}
	rates := p.rates.Update(&p.snapshot)
	p.details.reset(p.machine, allDetails&^p.sweep)
	out := emitter{acc: acc, snapshot: &p.snapshot, memTotal: host.MemTotal, tagWith: p.TagWith}
	omitted := p.gatherRows(&out, rates)
	for _, err := range p.details.errors {
		acc.AddError(err)
	}
	out.totals(totals{
		Created: p.rates.Created(), Exited: p.rates.Exited(), PIDLimit: host.PIDLimit(), Omitted: omitted,
		Withheld: p.details.withheld, Malformed: p.details.malformed, Took: p.now().Sub(started),
	})
	p.sayOnce(omitted.Or(0))
	return nil
}

// gatherRows emits what the option collect asks for beyond the totals. It
// returns how many processes procs_process left out; absent where that is not
// collected.
func (p *Procs) gatherRows(out *emitter, rates []sysprobe.ProcRate) (omitted sysprobe.Opt[uint64]) {
	if len(p.Collect) == 0 {
		return omitted
	}
	p.chooseRows(rates)
	if p.collects("top") {
		p.gatherTop(out)
	}
	if p.collects("group") {
		p.gatherGroups(out)
	}
	if p.collects("process") {
		omitted = sysprobe.Some(p.gatherProcesses(out))
	}
	return omitted
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

// chooseRows fills p.rows with the processes that pass the filters.
func (p *Procs) chooseRows(rates []sysprobe.ProcRate) {
	var deltas []counters
	if p.collects("group") {
		deltas = p.history.update(&p.snapshot)
	}
	p.rows = p.rows[:0]
	for i := range p.snapshot.Procs {
		proc := &p.snapshot.Procs[i]
		if !p.choice.Match(p.machine, proc) {
			continue
		}
		r := row{Proc: proc, rate: &rates[i]}
		if deltas != nil {
			r.delta = &deltas[i]
		}
		p.rows = append(p.rows, r)
	}
}

// gatherTop emits the first few by each key.
func (p *Procs) gatherTop(out *emitter) {
	for _, name := range p.TopBy {
		key := &topKeys[topKeyIndex(name)]
		for rank, r := range top(p.rows, key.value, p.TopCount) {
			proc, _ := p.details.of(r.Proc) // one that is gone keeps what the sweep knew
			out.top(name, rank+1, out.describe(&proc, r.rate, p.userOf(&proc)))
		}
	}
}

// gatherGroups emits every group of every grouping.
func (p *Procs) gatherGroups(out *emitter) {
	for _, g := range p.groupings {
		for _, group := range g.update(p.rows, p.keyValue) {
			out.group(g.keys, group)
		}
	}
}

// gatherProcesses emits single processes and returns how many it left out.
func (p *Procs) gatherProcesses(out *emitter) uint64 {
	chosen := oldest(p.rows, p.MaxProcesses)
	for _, r := range chosen {
		proc, alive := p.details.of(r.Proc)
		if alive {
			out.process(out.describe(&proc, r.rate, p.userOf(&proc)))
		}
	}
	return uint64(len(p.rows) - len(chosen))
}

// userOf names the user of proc.
func (p *Procs) userOf(proc *sysprobe.Proc) string { return proctable.User(p.machine, proc) }

// keyValue is the value of a grouping key.
func (p *Procs) keyValue(key string, proc *sysprobe.Proc) string {
	if key == "user" {
		return p.userOf(proc)
	}
	return proctable.TagName(proc)
}

// sayOnce logs what would repeat at every gather.
func (p *Procs) sayOnce(omitted uint64) {
	if omitted > 0 && p.once.First("max_processes") {
		p.Log.Warnf("Option max_processes: %d of %d processes are left out of procs_process, kernel threads and the youngest; narrow the filters or raise it",
			omitted, len(p.rows))
	}
	for _, g := range p.groupings {
		if g.overflowed && p.once.First("max_groups "+g.name()) {
			p.Log.Warnf("Option max_groups: %q has more than %d groups, the rest is in the group %q; narrow the filters or raise it",
				g.name(), p.MaxGroups, restGroup)
		}
	}
	if n := p.snapshot.Denied + p.details.withheld; n > 0 && p.once.First("denied") {
		p.Log.Infof("This user may not read %d facts of other users' processes, which are left out; CAP_SYS_PTRACE allows it", n)
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
			Backend:      sysprobe.BackendAuto.String(),
			now:          time.Now,
		}
	})
}
