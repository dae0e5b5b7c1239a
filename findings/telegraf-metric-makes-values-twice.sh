#!/usr/bin/env bash
# Telegraf makes each value of a metric a second time, and a copy does not.
#
# Software: github.com/influxdata/telegraf v1.39.3, package metric; Go 1.26.
# Behaviour: metric.New, which every AddFields, AddGauge and AddCounter calls, and
#   AddField pass each value through a type switch that returns the variable of the
#   case. Go puts that variable into an interface anew, so that a value which came in
#   an interface, an int64 as int64 included, is allocated again; a value below 256
#   is not, so that no benchmark with small numbers shows it. FromMetric copies the
#   fields of any telegraf.Metric with the interfaces that are there, and sorts
#   nothing.
# Why it matters: an input with 10,000 rows of 30 counters makes 300,000 allocations a
#   gather for nothing, a third of all. One that hands FromMetric a draft of its own
#   and calls AddMetric makes none of them.
# Seen: 30 integers, metric.New of a map that is there: 62 allocations; metric.FromMetric: 32;
#   metric.New of small numbers: 32
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
export GOFLAGS=-mod=mod GOWORK=off
cat >main.go <<'GO'
package main

import (
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/influxdata/telegraf"
	"github.com/influxdata/telegraf/metric"
)

const fields = 30

var sink telegraf.Metric

func main() {
	large, small := map[string]any{}, map[string]any{}
	for i := range fields {
		large[fmt.Sprint("field", i)] = int64(1_000_000 + i)
		small[fmt.Sprint("field", i)] = int64(i)
	}
	draft := metric.New("m", nil, large, time.Now())
	anew := testing.AllocsPerRun(100, func() { sink = metric.New("m", nil, large, time.Now()) })
	few := testing.AllocsPerRun(100, func() { sink = metric.New("m", nil, small, time.Now()) })
	copied := testing.AllocsPerRun(100, func() { sink = metric.FromMetric(draft) })
	fmt.Printf("%d integers, metric.New of a map that is there: %v allocations; metric.FromMetric: %v; metric.New of small numbers: %v\n",
		fields, anew, copied, few)
	if anew-copied < fields-1 || anew-few < fields-1 {
		fmt.Println("changed")
		os.Exit(1)
	}
}
GO
go mod init finding 2>/dev/null
go get github.com/influxdata/telegraf/metric@v1.39.3 2>log || { cat log >&2; exit 2; }
go run .
