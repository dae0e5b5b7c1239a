#!/usr/bin/env bash
# Each start of a program that links gosnowflake, Telegraf among them, leaves a directory.
#
# Software: github.com/snowflakedb/gosnowflake v1.19.1, which outputs.sql of Telegraf
#   1.39.3 imports; built without cgo, as Telegraf is (CGO_ENABLED=0).
# Behaviour: an init function of the package starts a goroutine that makes a directory
#   gosnowflake-cgo* below the temporary directory for a library. A program without cgo
#   has no use for that, writes none, and leaves the directory, whether it ever connects
#   to a database or not; one with cgo removes it.
# Why it matters: a Telegraf with all outputs leaves one at each start and each check of a
#   configuration that takes a moment: one that is run every minute has left 500,000
#   after a year, where nobody cleans the temporary directory.
# Seen: 3 runs of a program that only sleeps a second left 3 directories
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
export GOFLAGS=-mod=mod GOWORK=off CGO_ENABLED=0
cat >main.go <<'GO'
package main

import (
	"time"

	_ "github.com/snowflakedb/gosnowflake"
)

func main() { time.Sleep(time.Second) }
GO
go mod init finding 2>/dev/null
go get github.com/snowflakedb/gosnowflake@v1.19.1 2>log || { cat log >&2; exit 2; }
go build -o program . 2>log || { cat log >&2; exit 2; }
mkdir temporary
for _ in 1 2 3; do TMPDIR=$dir/temporary ./program; done
left=$(find temporary -mindepth 1 -maxdepth 1 -name 'gosnowflake-cgo*' | wc -l)
echo "3 runs of a program that only sleeps a second left $left directories"
((left == 3)) || { echo "changed"; exit 1; }
