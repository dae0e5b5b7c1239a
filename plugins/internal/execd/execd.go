// Package execd runs Telegraf inputs behind the inputs.execd of another
// Telegraf: it writes metrics as line protocol to stdout and messages with their
// level to stderr, and stops at the end of stdin.
//
// It is Telegraf's own agent with Telegraf's own loader of configurations, so that
// an input behaves as if it were compiled into that other Telegraf, except that a
// panic of one input does not end all of them.
package execd

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"syscall"
	"time"

	"github.com/influxdata/telegraf"
	"github.com/influxdata/telegraf/agent"
	"github.com/influxdata/telegraf/config"
	"github.com/influxdata/telegraf/models"
)

// Mode says what Run is to do.
type Mode int

// Modes of Run.
const (
	Serve Mode = iota // gather at every interval until the end
	Once              // gather twice, warmUp apart, and write the second gather
	Test              // the same, printed for people, as telegraf --test does
	Check             // set everything up and gather once, and write nothing
)

// warmUp is how long after a first gather an input knows rates and what changed.
// Telegraf gives as long to those of its inputs that need two gathers, which it
// knows by their names (testRunInputs in agent/agent.go).
const warmUp = 500 * time.Millisecond

// Host is what Run needs. All inputs that are registered with Telegraf can be
// configured.
type Host struct {
	// Configs are files or URLs; with none the host runs SampleConfig.
	Configs []string
	// Only are the kinds of inputs to run, such as procs; with none, all.
	Only []string
	Mode Mode
	// About makes an input that reports on the program, from the inputs that are
	// configured; nil for none. In Serve it gathers as they do.
	About func([]telegraf.Input) telegraf.Input

	// Stdin ends Serve when it ends. Its content has no meaning: inputs have
	// intervals of their own, so Telegraf's signal = "STDIN" changes nothing.
	Stdin io.Reader
	// Stdout gets the metrics, except that the agent prints those of Test to
	// os.Stdout.
	Stdout io.Writer
	// Stderr gets the messages.
	Stderr io.Writer
}

// Run does what h.Mode says. It returns nil when ctx ended, stdin ended or the
// reader of stdout went away, with what was gathered written; an error for a
// configuration that cannot be used, a failed write, or, in Once and Test, an
// input that failed altogether.
//
// Run takes over the log of the process, so there is one at a time. The caller
// must have SIGPIPE ignored to survive a closed stdout.
func (h *Host) Run(ctx context.Context) error {
	messages, release, err := captureLog(h.Stderr)
	if err != nil {
		return err
	}
	defer release()

	cfg, err := load(h.Configs, h.Only)
	h.remark(messages, cfg)
	if err != nil {
		return err
	}
	guards := prepare(cfg)
	if h.Mode == Check {
		return check(agent.NewAgent(cfg.Config), guards)
	}
	if h.Mode == Serve && h.About != nil {
		guards = append(guards, h.addAbout(cfg, guards))
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	out := newStdout(h.Stdout, func(error) { stop() })
	if err := attach(cfg.Config, out); err != nil {
		return err
	}
	if h.Mode == Serve {
		for i, g := range guards {
			g.precision = precisionOf(cfg.Inputs[i].Config, cfg.Agent)
		}
		go drain(h.Stdin, func() {
			if !out.used() {
				messages.info("Standard input ended before the first metric, which ends this program: inputs.execd keeps it open; --once gathers without it")
			}
			stop()
		})
		err = agent.NewAgent(cfg.Config).Run(ctx)
	} else {
		err = h.gatherOnce(ctx, cfg, guards, out)
	}
	if failure := out.failure(); failure != nil && !errors.Is(failure, syscall.EPIPE) {
		err = errors.Join(err, fmt.Errorf("writing metrics: %w", failure))
	}
	return err
}

// addAbout adds the input that reports on the program, and returns its guard.
func (h *Host) addAbout(cfg *loaded, guards []*guard) *guard {
	var inputs []telegraf.Input
	for _, g := range guards {
		inputs = append(inputs, g.Input)
	}
	running := models.NewRunningInput(h.About(inputs), &models.InputConfig{Name: hostSource})
	running.SetDefaultTags(cfg.Tags)
	cfg.Inputs = append(cfg.Inputs, running)
	return protect(running, hostSource)
}

// remark sets the level of messages, and says what has no effect.
func (h *Host) remark(messages *stderrLog, cfg *loaded) {
	messages.setLevel(cfg.Agent.Debug, cfg.Agent.Quiet)
	if h.Mode == Check && !cfg.Agent.Debug {
		messages.level.Store(int64(telegraf.Warn)) // what is worth knowing at a start is not wrong
	}
	for _, remark := range cfg.remarks {
		messages.warn(remark)
	}
}

// gatherOnce does what Once and Test do.
func (h *Host) gatherOnce(ctx context.Context, cfg *loaded, guards []*guard, out *stdout) error {
	defer gatherTwice(ctx, cfg.Inputs, guards)()
	a := agent.NewAgent(cfg.Config)
	run := a.Test
	if h.Mode == Once {
		out.sortFields()
		run = a.Once
	}
	return cmp.Or(run(ctx, 0), failures(guards))
}

// prepare puts a guard before every input, and gives the logger of each its
// level.
func prepare(cfg *loaded) []*guard {
	guards := make([]*guard, 0, len(cfg.Inputs))
	for i, r := range cfg.Inputs {
		if level := telegraf.LogLevelFromString(r.Config.LogLevel); level != telegraf.None {
			r.Log().AddAttribute(levelAttribute, level)
		}
		guards = append(guards, protect(r, cfg.labels[i]))
	}
	return guards
}

// precisionOf returns to what the agent rounds the times of an input
// (getPrecision in agent/agent.go), where that is a second or more. At shorter
// intervals no tick is late by a whole one for long.
func precisionOf(input *models.InputConfig, of *config.AgentConfig) time.Duration {
	precision := cmp.Or(input.Precision, time.Duration(of.Precision))
	if precision <= 0 && cmp.Or(input.Interval, time.Duration(of.Interval)) >= time.Second {
		return time.Second
	}
	return precision
}

// gatherTwice lets each input gather once more, warmUp before its first gather,
// and drops the metrics of that until release is called. What fails there is
// logged. The end of ctx ends the wait.
func gatherTwice(ctx context.Context, running []*models.RunningInput, guards []*guard) (release func()) {
	dropped := make(chan telegraf.Metric)
	go func() {
		for m := range dropped {
			m.Drop()
		}
	}()
	for i, g := range guards {
		g.before = agent.NewAccumulator(running[i], dropped)
		g.pause = func() {
			select {
			case <-time.After(warmUp):
			case <-ctx.Done():
			}
		}
	}
	return func() { close(dropped) }
}

// attach makes out the only output of cfg.
func attach(cfg *config.Config, out *stdout) error {
	running, err := models.NewRunningOutput(out, &models.OutputConfig{Name: "stdout"}, 1, 1)
	if err != nil {
		return err
	}
	// At debug level it would report the state of a buffer that stays empty.
	running.Log().AddAttribute(levelAttribute, telegraf.Info)
	cfg.Outputs = append(cfg.Outputs, running)
	return nil
}

// failures returns an error with the names of the inputs that failed altogether.
// Their errors are in the log.
func failures(guards []*guard) error {
	var names []string
	for _, g := range guards {
		if g.failed {
			names = append(names, g.name)
		}
	}
	if len(names) == 0 {
		return nil
	}
	return fmt.Errorf("failed: %s", strings.Join(names, ", "))
}

// drain calls stop when stdin ends, and reads until then because Telegraf with
// signal = "STDIN" takes a full pipe for an error.
func drain(stdin io.Reader, stop func()) {
	defer stop()
	_, _ = io.Copy(io.Discard, stdin) //nolint:errcheck // unreadable is as good as ended
}
