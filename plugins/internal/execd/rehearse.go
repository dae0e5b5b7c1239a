package execd

import (
	"errors"
	"fmt"
	"time"

	"github.com/influxdata/telegraf"
	"github.com/influxdata/telegraf/agent"
	"github.com/influxdata/telegraf/models"
)

// rehearsal is what came of a start and one gather of an input.
type rehearsal struct {
	series int           // different ones, of all its metrics
	took   time.Duration // by the gather
	err    error
}

// check does what a start would, and one gather, of all inputs: what they read is
// opened in both.
func check(a *agent.Agent, guards []*guard) error {
	if err := a.InitPlugins(); err != nil {
		return err
	}
	var errs []error
	for i, running := range a.Config.Inputs {
		if r := rehearse(running); r.err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", guards[i].where, r.err))
		}
	}
	return errors.Join(errs...)
}

// rehearse starts an input, gathers once and stops it.
func rehearse(running *models.RunningInput) rehearsal {
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
	var r rehearsal
	acc := agent.NewAccumulator(running, metrics)
	r.err = func() error {
		if service, ok := running.Input.(*serviceGuard); ok {
			defer service.Stop()
			if err := service.start(acc); err != nil {
				return err
			}
		}
		began := time.Now()
		defer func() { r.took = time.Since(began) }()
		return running.Input.Gather(acc)
	}()
	close(stop)
	<-counted
	r.series = len(series)
	return r
}
