package plugintest

import (
	"strings"
	"testing"

	"github.com/influxdata/telegraf"
)

// InitCase is a change of options, and what Init says about it. It is an alias
// of a struct without a name, so that tables need no keys.
type InitCase[P telegraf.Initializer] = struct {
	Name   string
	Change func(input P)
	// Want is how the error begins: with the option, its value and the remedy. An
	// ellipsis stands for any text. No Want is no error.
	Want string
}

// InitCases runs Init for each case on a plugin that create returns.
func InitCases[P telegraf.Initializer](t *testing.T, create func(t *testing.T) P, cases []InitCase[P]) {
	t.Helper()
	for _, tc := range cases {
		t.Run(tc.Name, func(t *testing.T) {
			input := create(t)
			tc.Change(input)
			err := input.Init()
			if (err == nil) != (tc.Want == "") || err != nil && !begins(err.Error(), tc.Want) {
				t.Errorf("Init returned %v, want %q", err, tc.Want)
			}
		})
	}
}

// begins reports whether text begins as want says.
func begins(text, want string) bool {
	parts := strings.Split(want, "…")
	rest, ok := strings.CutPrefix(text, parts[0])
	for _, part := range parts[1:] {
		var found bool
		_, rest, found = strings.Cut(rest, part)
		ok = ok && found
	}
	return ok
}

// startable is a plugin with a whole life.
type startable interface {
	telegraf.Initializer
	telegraf.ServiceInput
}

// Start takes input through Init and Start. The end of the test stops it.
func Start(tb testing.TB, input startable, acc telegraf.Accumulator) {
	tb.Helper()
	if err := input.Init(); err != nil {
		tb.Fatal(err)
	}
	if err := input.Start(acc); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(input.Stop)
}
