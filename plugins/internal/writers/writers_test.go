package writers

import (
	"strings"
	"testing"

	"github.com/influxdata/telegraf/testutil"
)

func TestSecondInstance(t *testing.T) {
	var writers Writers
	first, second := writers.New(), writers.New()
	log := &testutil.CaptureLogger{}
	said := func(want int) {
		t.Helper()
		if got := len(log.Messages()); got != want {
			t.Fatalf("%d messages, want %d", got, want)
		}
	}
	first.Begin("procs", log)
	first.Begin("procs", log) // once more after a Start that failed
	said(0)
	second.Begin("procs", log)
	said(1)
	if text := log.Messages()[0].Text; !strings.Contains(text, "2 instances of inputs.procs run") {
		t.Error(text)
	}
	first.End()
	first.End()
	second.End()
	first.Begin("procs", log)
	said(1)
	var alone Writer
	alone.Begin("procs", log)
	alone.End()
	said(1)
}
