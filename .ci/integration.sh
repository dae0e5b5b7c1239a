#!/usr/bin/env bash
# Runs the tests twice: as root, where none may skip, and as a user without any
# privilege. Both work on a copy, since a checkout below /root is not for
# everybody to read. RESULTS names a file for what `go test -json` would print.
set -euo pipefail
((EUID == 0)) || { echo 'integration tests need root: sudo make integration' >&2; exit 1; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"
mkdir "$work/tree"
mkdir -m 1777 "$work/tmp"
git ls-files -z --cached --others --exclude-standard | xargs -0 cp --parents -t "$work/tree"

run() { # log package binary command...
	local log=$work/$1.json package=$2 binary=$3
	shift 3
	# A failure is found in the log.
	go tool test2json -t -p "$package" "$@" "$binary" -test.v=test2json -test.timeout=15m >>"$log" || true
}

while read -r package directory; do
	binary=$work/$package/$(basename "$package").test
	go test -c -o "$binary" "$package"
	cd "$work/tree/$directory"
	run root "$package" "$binary"
	run nobody "$package" "$binary" setpriv --reuid=65534 --regid=65534 --clear-groups \
		env HOME=/nonexistent TMPDIR="$work/tmp" GOCACHE="$work/tmp/cache"
	cd "$OLDPWD"
done < <(go list -f "{{if or .TestGoFiles .XTestGoFiles}}{{.ImportPath}} {{slice .Dir ${#PWD}}}{{end}}" ./...)

[[ -z ${RESULTS:-} ]] || cat "$work"/*.json >"$RESULTS"
status=0
echo 'as nobody:'
go run ./.ci/testsum "$work/nobody.json" || status=1
echo 'as root:'
go run ./.ci/testsum -noskip "$work/root.json" || status=1
exit "$status"
