#!/usr/bin/env bash
# Runs every fuzz target for the given time, or number of inputs, each. A number
# is better: Go sometimes takes the end of the time for a failure of the target.
set -euo pipefail
fuzztime=${1:-100000x}
count=0
for package in $(grep -rl --include='*_test.go' '^func Fuzz' plugins sysprobe | xargs -n 1 dirname | sort -u); do
	package=./$package
	for target in $(go test -list '^Fuzz' "$package" | grep '^Fuzz'); do
		printf '%s %s\n' "$package" "$target"
		go test -run='^$' -fuzz="^$target\$" -fuzztime="$fuzztime" "$package"
		count=$((count + 1))
	done
done
((count > 0)) || { echo 'no fuzz targets' >&2; exit 1; }
printf '%d fuzz targets, %s each\n' "$count" "$fuzztime"
