package writers

import (
	"strings"
	"testing"

	"github.com/influxdata/telegraf"
	"github.com/influxdata/telegraf/testutil"
)

// compared is the accumulator of a program that compares series.
type compared struct{ telegraf.Accumulator }

func (compared) ComparedSeries() {}

func TestSecondInstance(t *testing.T) {
	var writers Writers
	first, second := writers.New(), writers.New()
	log := &testutil.CaptureLogger{}
	var acc testutil.Accumulator
	said := func(want int) {
		t.Helper()
		if got := len(log.Messages()); got != want {
			t.Fatalf("%d messages, want %d", got, want)
		}
	}
	first.Begin("procs", &acc, log)
	first.Begin("procs", &acc, log) // once more after a Start that failed
	said(0)
	second.Begin("procs", &acc, log)
	said(1)
	if text := log.Messages()[0].Text; !strings.Contains(text, "2 instances of inputs.procs run") {
		t.Error(text)
	}
	first.End()
	first.End()
	second.End()
	first.Begin("procs", &acc, log)
	said(1)
	second.Begin("procs", compared{&acc}, log)
	said(1)
	var alone Writer
	alone.Begin("procs", &acc, log)
	alone.End()
	said(1)
}
