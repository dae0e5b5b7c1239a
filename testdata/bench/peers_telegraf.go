package main

import (
	"fmt"
	"os"
	"reflect"
	"time"

	"github.com/influxdata/toml"

	"github.com/influxdata/telegraf"
	"github.com/influxdata/telegraf/logger"
	"github.com/influxdata/telegraf/metric"
	"github.com/influxdata/telegraf/plugins/inputs"
	_ "github.com/influxdata/telegraf/plugins/inputs/ethtool"   // to compare with
	_ "github.com/influxdata/telegraf/plugins/inputs/net"       // to compare with
	_ "github.com/influxdata/telegraf/plugins/inputs/processes" // to compare with
	_ "github.com/influxdata/telegraf/plugins/inputs/procstat"  // to compare with

	_ "telegraf-sysprobe/plugins/inputs/all" // to compare
)

// procstatEverything makes inputs.procstat look at every process.
const procstatEverything = `
pid_finder = "native"
properties = ["cpu", "memory"]
[[filter]]
  name = "all"
  process_names = ["*"]
`

// procsMuch makes inputs.procs rank by four keys and group by two, procsEvery
// emit every process.
const (
	procsMuch = `
backend = "bpf"
collect = ["top", "group"]
top_by = ["cpu", "memory", "io", "fds"]
top_count = 10
`
	procsEvery = `
backend = "bpf"
collect = ["process"]
max_processes = 1000000
`
)

// gatherInput gathers an input plugin of Telegraf, ours or its own, with its
// defaults and the given configuration.
func gatherInput(name, config string) func() (pass, error) {
	return func() (pass, error) {
		create := inputs.Inputs[name]
		if create == nil {
			return nil, fmt.Errorf("no input %q", name)
		}
		input := create()
		if err := toml.Unmarshal([]byte(config), input); err != nil {
			return nil, err
		}
		if log := reflect.ValueOf(input).Elem().FieldByName("Log"); log.IsValid() {
			log.Set(reflect.ValueOf(logger.New("inputs", name, "")))
		}
		if plugin, ok := input.(telegraf.Initializer); ok {
			if err := plugin.Init(); err != nil {
				return nil, err
			}
		}
		acc := &accumulator{}
		if plugin, ok := input.(telegraf.ServiceInput); ok {
			if err := plugin.Start(acc); err != nil {
				return nil, err
			}
		}
		return func() (int, error) {
			acc.metrics = 0
			err := input.Gather(acc)
			return acc.metrics, err
		}, nil
	}
}

// accumulator builds each metric as Telegraf's does, and counts it. Methods it
// lacks are not called here.
type accumulator struct {
	telegraf.Accumulator
	metrics int
}

func (a *accumulator) AddFields(name string, fields map[string]any, tags map[string]string, at ...time.Time) {
	a.add(name, fields, tags, telegraf.Untyped, at)
}

func (a *accumulator) AddGauge(name string, fields map[string]any, tags map[string]string, at ...time.Time) {
	a.add(name, fields, tags, telegraf.Gauge, at)
}

func (a *accumulator) AddCounter(name string, fields map[string]any, tags map[string]string, at ...time.Time) {
	a.add(name, fields, tags, telegraf.Counter, at)
}

func (a *accumulator) AddMetric(telegraf.Metric) { a.metrics++ }

func (a *accumulator) AddError(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
}

func (a *accumulator) add(name string, fields map[string]any, tags map[string]string, kind telegraf.ValueType, at []time.Time) {
	now := time.Now()
	if len(at) > 0 {
		now = at[0]
	}
	a.AddMetric(metric.New(name, tags, fields, now, kind))
}
