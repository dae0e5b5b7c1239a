package execd

import (
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/influxdata/telegraf"
	"github.com/influxdata/telegraf/agent"
	"github.com/influxdata/telegraf/models"
)

// Rehearsal is what came of a start and two gathers of an input.
type Rehearsal struct {
	Name   string        // of the input in the configuration
	Series int           // different ones, of all metrics
	Took   time.Duration // by the second gather
	Err    error
}

// Rehearse starts each input of the configuration, gathers twice and stops it, and
// writes nothing. It returns an error that joins one for each mistake in the
// configuration. It takes over the log of the process, as Run does.
func (h *Host) Rehearse() ([]Rehearsal, error) {
	_, release, err := captureLog(io.Discard)
	if err != nil {
		return nil, err
	}
	defer release()
	cfg, err := load(h.Configs, h.Only)
	if err != nil {
		return nil, err
	}
	guards := prepare(cfg)
	if err := agent.NewAgent(cfg.Config).InitPlugins(); err != nil {
		return nil, err
	}
	rehearsals := make([]Rehearsal, len(guards))
	var all sync.WaitGroup
	for i, running := range cfg.Inputs {
		all.Go(func() {
			rehearsals[i] = rehearse(running, 2)
			rehearsals[i].Name = guards[i].where
		})
	}
	all.Wait()
	return rehearsals, nil
}

// check does what a start would, and one gather, of all inputs: what they read is
// opened in both.
func check(a *agent.Agent, guards []*guard) error {
	if err := a.InitPlugins(); err != nil {
		return err
	}
	var errs []error
	for i, running := range a.Config.Inputs {
		if r := rehearse(running, 1); r.Err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", guards[i].where, r.Err))
		}
	}
	return errors.Join(errs...)
}

// rehearse starts an input, lets it gather so many times, and stops it. The last
// gather is timed: the first one loads what later ones use.
func rehearse(running *models.RunningInput, gathers int) Rehearsal {
	metrics := make(chan telegraf.Metric)
	series := map[uint64]bool{}
	stop, counted := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(counted)
		for {
			select {
			case m := <-metrics:
				series[m.HashID()] = true
				m.Drop()
			case <-stop: // metrics stays open for an event that is late
				return
			}
		}
	}()
	var r Rehearsal
	acc := agent.NewAccumulator(running, metrics)
	r.Err = func() error {
		if service, ok := running.Input.(*serviceGuard); ok {
			defer service.Stop()
			if err := service.start(acc); err != nil {
				return err
			}
		}
		for range gathers {
			began := time.Now()
			if err := running.Input.Gather(acc); err != nil {
				return err
			}
			r.Took = time.Since(began)
		}
		return nil
	}()
	close(stop)
	<-counted
	r.Series = len(series)
	return r
}
