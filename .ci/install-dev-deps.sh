#!/usr/bin/env bash
# Installs what the make targets need, and nothing that is already there.
set -euo pipefail
readonly lint=2.15.0 nfpm=2.45.2 cyclonedx=1.10.0
readonly packages=(gcc libc6-dev git iproute2 ethtool procps python3-psutil influxdb prometheus victoria-metrics postgresql sqlite3 clang llvm libbpf-dev qemu-system-x86 qemu-user-static kmod debootstrap lintian)

missing=()
if command -v dpkg-query >/dev/null; then
	for package in "${packages[@]}"; do
		status=$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null || true)
		[[ $status == installed ]] || missing+=("$package")
	done
else
	printf 'not a Debian: please install the like of: %s\n' "${packages[*]}"
fi
if ((${#missing[@]})); then
	as_root=()
	((EUID == 0)) || as_root=(sudo)
	"${as_root[@]}" apt-get update -q
	"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends "${missing[@]}"
fi

if [[ $(golangci-lint version --short 2>/dev/null || true) != "$lint" ]]; then
	go install "github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v$lint"
fi
if [[ $(go version -m "$(command -v nfpm || echo /nonexistent)" 2>/dev/null) != *$'\tmod\tgithub.com/goreleaser/nfpm/v2\tv'"$nfpm"$'\t'* ]]; then
	go install "github.com/goreleaser/nfpm/v2/cmd/nfpm@v$nfpm"
fi
if [[ $(go version -m "$(command -v cyclonedx-gomod || echo /nonexistent)" 2>/dev/null) != *$'\tmod\tgithub.com/CycloneDX/cyclonedx-gomod\tv'"$cyclonedx"$'\t'* ]]; then
	go install "github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod@v$cyclonedx"
fi
