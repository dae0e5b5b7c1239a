#!/usr/bin/env bash
# Builds the comparison of another commit, so that `make bench` can let both
# take turns: bench-before.sh COMMIT PROGRAM
set -euo pipefail
commit=$1 program=$(realpath -m "$2")
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
git archive "$commit" | tar -x -C "$tree"
cd "$tree/testdata/bench"
go build -buildvcs=false -o "$program" .
