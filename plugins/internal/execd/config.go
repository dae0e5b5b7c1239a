package execd

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/influxdata/telegraf"
	"github.com/influxdata/telegraf/config"
	"github.com/influxdata/telegraf/models"

	"telegraf-sysprobe/plugins/internal/conf"
)

// loaded is a configuration without mistakes.
type loaded struct {
	*config.Config

	labels  []string // of its Inputs: file, line, and which of its kind
	remarks []string // what has no effect, or an effect that hardly anybody wants
}

// load reads the named files as one configuration, or the built-in one if there
// are none. The error joins one for each mistake there is in all of them.
func load(files, only []string) (*loaded, error) {
	cfg := config.NewConfig()
	cfg.InputFilters = only
	cfg.Agent.OmitHostname = true // the Telegraf that reads us adds it
	skip := true                  // unset, this option of a feature we lack earns a warning
	cfg.Agent.SkipProcessorsAfterAggregators = &skip

	l := &loaded{Config: cfg}
	inputs, errs := l.read(files)
	switch {
	case len(errs) > 0:
	case len(cfg.Inputs) == 0:
		errs = append(errs, fmt.Errorf("no input configured: add at least one of [[inputs.%s]]", strings.Join(conf.InputNames(), "]], [[inputs.")))
	default:
		errs = l.compare(inputs)
	}
	if len(errs) > 0 {
		return l, errors.Join(errs...)
	}
	return l, cfg.LinkSecrets()
}

// read reads files into l. It returns their inputs, and an error for each mistake.
func (l *loaded) read(files []string) ([]labelled, []error) {
	var errs []error
	var inputs []labelled
	for _, file := range contents(files) {
		if file.err != nil {
			errs = append(errs, file.err)
			continue
		}
		f := conf.Read(file.name, file.data, initialize)
		l.remarks = append(l.remarks, f.Remarks...)
		errs = append(errs, f.Problems...)
		for _, input := range f.Inputs {
			inputs = append(inputs, labelled{input, file.name})
		}
		if len(f.Problems) > 0 {
			continue
		}
		if err := l.LoadConfigData(f.Data, file.name); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", file.name, err))
		}
	}
	return inputs, errs
}

// content is what is in a file, or why that is not known.
type content struct {
	name string
	data []byte
	err  error
}

// contents reads files, or the built-in configuration if there are none.
func contents(files []string) []content {
	if len(files) == 0 {
		sample, err := SampleConfig()
		return []content{{data: []byte(sample), err: err}}
	}
	read := make([]content, len(files))
	for i, file := range files {
		data, _, err := config.LoadConfigFile(file)
		if err != nil {
			err = fmt.Errorf("--config %s: %w", file, err)
		}
		read[i] = content{file, data, err}
	}
	return read
}

// ConfigsIn returns the files *.conf below a directory. It returns an error where
// that cannot be read, or where there is none.
func ConfigsIn(directory string) ([]string, error) {
	files, err := config.WalkDirectory(directory)
	if err == nil && len(files) == 0 {
		err = fmt.Errorf("%w: there is no *.conf below %s", fs.ErrNotExist, directory)
	}
	return files, err
}

// initialize tries an input that is used for nothing else, without a word in the log.
func initialize(kind, alias string, input telegraf.Input) error {
	running := models.NewRunningInput(input, &models.InputConfig{Name: kind, Alias: alias})
	running.Log().AddAttribute(levelAttribute, telegraf.None)
	return protect(running, "").Init()
}

// labelled is an input of a file.
type labelled struct {
	conf.Input

	file string // nothing for the built-in configuration
}

func (i *labelled) String() string {
	if i.file == "" {
		return i.Input.String()
	}
	return fmt.Sprintf("%s: line %d: %s", i.file, i.Line, &i.Input)
}

// compare sets the labels of l.Inputs, which have the order of inputs within each
// kind of a file, and looks for two in the same series. It returns an error for each
// that counts for itself there.
func (l *loaded) compare(inputs []labelled) []error {
	var errs []error
	all := make([]*labelled, len(l.Inputs))
	for i, running := range l.Inputs {
		for j := range inputs {
			if in := &inputs[j]; in.Kind == running.Config.Name && in.file == running.Config.Source {
				all[i] = in
				inputs = slices.Delete(slices.Clone(inputs), j, j+1)
				break
			}
		}
		l.labels = append(l.labels, all[i].String())
		for j, other := range l.Inputs[:i] {
			switch {
			case !l.sameSeries(other, running):
			case isSole(running):
				errs = append(errs, fmt.Errorf(
					"%s and %s count for themselves in the same series; set a tag in [inputs.%s.tags], or name_suffix, of one%s",
					all[j], all[i], all[i].Kind, why(other, running)))
			case all[i].Options == all[j].Options:
				l.remarks = append(l.remarks, fmt.Sprintf("%s and %s have the same options, so that every row comes twice; remove one", all[j], all[i]))
			}
		}
	}
	return errs
}
