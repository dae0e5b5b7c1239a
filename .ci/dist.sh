#!/usr/bin/env bash
# Leaves in build/dist, made of the commit that is checked out: packages for Debian and
# RPM for ARCHES (amd64 and arm64), an archive for every other system of TARGETS ("os/arch ...", those of
# .ci/archive.sh where it is not set, and none where it is empty), a bill of materials (CycloneDX) of each package,
# and SHA256SUMS. What it makes depends on the commit and the versions of the tools
# alone: it works in a clone, whose files have the time of the commit.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
readonly packaging=plugins/cmd/sysprobe-execd/packaging stage=build/package dist=build/dist
# There is no address yet, and a package must have one: no mail reaches .invalid.
readonly maintainer='The telegraf-sysprobe authors <authors@telegraf-sysprobe.invalid>'

if [[ -z ${DIST_CLONE:-} ]]; then
	[[ -z $(git status --porcelain) ]] || echo 'make dist: what is not committed is not in it' >&2
	work=$(mktemp -d)
	trap 'rm -rf "$work"' EXIT
	git clone -q "$PWD" "$work/source"
	DIST_CLONE=1 "$work/source/.ci/dist.sh"
	rm -rf "$dist"
	mkdir -p build
	mv "$work/source/$dist" "$dist"
	ls -l "$dist"
	exit
fi

umask 022
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
export SOURCE_DATE_EPOCH TZ=UTC LC_ALL=C CGO_ENABLED=0 GOFLAGS='-trimpath -buildvcs=true' MAINTAINER=$maintainer

compress() { gzip -9n <"$1" >"$stage/${1##*/}.gz"; } # file

# documents: what is the same for every package.
documents() {
	local page input
	for page in sysprobe-execd sysprobe-telegraf; do
		compress "$packaging/$page.8"
	done
	compress README.md
	for input in nicaddrs nicstats procs zombies; do
		gzip -9n <"plugins/inputs/$input/README.md" >"$stage/$input.md.gz"
	done
	{
		cat "$packaging/copyright"
		grep -m 1 ^Copyright LICENSE | sed 's/^Copyright (c)/Copyright:/'
		echo 'License: Expat'
		sed -n '/^Permission/,$p' LICENSE | sed 's/^$/./; s/^/ /'
	} >"$stage/copyright"
}

# package ARCH: the packages of one architecture, whose version is that of the program.
package() {
	local arch=$1 version packager base
	GOOS=linux GOARCH=$arch go build -ldflags='-s -w' -o "$stage/" ./plugins/cmd/sysprobe-execd
	version=$(.ci/version.sh "$(go version -m "$stage/sysprobe-execd" | awk '$1 == "mod" { print $3 }')")
	.ci/changelog.sh "$version" "$maintainer" >"$stage/changelog"
	compress "$stage/changelog"
	.ci/third-party.sh "linux/$arch" >"$stage/third-party"
	compress "$stage/third-party"
	base=sysprobe-execd_${version}_$arch
	cyclonedx-gomod bin -json -noserial -notimestamp -std -output "$dist/$base.cdx.json" "$stage/sysprobe-execd" 2>/dev/null
	gzip -9n <"$dist/$base.cdx.json" >"$stage/sysprobe-execd.cdx.json.gz"
	for packager in deb rpm; do
		# Debian's control files have no field License.
		sed "$([[ $packager == rpm ]] || echo '/^license:/d')" "$packaging/nfpm.yaml" >"$stage/nfpm.yaml"
		VERSION=$version ARCH=$arch nfpm package --packager "$packager" --config "$stage/nfpm.yaml" --target "$dist/$base.$packager" >/dev/null
	done
}

mkdir -p "$stage" "$dist"
documents
for arch in ${ARCHES:-amd64 arm64}; do
	package "$arch"
done
if [[ -z ${TARGETS+set} || -n $TARGETS ]]; then
	# shellcheck disable=SC2086 # words
	.ci/archive.sh ${TARGETS:-}
	mv build/*.zip build/*.tar.gz "$dist/"
fi
cd "$dist"
sha256sum -- * >../SHA256SUMS
mv ../SHA256SUMS .
