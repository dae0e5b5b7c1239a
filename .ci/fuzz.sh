#!/usr/bin/env bash
# Runs every fuzz target for the given time each.
set -euo pipefail
fuzztime=${1:-10s}
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
