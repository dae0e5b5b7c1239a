#!/usr/bin/env bash
# Prints the licences of Go and of every module that is linked into sysprobe-execd for
# an os/arch pair: the files of that name in the directory of each linked package and
# in those above it, up to its module.
set -euo pipefail
export GOOS=${1%/*} GOARCH=${1#*/} CGO_ENABLED=0

part() { # name file
	printf '=== %s\n\n' "$1"
	tr -d '\r' <"$2"
	printf '\n\n'
}

part "Go, $(go env GOVERSION)" "$(go env GOROOT)/LICENSE"
go list -deps -f '{{with .Module}}{{if not .Main}}{{.Path}} {{.Version}} {{.Dir}} {{$.Dir}}{{end}}{{end}}' ./plugins/cmd/sysprobe-execd |
	while read -r module version top directory; do
		[[ $directory != "$top" ]] || printf '%s %s %s %s\n' "$module" "$version" "$top" "$directory"
		while [[ $directory != "$top" ]]; do
			printf '%s %s %s %s\n' "$module" "$version" "$top" "$directory"
			directory=${directory%/*}
		done
		printf '%s %s %s %s\n' "$module" "$version" "$top" "$top"
	done | LC_ALL=C sort -u |
	while read -r module version top directory; do
		found=false
		for file in "$directory"/{LICEN[CS]E,COPYING,NOTICE,COPYRIGHT,PATENTS}*; do
			[[ -f $file ]] && [[ ${file##*/} != *.go ]] || continue
			found=true
			part "$module $version: ${file#"$top"/}" "$file"
		done
		if ! "$found" && [[ $directory == "$top" ]]; then
			printf '%s: no licence at the top of the module\n' "$module" >&2
			exit 1
		fi
	done
