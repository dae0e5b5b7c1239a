#!/usr/bin/env bash
# Braces match nothing without another wildcard, and not everything with one.
#
# Software: github.com/gobwas/glob v0.2.3 and the package filter of
#   github.com/influxdata/telegraf v1.39.3, which compiles the include and exclude
#   lists of most of its plugins with it.
# Behaviour: (1) the filter decides by the characters * ? [ whether a list is of
#   patterns. "{lo,eth0}" has none of them and is compared as a literal, so that
#   it matches neither lo nor eth0; "{lo,eth0}*" matches both. (2) glob itself
#   compiles "{x*,*a*b*}", which does not match "zazbz", although its second
#   alternative alone does, and although "{x,*a*b*}" does.
# Why it matters: no error is raised. An exclude list in braces excludes nothing
#   and costs series; an include list loses interfaces whose names have two
#   separators, which appear when somebody adds the first VLAN.
# Seen: filter: literal=false, with star=true; glob: {x*,*a*b*}=false
#   *a*b*=true {x,*a*b*}=true
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

	"github.com/gobwas/glob"
	"github.com/influxdata/telegraf/filter"
)

func telegraf(pattern, name string) bool {
	f, err := filter.Compile([]string{pattern})
	if err != nil {
		log.Fatal(err)
	}
	return f.Match(name)
}

func main() {
	literal, star := telegraf("{lo,eth0}", "lo"), telegraf("{lo,eth0}*", "lo")
	both := glob.MustCompile("{x*,*a*b*}").Match("zazbz")
	alone := glob.MustCompile("*a*b*").Match("zazbz")
	short := glob.MustCompile("{x,*a*b*}").Match("zazbz")
	fmt.Printf("filter: literal=%t, with star=%t; glob: {x*,*a*b*}=%t *a*b*=%t {x,*a*b*}=%t\n", literal, star, both, alone, short)
	if literal || !star || both || !alone || !short {
		fmt.Println("changed")
		os.Exit(1)
	}
}
GO
go mod init finding 2>/dev/null
go get github.com/gobwas/glob@v0.2.3 github.com/influxdata/telegraf/filter@v1.39.3 2>log || { cat log >&2; exit 2; }
go run .
