#!/usr/bin/env bash
# Vets and compiles packages and tests for the given os/arch pairs, or all that
# are supported. PACKAGES narrows what is compiled.
set -euo pipefail
targets=("$@")
((${#targets[@]})) || targets=(
	linux/amd64 linux/arm64 linux/386 linux/s390x linux/riscv64
	darwin/arm64 freebsd/amd64 openbsd/amd64 netbsd/amd64 windows/amd64
	darwin/amd64 freebsd/arm64 openbsd/arm64 netbsd/arm64
)
export CGO_ENABLED=0
for target in "${targets[@]}"; do
	start=$SECONDS
	export GOOS=${target%/*} GOARCH=${target#*/}
	# shellcheck disable=SC2086 # PACKAGES is a list
	go vet ${PACKAGES:-./...}
	# shellcheck disable=SC2086
	go test -c -o /dev/null ${PACKAGES:-./...} | { grep -v 'no test files' || true; }
	printf '%-14s %s: %d s\n' "$target" "${PACKAGES:-./...}" $((SECONDS - start))
done
