package execd

import (
	_ "embed"
	"maps"
	"slices"
	"strings"

	"github.com/influxdata/telegraf/plugins/inputs"
)

//go:embed header.conf
var header string

// SampleConfig returns the configuration that the host runs when it is given
// none: every registered input, in alphabetical order, as its own sample has
// it. It is meant to be kept in a file and edited.
func SampleConfig() string {
	var b strings.Builder
	b.WriteString(header)
	for i, name := range inputNames() {
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(strings.TrimSpace(inputs.Inputs[name]().SampleConfig()))
		b.WriteByte('\n')
	}
	return b.String()
}

// inputNames lists what is compiled in, in alphabetical order.
func inputNames() []string { return slices.Sorted(maps.Keys(inputs.Inputs)) }
