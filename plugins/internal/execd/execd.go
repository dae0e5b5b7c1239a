// Package execd runs Telegraf inputs behind the inputs.execd of another
// Telegraf: metrics as line protocol on stdout, messages with their level on
// stderr, the end of stdin as the order to stop.
//
// It is Telegraf's own agent with its own loader of configurations, so that an
// input behaves as if it were compiled into that other Telegraf, except that
// a panic of one does not end all.
package execd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"syscall"

	"github.com/influxdata/telegraf"
	"github.com/influxdata/telegraf/agent"
	"github.com/influxdata/telegraf/config"
	"github.com/influxdata/telegraf/models"
)

// Mode says what Run is to do.
type Mode int

// Modes of Run.
const (
	Serve Mode = iota // gather at every interval until told to stop
	Once              // gather once
	Test              // gather once and print to be read by people, as telegraf --test
	Check             // set everything up and gather nothing
)

// Host is what Run needs. All inputs that are registered with Telegraf can be
// configured.
type Host struct {
	// Configs are files or URLs; with none the host runs SampleConfig.
	Configs []string
	Mode    Mode

	// Stdin ends Serve when it ends. What it says has no meaning: inputs have
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

	cfg, err := load(h.Configs)
	if err != nil {
		return err
	}
	messages.setLevel(cfg.Agent.Debug, cfg.Agent.Quiet)
	guards := prepare(cfg.Inputs)

	ctx, stop := context.WithCancel(ctx)
	defer stop()
	out := newStdout(h.Stdout, func(error) { stop() })
	if h.Mode == Once {
		out.sortFields()
	}
	if err := attach(cfg, out); err != nil {
		return err
	}

	err = h.run(ctx, stop, agent.NewAgent(cfg))
	if err == nil && (h.Mode == Once || h.Mode == Test) {
		err = failures(guards)
	}
	if failure := out.failure(); failure != nil && !errors.Is(failure, syscall.EPIPE) {
		err = errors.Join(err, fmt.Errorf("writing metrics: %w", failure))
	}
	return err
}

func (h *Host) run(ctx context.Context, stop func(), a *agent.Agent) error {
	switch h.Mode {
	case Check:
		return a.InitPlugins()
	case Test:
		return a.Test(ctx, 0)
	case Once:
		return a.Once(ctx, 0)
	default:
		go drain(h.Stdin, stop)
		return a.Run(ctx)
	}
}

// prepare puts a guard before every input and tells its logger the level.
func prepare(running []*models.RunningInput) []*guard {
	guards := make([]*guard, 0, len(running))
	for _, r := range running {
		if level := telegraf.LogLevelFromString(r.Config.LogLevel); level != telegraf.None {
			r.Log().AddAttribute(levelAttribute, level)
		}
		guards = append(guards, protect(r))
	}
	return guards
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

// failures names the inputs that gave nothing. Their errors are in the log.
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
