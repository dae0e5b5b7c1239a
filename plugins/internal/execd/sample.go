package execd

import (
	_ "embed"
	"fmt"
	"strings"

	"github.com/influxdata/telegraf/plugins/inputs"

	"telegraf-sysprobe/plugins/internal/conf"
)

//go:embed header.conf
var header string

// SampleConfig returns the configuration that the host runs when it is given
// none: every registered input, in alphabetical order, as its own sample has
// it. It is meant to be kept in a file and edited. With kinds it has these inputs
// alone. It returns an error for a kind that there is not.
func SampleConfig(kinds ...string) (string, error) {
	if err := CheckKinds(kinds); err != nil {
		return "", err
	}
	var b strings.Builder
	if len(kinds) == 0 {
		kinds = conf.InputNames()
		b.WriteString(header)
	}
	for i, kind := range kinds {
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(strings.TrimSpace(inputs.Inputs[kind]().SampleConfig()))
		b.WriteByte('\n')
	}
	return b.String(), nil
}

// CheckKinds returns an error for the first of kinds that is no input.
func CheckKinds(kinds []string) error {
	for _, kind := range kinds {
		if _, known := inputs.Inputs[kind]; !known {
			return fmt.Errorf("there is no input %q here, only %s", kind, strings.Join(conf.InputNames(), ", "))
		}
	}
	return nil
}
