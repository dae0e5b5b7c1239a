#!/usr/bin/env bash
# Prints CHANGELOG.md as the changelog of a Debian package of a version. What is in the
# part Unreleased is that version's, with the date SOURCE_DATE_EPOCH.
set -euo pipefail
version=$1 maintainer=$2 heading='' items='' date=''

entry() { # prints the entry before the next heading
	if [[ $heading == Unreleased ]]; then
		[[ -n $items ]] || return 0
		heading=$version
	fi
	[[ -z $heading ]] || printf 'sysprobe-execd (%s) unstable; urgency=medium\n\n%s\n -- %s  %s\n\n' "$heading" "$items" "$maintainer" "$date"
}

while IFS= read -r line; do
	case $line in
	'## Unreleased')
		heading=Unreleased date=$(LC_ALL=C date -uR -d "@$SOURCE_DATE_EPOCH")
		;;
	'## '*)
		entry
		read -r _ heading date <<<"$line"
		[[ $date =~ ^\([0-9]{4}-[0-9]{2}-[0-9]{2}\)$ ]] || { printf '%s: want "## VERSION (YYYY-MM-DD)"\n' "$line" >&2; exit 1; }
		heading=${heading/-/\~} date=$(LC_ALL=C date -uR -d "${date//[()]/}") items=''
		;;
	'- '*) items+="  * ${line#- }"$'\n' ;;
	'  '*) items+="    ${line#  }"$'\n' ;;
	esac
done <.github/CHANGELOG.md
entry
