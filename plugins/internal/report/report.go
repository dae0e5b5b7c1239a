// Package report leaves out the rows that say what the row before them said.
//
// Of each run of equal rows of a series, the first and the last are sent, each with
// the time at which it was read, and now and then one between them. Nothing is lost
// with the others: a state changes where it did, and a counter that begins to grow
// does so from the gather before, so that a rate between two rows is that of the
// time between them. One thing does not show: that a row was not there for a while and
// then said the same as before.
package report

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/influxdata/telegraf"
	"github.com/influxdata/telegraf/config"

	"telegraf-sysprobe/plugins/internal/metric"
	"telegraf-sysprobe/plugins/internal/options"
)

// The values of the option report.
const (
	all     = "all"
	changes = "changes"
)

// Choice are the options that choose what to send of rows that do not change. A
// plugin embeds it.
type Choice struct {
	Report         string          `toml:"report"`
	ReportInterval config.Duration `toml:"report_interval"`
}

// DefaultChoice sends all rows. Its interval is below the 5 minutes after which
// Prometheus takes a series for one that has ended.
func DefaultChoice() Choice {
	return Choice{Report: all, ReportInterval: config.Duration(4 * time.Minute)}
}

// Reporter returns the Reporter that the options choose. It returns an error that
// names option, value and remedy.
func (c *Choice) Reporter() (*Reporter, error) {
	if err := options.Words("report", []string{c.Report}, []string{all, changes}); err != nil {
		return nil, err
	}
	every := time.Duration(c.ReportInterval)
	if every <= 0 {
		return nil, fmt.Errorf("option report_interval: %s is no time between two full sets; use a duration such as \"4m\"", every)
	}
	return &Reporter{all: c.Report == all, every: every, rows: map[string]*row{}}, nil
}

// Reporter sends the rows of gathers. It is not safe for concurrent use.
type Reporter struct {
	all   bool
	every time.Duration // between full sets

	round  int64                // number of the gather
	full   bool                 // the gather sends a full set
	fullAt time.Time            // of the last full set
	acc    telegraf.Accumulator // of the last gather
	rows   map[string]*row

	key   []byte   // memory of Send
	names []string // memory of Send
}

// row is the last row of a series.
type row struct {
	measurement string
	series      metric.Series
	at          time.Time
	round       int64 // of the gather that had it
	held        bool  // it was not sent
}

// Begin begins a gather, at the time now.
func (r *Reporter) Begin(now time.Time) {
	r.round++
	if r.full = r.fullAt.IsZero() || now.Sub(r.fullAt) >= r.every; r.full {
		r.fullAt = now
	}
}

// Send sends a row of the gather unless it is left out. Before one that differs from
// the row before, it sends that if it was left out.
func (r *Reporter) Send(acc telegraf.Accumulator, measurement string, s *metric.Series, at time.Time) {
	if r.all {
		s.Send(acc, measurement, at)
		return
	}
	last := r.rows[string(r.keyOf(measurement, s.Tags))]
	if last == nil {
		last = &row{measurement: measurement}
		last.series.Clear()
		r.rows[string(r.key)] = last
	}
	last.round = r.round
	if last.series.Equal(s) {
		last.at = at
		if last.held = !r.full; r.full {
			s.Send(acc, measurement, at)
		}
		return
	}
	last.send(acc)
	last.series.Copy(s)
	last.at = at
	s.Send(acc, measurement, at)
}

// End ends a gather: a series without a row in it has ended, and its last row is sent
// if it was left out.
func (r *Reporter) End(acc telegraf.Accumulator) {
	r.acc = acc
	var ended []string
	for key, last := range r.rows {
		if last.round != r.round {
			ended = append(ended, key)
		}
	}
	slices.Sort(ended)
	for _, key := range ended {
		r.rows[key].send(acc)
		delete(r.rows, key)
	}
}

// Flush sends the last row of each series that was left out, as the last gather would
// have, and is for when no gather follows.
func (r *Reporter) Flush() {
	for _, key := range slices.Sorted(maps.Keys(r.rows)) {
		r.rows[key].send(r.acc)
	}
}

// send sends a row that was left out.
func (l *row) send(acc telegraf.Accumulator) {
	if l.held {
		l.held = false
		l.series.Send(acc, l.measurement, l.at)
	}
}

// keyOf returns what identifies a series, in memory that the next call uses again.
// Neither a name nor a value of a tag has a zero byte.
func (r *Reporter) keyOf(measurement string, tags map[string]string) []byte {
	r.names = slices.AppendSeq(r.names[:0], maps.Keys(tags))
	slices.Sort(r.names)
	r.key = append(r.key[:0], measurement...)
	for _, name := range r.names {
		r.key = append(append(append(append(r.key, 0), name...), 0), tags[name]...)
	}
	return r.key
}
