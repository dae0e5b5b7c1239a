// Package zombies is a Telegraf input that says which processes are dead and
// not reaped, for how long, and whose fault that is.
package zombies

import (
	"cmp"
	_ "embed"
	"errors"
	"fmt"
	"math"
	"runtime"
	"slices"
	"time"

	"github.com/influxdata/telegraf"
	"github.com/influxdata/telegraf/config"
	"github.com/influxdata/telegraf/plugins/inputs"

	"telegraf-sysprobe/plugins/internal/lineproto"
	"telegraf-sysprobe/plugins/internal/options"
	"telegraf-sysprobe/plugins/internal/proctable"
	"telegraf-sysprobe/sysprobe"
)

//go:generate go run github.com/influxdata/telegraf/tools/readme_config_includer@v1.39.3

//go:embed sample.conf
var sampleConfig string

// maxCmdline is how many bytes of a command line are sent.
const maxCmdline = 1024

// Zombies is the plugin. Its options are described in sample.conf.
type Zombies struct {
	Collect     []string        `toml:"collect"`
	MaxParents  int             `toml:"max_parents"`
	MaxZombies  int             `toml:"max_zombies"`
	MinAge      config.Duration `toml:"min_age"`
	Cmdline     bool            `toml:"parent_cmdline"`
	Redact      []string        `toml:"cmdline_redact"`
	NameInclude []string        `toml:"name_include"`
	NameExclude []string        `toml:"name_exclude"`
	UserInclude []string        `toml:"user_include"`
	UserExclude []string        `toml:"user_exclude"`
	Events      string          `toml:"events"`
	AlertCount  int             `toml:"alert_count"`
	AlertAge    config.Duration `toml:"alert_age"`
	AlertRate   float64         `toml:"alert_rate"`
	Backend     string          `toml:"backend"`

	Log telegraf.Logger `toml:"-"`

	// open and listen are replaced by tests.
	open   func() (proctable.Machine, error)
	listen func() (exitSource, error)

	choice   proctable.Choice
	cmdlines proctable.Cmdlines

	machine  proctable.Machine
	exits    exitSource // nil where nobody listens
	snapshot sysprobe.ProcSnapshot
	heard    sysprobe.ExitLog
	lost     uint64 // gathers after which not all exits were heard
	tracker  sysprobe.ZombieTracker
	growth   growth
	alerts   alerts
	once     proctable.Once
}

// SampleConfig returns the documented configuration.
func (*Zombies) SampleConfig() string { return sampleConfig }

// Init checks the options. Every error names the option, its value and the
// remedy.
func (z *Zombies) Init() error {
	backend, err := proctable.Backend(z.Backend)
	if err != nil {
		return err
	}
	if z.open == nil {
		open, err := opener(runtime.GOOS, proctable.Opener(backend, z.Log))
		if err != nil {
			return err
		}
		z.open = open
	}
	if z.listen == nil {
		z.listen = listener(runtime.GOOS)
	}
	err = cmp.Or(
		options.Words("collect", z.Collect, []string{"parent", "process"}),
		options.Words("events", []string{z.Events}, []string{eventsAuto, eventsOn, eventsOff}),
		options.Range("max_parents", z.MaxParents, 1, 100_000),
		options.Range("max_zombies", z.MaxZombies, 1, 1_000_000),
		options.Range("alert_count", z.AlertCount, 0, math.MaxInt32),
		notNegative("min_age", z.MinAge),
		notNegative("alert_age", z.AlertAge),
	)
	if err != nil {
		return err
	}
	if !(z.AlertRate >= 0) { // TOML has a NaN too
		return fmt.Errorf("option alert_rate: %v is not a number of zombies; use 0 or more", z.AlertRate)
	}
	z.alerts = newAlerts(z.AlertCount, time.Duration(z.AlertAge), z.AlertRate)
	if z.cmdlines, err = proctable.NewCmdlines(z.Redact, maxCmdline); err != nil {
		return err
	}
	z.choice, err = proctable.Choose(z.NameInclude, z.NameExclude, z.UserInclude, z.UserExclude)
	return err
}

// notNegative returns an error where d is.
func notNegative(option string, d config.Duration) error {
	if d >= 0 {
		return nil
	}
	return fmt.Errorf("option %s: %s is negative; use 0s or more", option, time.Duration(d))
}

// opener returns what opens the process table on a system: open, where there is
// a table. Windows frees a
// process that ended whether its parent asks or not, so that there are no
// zombies to look for.
func opener(system string, open func() (proctable.Machine, error)) (func() (proctable.Machine, error), error) {
	if system == "windows" {
		return proctable.OpenEmpty, nil
	}
	return open, sysprobe.Supported(sysprobe.FeatureZombies)
}

// Start opens the process table and begins to listen. It returns an error that
// says where the table was looked for, or what those need who have to listen.
func (z *Zombies) Start(telegraf.Accumulator) error {
	machine, err := z.open()
	if err != nil {
		return err
	}
	z.machine = machine
	if err := z.listenTo(); err != nil {
		z.Stop()
		return err
	}
	return nil
}

// Gather sweeps the process table once. It returns an error where there is
// none to be read.
func (z *Zombies) Gather(acc telegraf.Accumulator) error {
	if err := z.machine.Snapshot(&z.snapshot, z.wanted()); err != nil {
		return fmt.Errorf("sweep processes: %w", err)
	}
	host, err := z.machine.Host()
	if err != nil {
		acc.AddError(fmt.Errorf("read pid limit: %w", err)) // its fields are absent
	}
	if err := z.learn(); err != nil {
		acc.AddError(err)
	}
	zombies := z.tracker.Update(&z.snapshot)
	out := emitter{acc: acc, taken: z.snapshot.Taken}
	out.totals(z.totals(zombies, host))
	if slices.Contains(z.Collect, "parent") {
		named, rest := z.parents()
		out.parents(z.asked(named, acc), rest)
	}
	out.alerts(z.alerts.update(z.snapshot.Taken, z.chosen()))
	if slices.Contains(z.Collect, "process") {
		out.zombies(z.named(zombies, acc))
	}
	z.sayOnce()
	return nil
}

// wanted is what to ask of every process. BPF tells a status for nothing, and
// so saves looking it up of each zombie.
func (z *Zombies) wanted() sysprobe.Fields {
	want := sysprobe.WantName
	backend, _ := z.machine.Backend() //nolint:errcheck // why it is not BPF changes nothing here
	if backend == sysprobe.BackendBPF || z.choice.NeedsUser() {
		want |= sysprobe.WantStatus
	}
	return want
}

// Stop closes the process table, and listens no more.
func (z *Zombies) Stop() {
	if z.exits != nil {
		if err := z.exits.Close(); err != nil {
			z.Log.Errorf("Ending to listen to exits failed: %v", err)
		}
		z.exits = nil
	}
	if z.machine == nil {
		return
	}
	if err := z.machine.Close(); err != nil {
		z.Log.Errorf("Closing the process table failed: %v", err)
	}
	z.machine = nil
}

// totals sums up.
func (z *Zombies) totals(zombies []sysprobe.Zombie, host sysprobe.Host) totals {
	t := totals{
		count: len(zombies), created: z.tracker.Created(), reaped: z.tracker.Reaped(),
		deadLeaders: z.snapshot.DeadLeaders(), malformed: z.snapshot.Malformed,
	}
	for i := range z.snapshot.Procs {
		t.pidsInUse += uint64(max(1, z.snapshot.Procs[i].Threads)) // each thread has an ID, and a zombie keeps its own
	}
	t.pids = host.TightestPIDs(t.pidsInUse)
	for _, zombie := range zombies {
		if age, known := zombie.Age.Get(); known {
			t.oldest = sysprobe.Some(max(age, t.oldest.Or(0)))
		}
	}
	if z.exits != nil {
		t.lost = sysprobe.Some(z.lost)
	}
	rate := z.growth.update(z.snapshot.Taken, t.count)
	if use, known := t.pids.Get(); known && rate > 0 {
		t.exhaustion = sysprobe.Some(float64(use.Free()) / rate)
	}
	return t
}

// chosen returns the parents that take part, those with most zombies first.
func (z *Zombies) chosen() []sysprobe.ZombieParent {
	return slices.DeleteFunc(slices.Clone(z.tracker.Parents()), func(p sysprobe.ZombieParent) bool {
		proc := p.Proc
		if proc == nil {
			proc = &sysprobe.Proc{Name: unknownParent}
		}
		return !z.choice.Match(z.machine, proc)
	})
}

// parents returns the parents to name, those with most zombies first, and what
// the others sum up to.
func (z *Zombies) parents() (named []sysprobe.ZombieParent, rest restRow) {
	for _, p := range z.chosen() {
		if len(named) < z.MaxParents {
			named = append(named, p)
			continue
		}
		rest.parents++
		rest.count += p.Count
		if age, known := p.Oldest.Get(); known {
			rest.oldest = sysprobe.Some(max(age, rest.oldest.Or(0)))
		}
	}
	return named, rest
}

// asked returns the parents with what only a look-up tells. One that is gone by
// now, or cannot be asked, keeps what the sweep knew.
func (z *Zombies) asked(parents []sysprobe.ZombieParent, acc telegraf.Accumulator) []guilty {
	rows := make([]guilty, 0, len(parents))
	for _, p := range parents {
		row := guilty{ZombieParent: p}
		if p.Proc != nil {
			proc := *p.Proc
			_, err := proctable.Detail(z.machine, &proc, sysprobe.WantStatus|sysprobe.WantOrigin)
			sayUnlessMalformed(acc, err)
			row.Proc = &proc
			if proc.Origin != nil {
				row.unit, row.container = proc.Origin.Unit, proc.Origin.Container
			}
			if args, err := z.cmdline(&proc); err == nil { // else it is withheld, or gone
				row.cmdline = lineproto.Field(z.cmdlines.Text(args))
			}
		}
		rows = append(rows, row)
	}
	return rows
}

// cmdline returns the command line of p, none where nobody asked for it.
func (z *Zombies) cmdline(p *sysprobe.Proc) ([]string, error) {
	if !z.Cmdline {
		return nil, nil
	}
	return z.machine.Cmdline(p)
}

// named returns the zombies to name, the oldest first. Those that are reaped
// while they are looked up are left out: they are none any more.
func (z *Zombies) named(zombies []sysprobe.Zombie, acc telegraf.Accumulator) []dead {
	var rows []dead
	for _, zombie := range zombies {
		if len(rows) == z.MaxZombies {
			break
		}
		if zombie.Age.Or(0) < time.Duration(z.MinAge) || !z.choice.Match(z.machine, zombie.Proc) {
			continue
		}
		proc := *zombie.Proc
		there, err := z.lookUp(&proc)
		sayUnlessMalformed(acc, err)
		if !there {
			continue
		}
		zombie.Proc = &proc
		rows = append(rows, dead{Zombie: zombie, user: proctable.User(z.machine, &proc), tracer: z.nameOf(tracerOf(&proc))})
	}
	return rows
}

// lookUp adds to p its status, from which alone it is known who traces it.
func (z *Zombies) lookUp(p *sysprobe.Proc) (there bool, err error) {
	swept := p.Status
	if swept.Or(sysprobe.ProcStatus{}).Tracer.Known() {
		return true, nil
	}
	p.Status = sysprobe.Opt[sysprobe.ProcStatus]{}
	there, err = proctable.Detail(z.machine, p, sysprobe.WantStatus)
	if !p.Status.Known() { // a mount that hides p from files
		p.Status = swept
	}
	return there, err
}

// nameOf names a process of the sweep as parents are named.
func (z *Zombies) nameOf(pid int32) string { return parentTag(z.snapshot.Find(pid)) }

// sayUnlessMalformed reports an error. Of a malformed row the totals tell.
func sayUnlessMalformed(acc telegraf.Accumulator, err error) {
	if err != nil && !errors.Is(err, sysprobe.ErrMalformed) {
		acc.AddError(err)
	}
}

// sayOnce logs what would repeat at every gather.
func (z *Zombies) sayOnce() {
	if len(z.snapshot.Procs) > 0 && z.snapshot.Find(1) == nil && z.once.First("hidden") {
		z.Log.Warn("Process 1 is not to be seen, so others may be hidden too (mount option hidepid, ProtectProc= of systemd), and are not counted")
	}
}

// growth measures how fast the number of zombies grows.
type growth struct {
	at    time.Time
	count int
}

// update returns by how many a second the number grew since the last update; 0
// in the first.
func (g *growth) update(at time.Time, count int) float64 {
	last := *g
	*g = growth{at: at, count: count}
	elapsed := at.Sub(last.at).Seconds()
	if last.at.IsZero() || elapsed <= 0 {
		return 0
	}
	return float64(count-last.count) / elapsed
}

func init() {
	inputs.Add("zombies", func() telegraf.Input {
		return &Zombies{
			Collect: []string{"parent", "process"}, MaxParents: 10, MaxZombies: 10, Events: eventsAuto,
			Backend: sysprobe.BackendAuto.String(), Redact: []string{proctable.DefaultRedact},
		}
	})
}
