#!/usr/bin/env bash
# startup_error_behavior = "ignore" does not ignore that a plugin cannot start.
#
# Software: github.com/influxdata/telegraf v1.39.3: agent, config, inputs.execd.
# Behaviour: the option is accepted on each plugin, [[inputs.execd]] included. The
#   agent follows it only for errors that the plugin marks as start-up errors, and
#   execd returns the one of starting its command as it is. With ignore, retry and
#   probe alike the agent ends, and Telegraf with it, all other inputs included.
# Why it matters: the option is set where a missing part must not cost the rest, such
#   as a helper that a later package or a mount brings. Nothing says that it has no
#   effect here; the first boot without the helper is a host without metrics.
# Seen: ignore: starting input inputs.execd: failed to start process [/nonexistent]:
#   ... no such file or directory; retry and probe: the same
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
	"strings"
	"time"

	"github.com/influxdata/telegraf/agent"
	"github.com/influxdata/telegraf/config"
	_ "github.com/influxdata/telegraf/plugins/inputs/execd"
	_ "github.com/influxdata/telegraf/plugins/outputs/file"
	_ "github.com/influxdata/telegraf/plugins/parsers/influx"
	_ "github.com/influxdata/telegraf/plugins/serializers/influx"
)

const file = `
[[outputs.file]]
  files = ["stdout"]
[[inputs.execd]]
  command = ["/nonexistent"]
  startup_error_behavior = %q
`

// run returns the error with which an agent ends, nil if it runs for two seconds.
func run(behavior string) error {
	c := config.NewConfig()
	if err := c.LoadConfigData([]byte(fmt.Sprintf(file, behavior)), "telegraf.conf"); err != nil {
		log.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	return agent.NewAgent(c).Run(ctx)
}

func main() {
	for _, behavior := range []string{"ignore", "retry", "probe"} {
		err := run(behavior)
		fmt.Printf("%s: %v\n", behavior, err)
		if err == nil || !strings.Contains(err.Error(), "/nonexistent") {
			fmt.Println("changed")
			os.Exit(1)
		}
	}
}
GO
go mod init finding 2>/dev/null
go get github.com/influxdata/telegraf/agent@v1.39.3 github.com/influxdata/telegraf/config@v1.39.3 github.com/influxdata/telegraf/plugins/inputs/execd@v1.39.3 2>log || { cat log >&2; exit 2; }
go run .
