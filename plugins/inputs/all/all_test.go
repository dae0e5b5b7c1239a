package all

import (
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/influxdata/telegraf"
	"github.com/influxdata/telegraf/config"
	"github.com/influxdata/telegraf/plugins/inputs"
	"github.com/influxdata/telegraf/testutil"

	"telegraf-sysprobe/plugins/internal/conf"
	"telegraf-sysprobe/plugins/internal/execd"
)

// TestRegistered checks that each directory is an input of that name, and that
// its sample is a configuration without mistakes.
func TestRegistered(t *testing.T) {
	entries, err := os.ReadDir("..")
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, entry := range entries {
		name := entry.Name()
		if name == "all" {
			continue
		}
		names[name] = true
		t.Run(name, func(t *testing.T) {
			creator, ok := inputs.Inputs[name]
			if !ok {
				t.Fatal("not registered")
			}
			sample, err := os.ReadFile(filepath.Join("..", name, "sample.conf"))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(sample), creator().SampleConfig()); diff != "" {
				t.Errorf("SampleConfig (-sample.conf +got):\n%s", diff)
			}
			for kind, text := range map[string]string{"as it is": string(sample), "with every option": uncommented(string(sample))} {
				cfg := config.NewConfig()
				if err := cfg.LoadConfigData([]byte(text), config.EmptySourcePath); err != nil {
					t.Errorf("sample.conf %s: %v", kind, err)
				} else if len(cfg.Inputs) != 1 || cfg.Inputs[0].Config.Name != name {
					t.Errorf("sample.conf %s has %q, want one %q", kind, cfg.InputNames(), name)
				}
			}
		})
	}
	for name := range inputs.Inputs {
		if !names[name] {
			t.Errorf("input %q has no directory of its name", name)
		}
	}
}

// TestExamples reads the examples of configuration in each README as sysprobe-execd does.
func TestExamples(t *testing.T) {
	example := regexp.MustCompile("(?ms)^```toml\n(.*?)^```")
	for name := range inputs.Inputs {
		text, err := os.ReadFile(filepath.Join("..", name, "README.md"))
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range example.FindAllStringSubmatch(string(text), -1) {
			own := found[1]
			if table := "[[inputs." + name; !strings.Contains(own, table) {
				continue // of Telegraf
			} else if !strings.Contains(own, table+"]]") {
				own = table + "]]\n" + own
			}
			file := conf.Read(name, []byte(own), func(_, _ string, input telegraf.Input) error {
				return input.(telegraf.Initializer).Init()
			})
			for _, problem := range file.Problems {
				t.Errorf("%v in\n%s", problem, own)
			}
		}
	}
}

// TestSecondInstance starts each input with counters of its own twice, as a Telegraf with
// the plugins inside does that has two of them.
func TestSecondInstance(t *testing.T) {
	for name, create := range inputs.Inputs {
		log := &testutil.CaptureLogger{}
		_, sole := create().(interface{ SoleWriter() []string })
		for range 2 {
			input := create()
			reflect.ValueOf(input).Elem().FieldByName("Log").Set(reflect.ValueOf(log))
			if err := input.(telegraf.Initializer).Init(); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			service := input.(telegraf.ServiceInput)
			if err := service.Start(&testutil.Accumulator{}); err != nil {
				t.Fatal(err)
			}
			defer service.Stop()
		}
		said := slices.ContainsFunc(log.Messages(), func(m testutil.Entry) bool { return strings.Contains(m.Text, "2 instances of inputs."+name) })
		if said != sole {
			t.Errorf("%s: said that two instances run: %t, want %t", name, said, sole)
		}
	}
}

// uncommented makes options of the lines that only show them: those with one
// number sign and an indent.
func uncommented(sample string) string {
	lines := strings.Split(sample, "\n")
	for i, line := range lines {
		if option, ok := strings.CutPrefix(line, "  # "); ok {
			lines[i] = "  " + option
		}
	}
	return strings.Join(lines, "\n")
}

// TestSampleConfig checks the copy for those who only read.
func TestSampleConfig(t *testing.T) {
	got, err := os.ReadFile(filepath.Join("..", "..", "..", "sample.conf"))
	if err != nil {
		t.Fatal(err)
	}
	sample, err := execd.SampleConfig()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(sample, string(got)); diff != "" {
		t.Errorf("sample.conf is stale, run make generate (-want +got):\n%s", diff)
	}
	cfg := config.NewConfig()
	if err := cfg.LoadConfigData([]byte(uncommented(string(got))), config.EmptySourcePath); err != nil {
		t.Errorf("sample.conf with every option: %v", err)
	}
}
