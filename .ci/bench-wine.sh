#!/usr/bin/env bash
# Compares the CPU time of sysprobe and gopsutil under Wine, in one run, beside 200
# processes, in a network namespace with ten interfaces. It fails where sysprobe is not
# as much faster as it has to be. It needs what .ci/wine.sh installs.
set -euo pipefail
((EUID == 0)) || { echo 'a network namespace needs root: sudo make bench-wine' >&2; exit 1; }
command -v wine >/dev/null || { echo 'needs Wine: make wine installs it' >&2; exit 1; }

work=$(mktemp -d)
export WINEPREFIX=$work/prefix WINEARCH=win64 WINEDEBUG=-all
finish() {
	wineserver -k 2>/dev/null || true
	wineserver -w 2>/dev/null || true
	rm -rf "$work"
}
trap finish EXIT

wine wineboot -i >/dev/null 2>&1
wineserver -w
go run ./.ci/wine "$WINEPREFIX/drive_c/windows/system32/bcryptprimitives.dll"
(cd testdata/bench && GOOS=windows CGO_ENABLED=0 go build -o "$work/bench.exe" ./wine)

cat >"$work/inside" <<'EOF'
set -euo pipefail
ip link set lo up
for i in 1 2 3 4 5; do
	ip link add "veth$i" type veth peer name "peer$i"
	ip link set "veth$i" up
	ip link set "peer$i" up
	ip address add "10.$i.2.3/28" dev "veth$i"
done
wine "$1/bench.exe" </dev/null
EOF
unshare -n bash "$work/inside" "$work"
