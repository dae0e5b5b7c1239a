#!/usr/bin/env bash
# Vets the plugins and links sysprobe-execd for the given os/arch pairs, or all of the
# systems that nothing here runs: what vet does not see is a function without a body that
# no library of the system is said to have. What takes the time is to compile Telegraf,
# which vet and the linker share.
set -euo pipefail
targets=("$@")
((${#targets[@]})) || targets=(
	darwin/amd64 darwin/arm64 freebsd/amd64 freebsd/arm64
	netbsd/amd64 netbsd/arm64 openbsd/amd64 openbsd/arm64
)
program=$(mktemp -d)
trap 'rm -rf "$program"' EXIT
export CGO_ENABLED=0
for target in "${targets[@]}"; do
	start=$SECONDS
	export GOOS=${target%/*} GOARCH=${target#*/}
	go build -ldflags='-s -w' -o "$program/" ./plugins/cmd/sysprobe-execd
	go vet ./plugins/...
	printf '%-14s plugins vetted, sysprobe-execd: %d bytes, %d s\n' "$target" "$(stat -c %s "$program/sysprobe-execd")" $((SECONDS - start))
done
