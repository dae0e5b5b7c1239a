package execd

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/influxdata/telegraf"
)

func TestMessages(t *testing.T) {
	for _, tt := range []struct{ name, agent, input, want string }{
		{"default", "", "", "E! [inputs.fake] m\nW! [inputs.fake] m\nI! [inputs.fake] m\n"},
		{"debug", "debug = true", "", "E! [inputs.fake] m\nW! [inputs.fake] m\nI! [inputs.fake] m\nD! [inputs.fake] m\nD! [inputs.fake] m\n"}, // of two gathers
		{"quiet", "quiet = true", "", "E! [inputs.fake] m\n"},
		{"own level above", "debug = true", `log_level = "warn"`, "E! [inputs.fake] m\nW! [inputs.fake] m\n"},
		{"own level below", "quiet = true", `log_level = "info"`, "E! [inputs.fake] m\nW! [inputs.fake] m\nI! [inputs.fake] m\n"},
		{"alias", "quiet = true", `alias = "x y) z"`, "E! [inputs.fake::x y) z] m\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, "[agent]\n"+tt.agent+"\n[[inputs.fake]]\n  messages = [\"m\"]\n"+tt.input+"\n", Once)
			if err := w.host.Run(t.Context()); err != nil {
				t.Fatal(err)
			}
			var got strings.Builder
			for line := range strings.Lines(w.stderr.String()) {
				if strings.Contains(line, "[inputs.fake") {
					got.WriteString(line)
				}
			}
			if diff := cmp.Diff(tt.want, got.String()); diff != "" {
				t.Errorf("messages (-want +got):\n%s", diff)
			}
		})
	}
}

func TestRepeats(t *testing.T) {
	out := &pipe{}
	l := newStderrLog(out)
	l.level.Store(int64(telegraf.Debug))
	start := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for i := range 366 { // ten seconds apart: an hour and a minute
		l.print(telegraf.Error, start.Add(time.Duration(i)*10*time.Second), "inputs.fake", nil, "broken")
	}
	l.print(telegraf.Error, start, "inputs.other", nil, "broken")
	l.print(telegraf.Warn, start, "inputs.fake", nil, "broken")
	for range 2 {
		l.print(telegraf.Debug, start, "inputs.fake", nil, "detail")
	}
	want := "E! [inputs.fake] broken\nE! [inputs.fake] broken (and 359 times before)\n" +
		"E! [inputs.other] broken\nW! [inputs.fake] broken\nD! [inputs.fake] detail\nD! [inputs.fake] detail\n"
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("log (-want +got):\n%s", diff)
	}
	for i := range 3 * maxRepeats {
		l.print(telegraf.Error, start, "", nil, i)
	}
	if n := len(l.repeats); n > maxRepeats {
		t.Errorf("%d messages remembered", n)
	}
}

func TestOneLine(t *testing.T) {
	for _, tt := range []struct{ name, in, want string }{
		{"plain", "naïve %d", "naïve %d"},
		{"lines", "a\r\nb\n", `a\r\nb\n`},
		{"terminal", "\x1b[2J\u009b\x00", `\x1b[2J\u009b\x00`},
		{"invalid UTF-8", "a\xffb", "a\uFFFDb"},
		{"long", strings.Repeat("é", 40_000), strings.Repeat("é", maxLine/2) + fmt.Sprintf("... (%d bytes more)", 80_000-maxLine)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, oneLine(tt.in)); diff != "" {
				t.Errorf("oneLine (-want +got):\n%s", diff)
			}
		})
	}
}
