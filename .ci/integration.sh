#!/usr/bin/env bash
# Runs the tests twice: as root in a network namespace of their own, where none
# may skip, and as a user without any privilege. The second run works on a copy,
# since a checkout below /root is not for everybody to read.
set -euo pipefail
((EUID == 0)) || { echo 'integration tests need root: sudo make integration' >&2; exit 1; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"
git ls-files -z --cached --others --exclude-standard | xargs -0 cp --parents -t "$work"
root=$PWD
mapfile -t packages < <(
	go list -f '{{if or .TestGoFiles .XTestGoFiles}}{{.ImportPath}} {{.Dir}}{{end}}' ./...
)
for line in "${packages[@]}"; do
	package=${line% *} dir=$work${line#* "$root"} binary=$work/$(echo "${package}" | tr / -).test
	go test -c -o "$binary" "$package"
	cd "$dir"
	as_root=(unshare --net -- sh -c 'ip link set lo up && exec "$@"' sh)
	as_nobody=(setpriv --reuid=65534 --regid=65534 --clear-groups env HOME=/nonexistent TMPDIR="$work/tmp")
	run() { # name command...
		local log=$work/$1.json
		shift
		go tool test2json -t -p "$package" "$@" "$binary" -test.v=test2json -test.timeout=5m >>"$log" || true
	}
	mkdir -pm 1777 "$work/tmp"
	run root "${as_root[@]}"
	run nobody "${as_nobody[@]}"
	cd "$root"
done
if [[ -n ${RESULTS:-} ]]; then
	cat "$work/root.json" "$work/nobody.json" >"$RESULTS"
fi
echo 'as nobody:'
go run .ci/testsum.go "$work/nobody.json"
echo 'as root:'
go run .ci/testsum.go -noskip "$work/root.json"
