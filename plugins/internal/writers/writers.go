// Package writers tells of instances of an input that might share a series.
package writers

import (
	"sync/atomic"

	"github.com/influxdata/telegraf"
)

// Writers counts the running instances of one input, whose counters begin with each. The
// zero value is ready.
type Writers struct{ running atomic.Int32 }

// Writer is one instance. The zero value counts nothing.
type Writer struct {
	of    *Writers
	begun bool
}

// New returns another instance, which does not run yet.
func (w *Writers) New() Writer { return Writer{of: w} }

// Comparer is implemented by the accumulators of a program that has compared the series
// of its inputs, and refused those that share one.
type Comparer interface{ ComparedSeries() }

// Begin counts the instance, whose metrics go to acc, and says to log if another one
// runs. A plugin does not see the tags that its configuration adds, so that only who
// reads the configuration can refuse a second instance, as sysprobe-execd does, which is
// a Comparer; inside Telegraf it is told.
func (w *Writer) Begin(input string, acc telegraf.Accumulator, log telegraf.Logger) {
	if w.of == nil || w.begun {
		return
	}
	w.begun = true
	_, compared := acc.(Comparer)
	if n := w.of.running.Add(1); n > 1 && !compared {
		log.Infof("%d instances of inputs.%s run, and each counts for itself: unless a tag in [inputs.%s.tags] or name_suffix "+
			"tells them apart, their counters run backwards at each other's gathers", n, input, input)
	}
}

// End forgets the instance if it began.
func (w *Writer) End() {
	if w.begun {
		w.begun = false
		w.of.running.Add(-1)
	}
}
