#!/usr/bin/env bash
# Unpacks a Debian of this machine's release, with certificates and make, into a
# directory. The packages that were installed stay in build/bare for a week.
set -euo pipefail
readonly root=$1 archive=build/bare/root.tar
if [[ -z $(find "$archive" -mtime -7 2>/dev/null) ]]; then
	new=$(mktemp -d)
	trap 'rm -rf "$new"' EXIT
	release=$(. /etc/os-release && echo "$VERSION_CODENAME")
	debootstrap --variant=minbase --include=ca-certificates,make "$release" "$new/root" "$(.ci/mirror.sh)" |
		grep -vE '^I: (Validating|Retrieving|Extracting|Unpacking|Configuring) '
	mkdir -p "${archive%/*}"
	tar -C "$new/root" --one-file-system -cf "$archive.new" .
	mv "$archive.new" "$archive"
fi
mkdir -p "$root"
tar -C "$root" -xf "$archive"
