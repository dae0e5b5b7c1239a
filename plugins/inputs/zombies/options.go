package zombies

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/influxdata/telegraf/config"

	"telegraf-sysprobe/plugins/internal/options"
	"telegraf-sysprobe/plugins/internal/proctable"
	"telegraf-sysprobe/sysprobe"
)

// maxCmdline is how many bytes of a command line are sent.
const maxCmdline = 1024

// Options are the options of the plugin, which sample.conf describes.
type Options struct {
	Collect     []string        `toml:"collect"`
	MaxParents  int             `toml:"max_parents"`
	MaxZombies  int             `toml:"max_zombies"`
	MinAge      config.Duration `toml:"min_age"`
	Cmdline     bool            `toml:"parent_cmdline"`
	TagWith     []string        `toml:"tag_with"`
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
}

// defaultOptions are the options of a configuration that sets none.
func defaultOptions() Options {
	return Options{
		Collect: []string{"parent", "process"}, MaxParents: 10, MaxZombies: 10, Events: eventsAuto,
		Backend: sysprobe.BackendAuto.String(), Redact: []string{proctable.DefaultRedact},
	}
}

// Init checks the options. Every error names the option, its value and the
// remedy.
func (z *Zombies) Init() error {
	backend, err := proctable.Backend(z.Backend)
	if err != nil {
		return err
	}
	if z.open == nil {
		open, err := opener(z.keepsZombies, proctable.Opener(sysprobe.Config{Backend: backend, OnlyDead: true}, z.Log))
		if err != nil {
			return err
		}
		z.open = open
	}
	if z.listen == nil {
		z.listen = listener(z.keepsZombies)
	}
	err = cmp.Or(
		options.Words("collect", z.Collect, []string{"parent", "process"}),
		options.Words("tag_with", z.TagWith, []string{"container", "pod"}),
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
	z.alerts = newAlerts(z.AlertCount, time.Duration(z.AlertAge), z.AlertRate, z.TagWith)
	z.named = named{tagWith: z.TagWith}
	if z.cmdlines, err = proctable.NewCmdlines(z.Redact, maxCmdline); err != nil {
		return err
	}
	z.choice, err = proctable.Choose(z.NameInclude, z.NameExclude, z.UserInclude, z.UserExclude)
	return err
}

// notNegative returns an error where d is negative.
func notNegative(option string, d config.Duration) error {
	if d >= 0 {
		return nil
	}
	return fmt.Errorf("option %s: %s is negative; use 0s or more", option, time.Duration(d))
}

// opener returns what opens the process table: open, or an empty table where the
// system keeps no zombies.
func opener(keepsZombies bool, open func() (proctable.Machine, error)) (func() (proctable.Machine, error), error) {
	if !keepsZombies {
		return proctable.OpenEmpty, nil
	}
	return open, sysprobe.Supported(sysprobe.FeatureZombies)
}

// Idle returns the options that have no effect beside the others, and why.
func (o *Options) Idle() map[string]string {
	idle := map[string]string{}
	if !slices.Contains(o.Collect, "parent") {
		idle["max_parents"] = `"collect" lacks "parent"`
		idle["parent_cmdline"] = `"collect" lacks "parent"`
	}
	if !slices.Contains(o.Collect, "process") {
		idle["max_zombies"] = `"collect" lacks "process"`
	}
	if !o.Cmdline {
		idle["cmdline_redact"] = `"parent_cmdline" is false`
	}
	return idle
}
