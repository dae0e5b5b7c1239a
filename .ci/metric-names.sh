#!/usr/bin/env bash
# Prints the names of all metrics of a commit as the READMEs of its inputs list them,
# one a line: "MEASUREMENT tag NAME" and "MEASUREMENT field NAME".
set -euo pipefail
commit=$1
for input in nicaddrs nicstats procs zombies; do
	git show "$commit:plugins/inputs/$input/README.md" | awk '
		function flush(    names, count, i) {
			gsub(/\([^)]*\)/, ",", list)
			gsub(/`/, "", list)
			count = split(list, names, /( and)? *,[ ,]*/)
			for (i = 1; i <= count; i++)
				if (names[i] ~ /^[a-z][a-z0-9_]+$/ && names[i] != "and") print measurement, kind, names[i]
			list = ""
		}
		/^## /                   { flush(); in_metrics = ($0 == "## Metrics") }
		!in_metrics              { next }
		/^- [a-z_]+/             { flush(); measurement = $2; kind = ""; next }
		/^  - .*(tags|fields)/   { flush(); kind = /tags/ ? "tag" : "field"; next }
		/^    - / && kind        { flush(); list = substr($0, 7); next }
		/^      [^ ]/ && list    { list = list " " substr($0, 7); next }
		                         { flush() }'
done | LC_ALL=C sort -u
