#!/usr/bin/env bash
# A backslash in an include list means itself, until there is a wildcard.
#
# Software: package filter of github.com/influxdata/telegraf v1.39.3, which compiles
#   the include and exclude lists of most of its plugins.
# Behaviour: an entry without any of the characters * ? [ is compared as text, a
#   backslash included. With one of them it is a glob, in which a backslash takes the
#   meaning of the next character away. So "dev-a\x2db.device" matches the unit of
#   that name, and "dev-a\x2d*.device" does not: it asks for "dev-ax2d...". Doubled,
#   the backslash matches with the wildcard, and not without it.
# Why it matters: systemd writes characters in names of units as \x2d, and a name
#   that matches ceases to match when somebody puts a star behind it. No error is
#   raised.
# Seen: single: text=true, glob=false; double: text=false, glob=true
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

	"github.com/influxdata/telegraf/filter"
)

func matches(pattern string) bool {
	f, err := filter.Compile([]string{pattern})
	if err != nil {
		log.Fatal(err)
	}
	return f.Match(`dev-a\x2db.device`)
}

func main() {
	text, glob := matches(`dev-a\x2db.device`), matches(`dev-a\x2d*.device`)
	doubledText, doubledGlob := matches(`dev-a\\x2db.device`), matches(`dev-a\\x2d*.device`)
	fmt.Printf("single: text=%t, glob=%t; double: text=%t, glob=%t\n", text, glob, doubledText, doubledGlob)
	if !text || glob || doubledText || !doubledGlob {
		fmt.Println("changed")
		os.Exit(1)
	}
}
GO
go mod init finding 2>/dev/null
go get github.com/influxdata/telegraf/filter@v1.39.3 2>log || { cat log >&2; exit 2; }
go run .
