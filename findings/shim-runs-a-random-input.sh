#!/usr/bin/env bash
# An external plugin with two inputs in its configuration runs one, another each time.
#
# Software: github.com/influxdata/telegraf v1.39.3, plugins/common/shim (the frame
#   of external plugins for execd).
# Behaviour: LoadConfig reads the file into a map of inputs, takes the first entry of
#   an iteration and drops the others without a word. The order of a Go map is
#   random, so that it is drawn at each start which input runs. Options that Telegraf
#   itself would refuse, such as a misspelled one, are passed over as well.
# Why it matters: the package before it (plugins/inputs/execd/shim) ran several. The
#   plugin works, restarts, and sends other measurements; with one input in the
#   test's file nothing is ever wrong.
# Seen: of 40 starts: alpha 30, beta 10; misspelled option: no error
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
export GOFLAGS=-mod=mod GOWORK=off
cat >plugins.conf <<'TOML'
[[inputs.alpha]]
  intervall = "1s"
[[inputs.beta]]
TOML
cat >main.go <<'GO'
package main

import (
	"fmt"
	"log"
	"os"

	"github.com/influxdata/telegraf"
	"github.com/influxdata/telegraf/plugins/common/shim"
	"github.com/influxdata/telegraf/plugins/inputs"
)

type alpha struct{}

func (*alpha) SampleConfig() string              { return "" }
func (*alpha) Gather(telegraf.Accumulator) error { return nil }

type beta struct{ alpha }

func main() {
	inputs.Add("alpha", func() telegraf.Input { return &alpha{} })
	inputs.Add("beta", func() telegraf.Input { return &beta{} })
	name := "plugins.conf"
	var first, second int
	for range 40 {
		s := shim.New()
		if err := s.LoadConfig(&name); err != nil {
			log.Fatal(err)
		}
		switch s.Input.(type) {
		case *alpha:
			first++
		case *beta:
			second++
		}
	}
	fmt.Printf("of 40 starts: alpha %d, beta %d; misspelled option: no error\n", first, second)
	if first == 0 || second == 0 || first+second != 40 {
		fmt.Println("changed")
		os.Exit(1)
	}
}
GO
go mod init finding 2>/dev/null
go get github.com/influxdata/telegraf/plugins/common/shim@v1.39.3 2>log || { cat log >&2; exit 2; }
go run .
