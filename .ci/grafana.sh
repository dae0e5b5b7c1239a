#!/usr/bin/env bash
# Checks the dashboards of Grafana against the types of its own package @grafana/schema,
# with the compiler of TypeScript. Both come from npm.
set -euo pipefail

cd "$(dirname "$0")/.."
dir=$(mktemp -d)
trap 'rm -r "$dir"' EXIT
npm install --prefix "$dir" --no-audit --no-fund --ignore-scripts --silent @grafana/schema@13.2.3 typescript@5.9.3

echo "import type { Dashboard } from '@grafana/schema';" >"$dir/check.ts"
n=0
for file in plugins/inputs/*/dashboards/grafana-*.json; do
	n=$((n + 1))
	{ printf 'const dashboard%d: Dashboard = ' "$n"; cat "$file"; echo ';'; } >>"$dir/check.ts"
done
cd "$dir"
node_modules/.bin/tsc --noEmit --strict --skipLibCheck --module nodenext --moduleResolution nodenext check.ts
echo "$n dashboards are of the type Dashboard"
