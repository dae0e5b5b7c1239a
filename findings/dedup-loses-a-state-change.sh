#!/usr/bin/env bash
# processors.dedup drops a changed value when its series comes in two metrics.
#
# Software: github.com/influxdata/telegraf v1.39.3, plugins/processors/dedup.
# Behaviour: dedup keeps the last metric of each series and compares fields with it.
#   An input that has gauges and counters of one thing sends two metrics of one
#   series and one time, since types are of metrics. Once the counters changed,
#   the metric that is kept has counters alone. The gauges of the next gather have a
#   new time and no field in common with it, so that they are neither "changed" nor
#   "added", and are dropped, whatever they say.
# Why it matters: a link that goes down is reported as up for as long as its counters
#   run. With idle counters, as in a test, each change of state arrives.
# Seen: isup true true false false true with running counters: 1 of 5 gauges sent,
#   the last of gather 0
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
	"time"

	"github.com/influxdata/telegraf"
	"github.com/influxdata/telegraf/metric"
	"github.com/influxdata/telegraf/plugins/processors"
	_ "github.com/influxdata/telegraf/plugins/processors/dedup"
)

// gather runs the processor over five gathers of a link, and returns how many
// gauges it let pass, and the gather of the last.
func gather(counter func(i int) int64) (gauges, last int) {
	dedup := processors.Processors["dedup"]().(processors.HasUnwrap).Unwrap()
	begin := time.Now()
	tags := map[string]string{"interface": "eth0"}
	for i, up := range []bool{true, true, false, false, true} {
		at := begin.Add(time.Duration(i) * 10 * time.Second)
		out := dedup.Apply(
			metric.New("link", tags, map[string]any{"isup": up}, at, telegraf.Gauge),
			metric.New("link", tags, map[string]any{"bytes": counter(i)}, at, telegraf.Counter),
		)
		for _, m := range out {
			if m.HasField("isup") {
				gauges, last = gauges+1, i
			}
		}
	}
	return gauges, last
}

func main() {
	running, last := gather(func(i int) int64 { return int64(100 + i) })
	fmt.Printf("isup true true false false true with running counters: %d of 5 gauges sent, the last of gather %d\n", running, last)
	if running != 1 || last != 0 {
		fmt.Println("changed")
		os.Exit(1)
	}
}
GO
go mod init finding 2>/dev/null
go get github.com/influxdata/telegraf@v1.39.3 2>log || { cat log >&2; exit 2; }
go run .
