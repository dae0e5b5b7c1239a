#!/usr/bin/env bash
# Prints the mirror of Debian that this machine installs from.
set -euo pipefail
{ cat /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null || true; } |
	awk '!/^#/ && match($0, /[a-z+]+:\/[^ ]*\/debian\/?( |$)/) { print substr($0, RSTART, RLENGTH); exit }'
