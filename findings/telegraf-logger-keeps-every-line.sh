#!/usr/bin/env bash
# A program that uses Telegraf's packages keeps each line that it does not log.
#
# Software: github.com/influxdata/telegraf v1.39.3, package logger.
# Behaviour: until SetupLogging is called, each record is kept in memory to be
#   written later, those of levels that are suppressed included. Only Telegraf's own
#   main calls it. External plugins run by the execd shim and programs that use
#   inputs as a library never do; the shim of the same release does not either.
# Why it matters: a debug line per gather and interface, of which nothing is ever
#   seen, is some 180 bytes for the life of the process: weeks until the
#   machine is out of memory, and no profile of a short run shows it.
# Seen: 200000 suppressed lines without SetupLogging: 35 MB kept; with it: 0 MB
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
	"runtime"

	"github.com/influxdata/telegraf/logger"
)

const lines = 200_000

func main() {
	l := logger.New("inputs", "example", "")
	kept := func() int64 { // what suppressed lines leave behind, in MB
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		for range lines {
			l.Debugf("nothing of this is shown")
		}
		runtime.GC()
		runtime.ReadMemStats(&after)
		return (int64(after.HeapAlloc) - int64(before.HeapAlloc)) >> 20
	}
	without := kept()
	if err := logger.SetupLogging(&logger.Config{}); err != nil {
		log.Fatal(err)
	}
	with := kept()
	fmt.Printf("%d suppressed lines without SetupLogging: %d MB kept; with it: %d MB\n", lines, without, max(with, 0))
	if without < 10 || with > 2 {
		fmt.Println("changed")
		os.Exit(1)
	}
}
GO
go mod init finding 2>/dev/null
go get github.com/influxdata/telegraf/logger@v1.39.3 2>log || { cat log >&2; exit 2; }
go run .
