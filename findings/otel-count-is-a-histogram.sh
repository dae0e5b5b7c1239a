#!/usr/bin/env bash
# A metric with a field named "count" never reaches OpenTelemetry.
#
# Software: github.com/influxdata/influxdb-observability/influx2otel v0.5.12, which
#   outputs.opentelemetry of Telegraf 1.39.3 converts metrics with.
# Behaviour: a metric without a type, which all are that came by line protocol, is
#   guessed from the names of its fields. One named count makes it a histogram: an
#   integer is then refused for its type, and a float because no field is named
#   sum. The other fields of the row, plain gauges, are refused with it. The same
#   row with the field under any other name is as many gauges.
# Why it matters: the fields count and a few more are what a plugin that counts
#   things would send, the rows arrive at every other output, and Telegraf sends on
#   the rest of the batch. Inside one Telegraf, where types survive, it works; with
#   the same plugin behind execd it does not.
# Seen: number: 2 gauges, <nil>; count: 0 metrics, unsupported histogram count
#   value type int64; count as float: 0 metrics, histogram sum field not found
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
export GOFLAGS=-mod=mod GOWORK=off
cat >main.go <<'GO'
package main

import (
	"fmt"
	"log"
	"os"
	"time"

	"github.com/influxdata/influxdb-observability/common"
	"github.com/influxdata/influxdb-observability/influx2otel"
)

func convert(fields map[string]any) (int, error) {
	c, err := influx2otel.NewLineProtocolToOtelMetrics(common.NoopLogger{})
	if err != nil {
		log.Fatal(err)
	}
	batch := c.NewBatch()
	err = batch.AddPoint("procs_group", map[string]string{"user": "root"}, fields, time.Now(), common.InfluxMetricValueTypeUntyped)
	return batch.GetMetrics().MetricCount(), err
}

func main() {
	gauges, err := convert(map[string]any{"number": int64(3), "memory": int64(10)})
	ints, intErr := convert(map[string]any{"count": int64(3), "memory": int64(10)})
	floats, floatErr := convert(map[string]any{"count": 3.0, "memory": 10.0})
	fmt.Printf("number: %d gauges, %v; count: %d metrics, %v; count as float: %d metrics, %v\n", gauges, err, ints, intErr, floats, floatErr)
	if gauges != 2 || err != nil || ints != 0 || intErr == nil || floats != 0 || floatErr == nil {
		fmt.Println("changed")
		os.Exit(1)
	}
}
GO
go mod init finding 2>/dev/null
go get github.com/influxdata/influxdb-observability/influx2otel@v0.5.12 github.com/influxdata/influxdb-observability/common@v0.5.12 2>log || { cat log >&2; exit 2; }
go run .
