package execd

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/influxdata/telegraf"
	"github.com/influxdata/telegraf/config"
	"github.com/influxdata/telegraf/models"
	"github.com/influxdata/toml"
)

// load reads the named files as one configuration, or the built-in one if
// there are none.
func load(files []string) (*config.Config, error) {
	cfg := config.NewConfig()
	cfg.Agent.OmitHostname = true // the Telegraf that reads us adds it
	skip := true                  // unset, this option of a feature we lack earns a warning
	cfg.Agent.SkipProcessorsAfterAggregators = &skip

	if len(files) == 0 {
		if err := loadData(cfg, []byte(SampleConfig())); err != nil {
			return nil, fmt.Errorf("built-in configuration: %w", err)
		}
	}
	for _, file := range files {
		data, _, err := config.LoadConfigFile(file)
		if err != nil {
			return nil, fmt.Errorf("--config %s: %w", file, err)
		}
		if err := loadData(cfg, data); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
	}
	if errs := validate(cfg); len(errs) > 0 {
		for _, input := range cfg.Inputs { // what they refuse is shown too
			protect(input)
			if err := input.Init(); err != nil {
				errs = append(errs, fmt.Errorf("could not initialize input %s: %w", input.LogName(), err))
			}
		}
		return nil, errors.Join(errs...)
	}
	return cfg, cfg.LinkSecrets()
}

// loadData adds the tables of data to cfg. An error that knows its line quotes
// it, so that it shows option and value.
func loadData(cfg *config.Config, data []byte) error {
	err := checkTables(data)
	if err == nil {
		err = cfg.LoadConfigData(data, config.EmptySourcePath)
	}
	if at, ok := errors.AsType[*toml.LineError](err); ok {
		if lines := strings.Split(string(data), "\n"); at.Line >= 1 && at.Line <= len(lines) {
			return fmt.Errorf("%w; line %d reads %q", err, at.Line, strings.TrimSpace(lines[at.Line-1]))
		}
	}
	return err
}

// validate finds options that Telegraf accepts and that have no effect here.
func validate(cfg *config.Config) []error {
	var errs []error
	for _, o := range []struct{ name, value, remedy string }{
		{"logfile", cfg.Agent.Logfile, "messages go to stderr, where inputs.execd reads them"},
		{"logtarget", cfg.Agent.LogTarget, "messages go to stderr, where inputs.execd reads them"},
		{"logformat", strings.TrimPrefix(cfg.Agent.LogFormat, "text"), "messages are lines that inputs.execd knows"},
		{"statefile", cfg.Agent.Statefile, "no input here keeps a state"},
	} {
		if o.value != "" {
			errs = append(errs, fmt.Errorf("[agent] %s = %q has no effect here: %s; remove it", o.name, o.value, o.remedy))
		}
	}
	if d := time.Duration(cfg.Agent.Interval); d <= 0 {
		errs = append(errs, fmt.Errorf(`[agent] interval = "%v" must be above zero, such as "10s"`, d))
	}
	if len(cfg.Inputs) == 0 {
		errs = append(errs, fmt.Errorf("no input configured: add at least one of [[inputs.%s]]", strings.Join(inputNames(), "]], [[inputs.")))
	}
	for i, input := range cfg.Inputs {
		errs = append(errs, validateInput(input)...)
		if slices.ContainsFunc(cfg.Inputs[:i], func(other *models.RunningInput) bool { return sameSeries(other, input) }) {
			errs = append(errs, fmt.Errorf(
				"[[%s]] is there twice, and both count for themselves in the same series; set a tag in [%s.tags], or name_suffix, of one",
				input.LogName(), input.LogName()))
		}
	}
	return errs
}

// soleWriter is implemented by an input with counters that begin with the input:
// two of them in one series run backwards at each other's gathers.
type soleWriter interface{ SoleWriter() }

// sameSeries reports whether a and b are soleWriters of one kind whose metrics
// nothing tells apart.
func sameSeries(a, b *models.RunningInput) bool {
	if _, sole := a.Input.(soleWriter); !sole || a.Config.Name != b.Config.Name {
		return false
	}
	names := func(c *models.InputConfig) [3]string {
		return [3]string{c.NameOverride, c.MeasurementPrefix, c.MeasurementSuffix}
	}
	return names(a.Config) == names(b.Config) && maps.Equal(a.Config.Tags, b.Config.Tags)
}

// validateInput checks the options that every input has.
func validateInput(input *models.RunningInput) []error {
	var errs []error
	if d := input.Config.Interval; d < 0 {
		errs = append(errs, fmt.Errorf(`[[%s]] interval = "%v" must be above zero, such as "10s"`, input.LogName(), d))
	}
	if level := input.Config.LogLevel; level != "" && telegraf.LogLevelFromString(level) == telegraf.None {
		errs = append(errs, fmt.Errorf(`[[%s]] log_level = %q must be one of "error", "warn", "info", "debug", "trace"`, input.LogName(), level))
	}
	return errs
}
