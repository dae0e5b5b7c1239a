// Package procs is a Telegraf input that says what is running: totals by
// state, the few processes that use most, groups of processes, and single
// ones.
package procs

import (
	_ "embed"
	"time"

	"github.com/influxdata/telegraf"
	"github.com/influxdata/telegraf/plugins/inputs"

	"telegraf-sysprobe/plugins/internal/proctable"
	"telegraf-sysprobe/plugins/internal/writers"
	"telegraf-sysprobe/sysprobe"
)

//go:generate go run github.com/influxdata/telegraf/tools/readme_config_includer@v1.39.3

//go:embed sample.conf
var sampleConfig string

// Procs is the plugin.
type Procs struct {
	Options

	Log telegraf.Logger `toml:"-"`

	// open and now are replaced by tests.
	open func() (proctable.Machine, error)
	now  func() time.Time

	// hasNice is that of package sysprobe; tests replace it.
	hasNice bool

	plan    plan              // what Init made of the options
	machine proctable.Machine // open between Start and Stop
	writer  writers.Writer
	state   state   // what a gather has to know of those before
	scratch scratch // memory that every gather uses again
}

// state is what lasts from one gather to the next.
type state struct {
	taken     time.Time       // of the last snapshot
	slots     proctable.Slots // of procs_process
	rates     sysprobe.ProcRates
	history   history
	total     counters // of all processes there have been
	groupings []*grouping
	programs  programs
	notices   proctable.Once
}

// scratch is memory of one gather, which the next one fills anew.
type scratch struct {
	rows       []row
	exited     []exited
	classifier classifier
	emitter    emitterScratch
}

// release drops what rows point to, and keeps their memory.
func (s *scratch) release() {
	clear(s.rows)
	clear(s.exited)
}

// SampleConfig returns the documented configuration.
func (*Procs) SampleConfig() string { return sampleConfig }

// Start opens the process table. It returns an error that names the proc file
// system it looked for and the remedy.
func (p *Procs) Start(acc telegraf.Accumulator) error {
	machine, err := p.open()
	if err != nil {
		return err
	}
	p.machine = machine
	p.writer.Begin("procs", acc, p.Log)
	return nil
}

// Gather takes one snapshot of the process table and sends what the options
// choose of it. It returns an error where the table cannot be read.
func (p *Procs) Gather(acc telegraf.Accumulator) error {
	started := p.now()
	g, err := p.newGather(acc)
	if err != nil {
		return err
	}
	g.addUp()
	omitted := g.emitMembers()
	for _, err := range g.account.errors {
		acc.AddError(err)
	}
	g.emitTotals(omitted, started)
	g.logNotices(omitted.Or(0))
	p.scratch.release()
	return nil
}

// ProcessBackend is how the process table was read last; the zero value before the
// first gather.
func (p *Procs) ProcessBackend() sysprobe.BackendStatus { return proctable.Used(p.machine) }

// Stop closes the process table.
func (p *Procs) Stop() {
	p.writer.End()
	if p.machine == nil {
		return
	}
	if err := p.machine.Close(); err != nil {
		p.Log.Errorf("Closing the process table failed: %v", err)
	}
	p.machine = nil
}

func init() {
	var all writers.Writers
	inputs.Add("procs", func() telegraf.Input {
		return &Procs{Options: defaultOptions(), now: time.Now, hasNice: sysprobe.HasNice(), writer: all.New()}
	})
}
