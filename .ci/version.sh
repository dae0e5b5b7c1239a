#!/bin/sh
# Prints a version of Go's, such as v1.2.3-rc.1, as that of a package: 1.2.3~rc.1. A
# commit without a tag, v0.0.0-TIME-COMMIT, is 0.0.0~TIME.COMMIT. It fails for what is
# no version, or is of a tree with changes.
set -eu
printf '%s\n' "$1" | grep -qE '^v[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.-]+)?$' || { printf 'no version of a commit: %s\n' "$1" >&2; exit 1; }
printf '%s\n' "${1#v}" | sed 's/-/~/; s/-/./g'
