#!/usr/bin/env bash
# Builds the comparison and the sysprobe-execd of another commit, so that `make
# bench` can let both take turns: bench-before.sh COMMIT PROGRAM EXECD
set -euo pipefail
commit=$1 program=$(realpath -m "$2") execd=$(realpath -m "$3")
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
git archive "$commit" | tar -x -C "$tree"
cd "$tree"
CGO_ENABLED=0 go build -buildvcs=false -trimpath -ldflags='-s -w' -o "$execd" ./plugins/cmd/sysprobe-execd
cd testdata/bench
go build -buildvcs=false -o "$program" .
