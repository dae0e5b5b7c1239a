#!/usr/bin/env bash
# Links sysprobe-execd for the given os/arch pairs, or one of each system that
# nothing here runs: what vet does not see is a function without a body that no
# library of the system is said to have. The other architecture of each system is
# vetted by .ci/cross.sh alone, for Telegraf takes a minute to compile for each pair;
# make archive links all.
set -euo pipefail
targets=("$@")
((${#targets[@]})) || targets=(darwin/arm64 freebsd/amd64 netbsd/amd64 openbsd/amd64)
program=$(mktemp -d)
trap 'rm -rf "$program"' EXIT
export CGO_ENABLED=0
for target in "${targets[@]}"; do
	start=$SECONDS
	export GOOS=${target%/*} GOARCH=${target#*/}
	go build -o "$program/" ./plugins/cmd/sysprobe-execd
	printf '%-14s sysprobe-execd: %d bytes, %d s\n' "$target" "$(stat -c %s "$program/sysprobe-execd")" $((SECONDS - start))
done
