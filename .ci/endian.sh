#!/usr/bin/env bash
# Runs the tests of the decoders as programs of other machines: two of 32 bits,
# and one that stores the most significant byte first. QEMU's emulation of user
# space runs what this machine does not. A machine that nothing here runs is
# named and skipped. PACKAGES narrows what is run.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# Architectures, and what runs them beside a machine that does. QEMU's emulation
# of i386 does not: in 7.2 a second thread of a Go program lacks its thread-local
# storage, and the program crashes.
readonly machines=("386" "arm qemu-arm" "s390x qemu-s390x")

build=$(mktemp -d)
trap 'rm -rf "$build"' EXIT
printf 'package main\n\nfunc main() {}\n' >"$build/main.go"
export CGO_ENABLED=0 GOOS=linux

ran=0
for machine in "${machines[@]}"; do
	read -r arch emulator <<<"$machine"
	start=$SECONDS exec=()
	GOARCH=$arch go build -o "$build/program" "$build/main.go"
	if ! "$build/program" 2>/dev/null; then
		path=
		[[ -z $emulator ]] || path=$(command -v "$emulator-static" || command -v "$emulator" || true)
		if [[ -z $path ]]; then
			printf 'skipped %s: this kernel does not run its programs%s\n' "$arch" "${emulator:+, and there is no $emulator-static (package qemu-user-static)}" >&2
			continue
		fi
		exec=(-exec "$path")
	fi
	# shellcheck disable=SC2086 # PACKAGES is a list
	GOARCH=$arch go test "${exec[@]}" ${TESTFLAGS:-} ${PACKAGES:-./sysprobe/internal/decode/...}
	printf '%s: %d s\n' "$arch" $((SECONDS - start)) >&2
	ran=$((ran + 1))
done
printf 'the decoders ran on %d of %d other machines\n' "$ran" "${#machines[@]}" >&2
