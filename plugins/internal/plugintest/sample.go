package plugintest

import (
	"os"
	"regexp"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/influxdata/telegraf"
	"github.com/influxdata/telegraf/config"
	"github.com/influxdata/telegraf/plugins/inputs"
)

// CheckSample requires of sample.conf in the folder of the test that Telegraf
// takes it, as it is and with each option that is commented out put in, and
// that both leave the plugin as it is by default. P is the type of the plugin
// behind its pointer. Opts can leave out fields whose samples are no defaults:
// tables, of which there is none by default.
func CheckSample[P any](t *testing.T, plugin string, opts ...cmp.Option) {
	t.Helper()
	sample, err := os.ReadFile("sample.conf")
	if err != nil {
		t.Fatal(err)
	}
	commented := regexp.MustCompile(`(?m)^(\s+)# `)
	for name, text := range map[string][]byte{
		"as it is":         sample,
		"with all options": commented.ReplaceAll(sample, []byte("$1")),
	} {
		cfg := config.NewConfig()
		if err := cfg.LoadConfigData(text, "sample.conf"); err != nil {
			t.Fatalf("sample.conf %s: %v", name, err)
		}
		got, want := pluginOf[P](t, cfg.Inputs[0].Input), pluginOf[P](t, inputs.Inputs[plugin]())
		opts := append(opts, cmpopts.IgnoreUnexported(*want), cmpopts.EquateEmpty(), cmpopts.IgnoreInterfaces(struct{ telegraf.Logger }{}))
		if diff := cmp.Diff(want, got, opts...); diff != "" {
			t.Errorf("sample.conf %s differs from the defaults (-defaults +sample):\n%s", name, diff)
		}
	}
}

// pluginOf returns input as the plugin it is to be.
func pluginOf[P any](t *testing.T, input telegraf.Input) *P {
	t.Helper()
	p, ok := input.(any).(*P)
	if !ok {
		t.Fatalf("the plugin is a %T", input)
	}
	return p
}
