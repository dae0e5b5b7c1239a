package execd

import (
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/influxdata/telegraf"
	"github.com/influxdata/telegraf/models"
)

// guard keeps a panic of one input from ending the host, which Telegraf's
// agent would do: it becomes an error of that input. It cannot reach a
// goroutine that an input starts.
//
// Of the optional interfaces of an input, guard passes on those that take part
// in running it; none of ours keeps state, hence no telegraf.StatefulPlugin.
type guard struct {
	telegraf.Input

	name   string // as in the log
	where  string // in the configuration
	log    telegraf.Logger
	before telegraf.Accumulator // where a gather goes that precedes the first one, or nil
	pause  func()               // between the two
	failed bool                 // read once the agent has ended

	precision time.Duration // to which the agent rounds times, or 0
	latest    time.Time     // of the metrics of the last gather
}

// protect wraps the input of r, which is there in the configuration, keeping it a
// service if it is one.
func protect(r *models.RunningInput, where string) *guard {
	g := &guard{Input: r.Input, name: r.LogName(), where: where, log: r.Log()}
	if service, ok := r.Input.(telegraf.ServiceInput); ok {
		r.Input = &serviceGuard{guard: g, service: service}
	} else {
		r.Input = g
	}
	return g
}

// Init calls that of the input if it has one.
func (g *guard) Init() error {
	if p, ok := g.Input.(telegraf.Initializer); ok {
		return g.try("Init", p.Init)
	}
	return nil
}

// Probe calls that of the input if it has one.
func (g *guard) Probe() error {
	if p, ok := g.Input.(telegraf.ProbePlugin); ok {
		return g.try("Probe", p.Probe)
	}
	return nil
}

// Gather calls that of the input, the first time twice if before is set. It leaves
// out a gather whose metrics would have the times of those before: a ticker that
// is late, such as after SIGCONT, and the next tick can be in one second, and a
// database keeps one of two points.
func (g *guard) Gather(acc telegraf.Accumulator) error {
	err := g.warmUp()
	if err == nil {
		if g.precision > 0 && time.Now().Round(g.precision).Equal(g.latest.Round(g.precision)) {
			g.log.Debugf("Left out a gather in the same %s as the one before", g.precision)
			return nil
		}
		gathered := &points{Accumulator: acc}
		err = g.try("Gather", func() error { return g.Input.Gather(gathered) })
		g.latest = gathered.end()
	}
	g.failed = g.failed || err != nil
	return err
}

// warmUp makes the gather that precedes the first one, and pauses.
func (g *guard) warmUp() error {
	if g.before == nil {
		return nil
	}
	acc := g.before
	g.before = nil
	if err := g.try("Gather", func() error { return g.Input.Gather(&points{Accumulator: acc}) }); err != nil {
		return err
	}
	g.pause()
	return nil
}

// try runs f and makes an error of its panic.
func (g *guard) try(method string, f func() error) (err error) {
	defer func() {
		if value := recover(); value != nil {
			frames := callers()
			g.log.Debugf("%s panicked: %v; called from %s", method, value, strings.Join(frames, " < "))
			err = &panicError{method: method, value: value, at: frames[0]}
		}
	}()
	return f()
}

// serviceGuard is a guard of an input with a Start and a Stop.
type serviceGuard struct {
	*guard

	service telegraf.ServiceInput
	broken  bool
}

// Start calls that of the input. An error ends the host, as it ends Telegraf;
// a panic only leaves the input out.
func (g *serviceGuard) Start(acc telegraf.Accumulator) error {
	err := g.start(acc)
	g.failed = g.failed || err != nil
	if g.broken {
		g.log.Errorf("%v; the input stays off until the next start", err)
		return nil
	}
	if err != nil {
		return fmt.Errorf("%s: %w", g.where, err)
	}
	return nil
}

// start calls Start of the input, and notes a panic.
func (g *serviceGuard) start(acc telegraf.Accumulator) error {
	err := g.try("Start", func() error { return g.service.Start(&points{Accumulator: acc}) })
	_, g.broken = errors.AsType[*panicError](err)
	return err
}

// Gather calls that of the input unless its Start panicked.
func (g *serviceGuard) Gather(acc telegraf.Accumulator) error {
	if g.broken {
		return nil
	}
	return g.guard.Gather(acc)
}

// Stop calls that of the input unless its Start panicked.
func (g *serviceGuard) Stop() {
	if g.broken {
		return
	}
	if err := g.try("Stop", func() error { g.service.Stop(); return nil }); err != nil {
		g.log.Error(err)
	}
}

// panicError is what remains of a panic.
type panicError struct {
	method string
	value  any
	at     string
}

func (e *panicError) Error() string {
	return fmt.Sprintf("%s panicked: %v at %s; please report this with the log at debug level", e.method, e.value, e.at)
}

// Unwrap returns the value of the panic if that was an error.
func (e *panicError) Unwrap() error {
	err, _ := e.value.(error) //nolint:errcheck // any other value wraps nothing
	return err
}

// callers names where the panic that is being recovered came from, innermost
// first, as "function file:line". There is always one.
func callers() []string {
	pcs := make([]uintptr, 64)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(0, pcs)])
	var all []string
	for panicking, more := false, true; more; {
		var f runtime.Frame
		f, more = frames.Next()
		switch {
		case f.Function == "runtime.gopanic":
			panicking = true
		case panicking && !strings.HasPrefix(f.Function, "runtime."):
			all = append(all, fmt.Sprintf("%s %s:%d", filepath.Base(f.Function), filepath.Base(f.File), f.Line))
		}
	}
	return all
}
