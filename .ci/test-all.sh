#!/usr/bin/env bash
# Runs the tests with the Go version of go.mod and the last release of every
# newer minor version that Go can fetch for itself.
set -euo pipefail
oldest=$(go list -m -f '{{.GoVersion}}')
versions=("$oldest")
while read -r version; do
	versions+=("$version")
done < <(
	go list -m -versions go | tr ' ' '\n' | grep -E '^1\.[0-9]+\.[0-9]+$' | sort -V |
		awk -F. -v oldest="${oldest%.*}" '
			{ last[$1 "." $2] = $0 }
			END { split(oldest, o, "."); for (m = o[2] + 1; ("1." m) in last; m++) print last["1." m] }'
)
for version in "${versions[@]}"; do
	export GOTOOLCHAIN=go$version
	printf '==> %s\n' "$(go version)"
	go test ./...
done
