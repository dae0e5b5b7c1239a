#!/usr/bin/env bash
# Telegraf that was paused sends two points of one series with one timestamp.
#
# Software: github.com/influxdata/telegraf v1.39.3: agent.
# Behaviour: the agent gathers on whole intervals, and rounds the times of metrics to
#   a second where the interval is a second or longer. After a pause, such as SIGSTOP
#   and SIGCONT, a suspended machine or a virtual machine that is moved, the tick
#   that is late gathers at once and the next one comes on its whole second all the
#   same. Where the process goes on in the second half of a second, both times round
#   to one: two points of one series at one time, with values from different moments.
# Why it matters: in a database that knows a point by its series and time, such as
#   InfluxDB, the second one replaces the first; one that does not keeps two values of
#   one moment, of which the difference is divided by no time. A test without a pause
#   never meets it.
# Seen: points at one time: 1 without a pause, 2 where the process goes on at .65 of a
#   second
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
export GOFLAGS=-mod=mod GOWORK=off
cat >main.go <<'GO'
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"os/exec"
	"strconv"
	"time"

	"github.com/influxdata/telegraf"
	"github.com/influxdata/telegraf/agent"
	"github.com/influxdata/telegraf/config"
	"github.com/influxdata/telegraf/plugins/inputs"
	"github.com/influxdata/telegraf/plugins/outputs"
)

// counter is an input that counts its gathers.
type counter struct{ n int }

func (*counter) SampleConfig() string { return "" }
func (c *counter) Gather(acc telegraf.Accumulator) error {
	c.n++
	acc.AddFields("counter", map[string]any{"n": c.n}, nil)
	return nil
}

// points is an output that keeps how many points each second has.
type points struct{ at map[int64]int }

func (*points) SampleConfig() string { return "" }
func (*points) Connect() error       { return nil }
func (*points) Close() error         { return nil }
func (p *points) Write(metrics []telegraf.Metric) error {
	for _, m := range metrics {
		p.at[m.Time().UnixNano()]++
	}
	return nil
}

// most returns the largest number of points at one time, while a shell lets this
// process stop and go on so many times.
func most(pauses int) int {
	seen := &points{map[int64]int{}}
	inputs.Add("counter", func() telegraf.Input { return &counter{} })
	outputs.Add("points", func() telegraf.Output { return seen })
	c := config.NewConfig()
	if err := c.LoadConfigData([]byte("[agent]\n interval = \"1s\"\n flush_interval = \"1s\"\n[[inputs.counter]]\n[[outputs.points]]\n"), "telegraf.conf"); err != nil {
		log.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Duration(4+4*pauses)*time.Second)
	defer cancel()
	// Stopped at .10 of a second, the process goes on at .65 of the next but one.
	shell := exec.Command("sh", "-c", `
		until_part() { while n=$(date +%N); n=${n#0}; [ "${n%???????}" != "$1" ]; do sleep 0.004; done; }
		i=0
		while [ $i -lt "$1" ]; do
			sleep 2; until_part 10; kill -STOP "$0"; sleep 1; until_part 65; kill -CONT "$0"; i=$((i + 1))
		done`, strconv.Itoa(os.Getpid()), strconv.Itoa(pauses))
	if err := shell.Start(); err != nil {
		log.Fatal(err)
	}
	if err := agent.NewAgent(c).Run(ctx); err != nil {
		log.Fatal(err)
	}
	shell.Wait()
	n := 0
	for _, count := range seen.at {
		n = max(n, count)
	}
	return n
}

func main() {
	log.SetOutput(os.Stderr)
	steady, paused := most(0), most(5)
	fmt.Printf("points at one time: %d without a pause, %d where the process goes on at .65 of a second\n", steady, paused)
	if steady != 1 || paused != 2 {
		fmt.Println("changed")
		os.Exit(1)
	}
}
GO
go mod init finding 2>/dev/null
go get github.com/influxdata/telegraf/agent@v1.39.3 github.com/influxdata/telegraf/config@v1.39.3 github.com/influxdata/telegraf/plugins/inputs@v1.39.3 github.com/influxdata/telegraf/plugins/outputs@v1.39.3 2>log || { cat log >&2; exit 2; }
go run . 2>log || { cat log >&2; exit 1; }
