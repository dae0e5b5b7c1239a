// Package zombies is a Telegraf input that reports which processes are dead and
// not reaped, for how long, and which parents do not reap them.
package zombies

import (
	_ "embed"
	"fmt"
	"slices"
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

// Zombies is the plugin.
type Zombies struct {
	Options

	Log telegraf.Logger `toml:"-"`

	// open and listen are replaced by tests.
	open   func() (proctable.Machine, error)
	listen func() (exitSource, error)

	// keepsZombies is that of package sysprobe; tests replace it.
	keepsZombies bool

	// What Init made of the options.
	choice   proctable.Choice
	cmdlines proctable.Cmdlines

	// What is open between Start and Stop.
	machine proctable.Machine
	writer  writers.Writer
	exits   exitSource // nil where exits are not read

	// What lasts from one gather to the next.
	snapshot sysprobe.ProcSnapshot
	tracker  sysprobe.ZombieTracker
	exitLog  sysprobe.ExitLog
	lost     uint64 // gathers before which the kernel dropped exits
	growth   growth
	alerts   alerts
	named    named
	slots    proctable.Slots // of zombies_process
	notices  proctable.Once
}

// SampleConfig returns the documented configuration.
func (*Zombies) SampleConfig() string { return sampleConfig }

// Start opens the process table and begins to read exits. It returns an error
// that names the proc file system it looked for, or the privilege that
// events = "on" lacks.
func (z *Zombies) Start(acc telegraf.Accumulator) error {
	machine, err := z.open()
	if err != nil {
		return err
	}
	z.machine = machine
	if err := z.openExits(); err != nil {
		z.Stop()
		return err
	}
	z.writer.Begin("zombies", acc, z.Log)
	return nil
}

// Gather takes one snapshot of the process table and sends what the options
// choose of it. It returns an error where the table cannot be read.
func (z *Zombies) Gather(acc telegraf.Accumulator) error {
	if err := z.machine.Snapshot(&z.snapshot, z.wanted()); err != nil {
		return fmt.Errorf("read processes: %w", err)
	}
	host, err := z.machine.Host()
	if err != nil {
		acc.AddError(fmt.Errorf("read pid limit: %w", err)) // its fields are absent
	}
	if err := z.readExits(); err != nil {
		acc.AddError(err)
	}
	zombies := z.tracker.Update(&z.snapshot)
	z.slots.Begin(nil)
	out := emitter{acc: acc, taken: z.snapshot.Taken, tagWith: z.TagWith, slots: &z.slots}
	out.totals(z.totals(zombies, host))
	chosen := z.chosen(zombies)
	if slices.Contains(z.Collect, "parent") {
		first, rest := z.divide(chosen)
		rows := z.detailed(first, acc)
		out.parents(z.named.update(z.snapshot.Taken, &z.tracker, rows, z.lives), z.named.rest(rest))
	}
	out.alerts(z.alerts.update(z.snapshot.Taken, chosen, z.whereIs(acc)))
	if slices.Contains(z.Collect, "process") {
		out.zombies(z.oldest(zombies, acc))
	}
	z.logNotices()
	return nil
}

// wanted is what the next snapshot reads. BPF reads a status for nothing, which
// saves a look-up of each zombie.
func (z *Zombies) wanted() sysprobe.Fields {
	want := sysprobe.WantName
	if z.machine.Backend().Used == sysprobe.BackendBPF || z.choice.NeedsUser() {
		want |= sysprobe.WantStatus
	}
	return want
}

// ProcessBackend is how the process table was read last; the zero value before the
// first gather.
func (z *Zombies) ProcessBackend() sysprobe.BackendStatus { return proctable.Used(z.machine) }

// Stop closes the process table and ends the reading of exits.
func (z *Zombies) Stop() {
	z.writer.End()
	if z.exits != nil {
		if err := z.exits.Close(); err != nil {
			z.Log.Errorf("Closing the source of exits failed: %v", err)
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

// totals returns the fields of the measurement zombies.
func (z *Zombies) totals(zombies []sysprobe.Zombie, host sysprobe.Host) *totals {
	t := &totals{
		total: len(zombies), oldest: sysprobe.Some(time.Duration(0)), created: z.tracker.Created(), reaped: z.tracker.Reaped(),
		deadLeaders: z.snapshot.DeadLeaders(), malformed: z.snapshot.Malformed, pidsInUse: z.snapshot.Threads(),
	}
	t.pids = host.TightestPIDs(t.pidsInUse)
	for i := range zombies {
		t.oldest = sysprobe.Some(max(zombies[i].Age.Or(0), t.oldest.Or(0)))
		if z.isOld(&zombies[i]) {
			t.old++
		}
	}
	if z.exits != nil {
		t.lost = sysprobe.Some(z.lost)
	}
	t.exhaustion = exhaustion(t.pids, z.growth.update(z.snapshot.Taken, t.total))
	return t
}

// exhaustion returns in how many seconds no ID is left if zombies grow by rate a
// second; absent where they do not grow, unless no ID is left now.
func exhaustion(pids sysprobe.Opt[sysprobe.PIDUse], rate float64) sysprobe.Opt[float64] {
	switch use, known := pids.Get(); {
	case known && use.Free() == 0:
		return sysprobe.Some(0.0)
	case known && rate > 0:
		return sysprobe.Some(float64(use.Free()) / rate)
	default:
		return sysprobe.Opt[float64]{}
	}
}

// isOld reports whether a zombie is dead for as long as the option min_age says.
func (z *Zombies) isOld(zombie *sysprobe.Zombie) bool {
	return zombie.Age.Or(0) >= time.Duration(z.MinAge)
}

// lives reports whether a process is in the last snapshot.
func (z *Zombies) lives(id sysprobe.ProcID) bool {
	p := z.snapshot.Find(id.PID)
	return p != nil && p.ID == id
}

// logNotices logs, once, what would repeat at every gather.
func (z *Zombies) logNotices() {
	if !z.keepsZombies && z.notices.First("none") {
		z.Log.Info("This system keeps no process that exited for its parent, so that there are no zombies: all totals are 0")
	}
	if z.keepsZombies && z.snapshot.Find(1) == nil && z.notices.First("hidden") {
		z.Log.Warn("Process 1 cannot be seen, so others might be hidden too (mount option hidepid, ProtectProc= of systemd), and are not counted")
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
	var all writers.Writers
	inputs.Add("zombies", func() telegraf.Input {
		return &Zombies{Options: defaultOptions(), keepsZombies: sysprobe.KeepsZombies(), writer: all.New()}
	})
}
