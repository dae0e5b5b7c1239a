#!/usr/bin/env bash
# A condition that cannot be evaluated lets the metric pass.
#
# Software: github.com/influxdata/telegraf v1.39.3, the option metricpass that each
#   plugin of it has (package models, expressions in CEL).
# Behaviour: metricpass = "fields.isup == true" on a metric without the field isup is
#   an error, "no such key", and Select returns true beside it. The agent logs the
#   error and goes on by the true: the metric passes. A field of another type is no
#   error: 1 == true is false, and the metric is dropped.
# Why it matters: a filter written to keep out everything but one kind of metric
#   keeps out only what resembles it. Inputs that send several measurements, or
#   leave fields out that they do not know, pass whole, with a log line for each. The
#   form that holds is '"isup" in fields && fields.isup == true'.
# Seen: isup=true: true; isup=false: false; isup=1: false; no isup: true with
#   "no such key: isup"; with "in": false
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

	"github.com/influxdata/telegraf/metric"
	"github.com/influxdata/telegraf/models"
)

func passes(condition string, fields map[string]any) (bool, error) {
	f := models.Filter{MetricPass: condition}
	if err := f.Compile(); err != nil {
		log.Fatal(err)
	}
	return f.Select(metric.New("link", map[string]string{}, fields, time.Now()))
}

func main() {
	const plain, careful = "fields.isup == true", `"isup" in fields && fields.isup == true`
	yes, _ := passes(plain, map[string]any{"isup": true})
	no, _ := passes(plain, map[string]any{"isup": false})
	one, _ := passes(plain, map[string]any{"isup": int64(1)})
	without, err := passes(plain, map[string]any{"bytes": int64(1)})
	with, _ := passes(careful, map[string]any{"bytes": int64(1)})
	fmt.Printf("isup=true: %t; isup=false: %t; isup=1: %t; no isup: %t with %q; with \"in\": %t\n", yes, no, one, without, err, with)
	if !yes || no || one || !without || err == nil || with {
		fmt.Println("changed")
		os.Exit(1)
	}
}
GO
go mod init finding 2>/dev/null
go get github.com/influxdata/telegraf/models@v1.39.3 2>log || { cat log >&2; exit 2; }
go run .
