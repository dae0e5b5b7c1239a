#!/usr/bin/env bash
# Runs the tests as Windows programs under Wine, in a network namespace with known
# interfaces. It compares what sysprobe-execd.exe --once prints there with what ip(8)
# says, and what a Telegraf for Windows gets that starts it. It installs Wine on a
# Debian. RESULTS names a file for what `go test -json` would print.
set -euo pipefail
((EUID == 0)) || { echo 'a network namespace needs root: sudo make wine' >&2; exit 1; }

if ! command -v wine >/dev/null || ! command -v ip >/dev/null; then
	apt-get update -q >/dev/null
	DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends wine wine64 iproute2 >/dev/null
fi

work=$(mktemp -d)
export WINEPREFIX=$work/prefix WINEARCH=win64 WINEDEBUG=-all
# Wineserver lingers in the network namespace that it was started in, and keeps it.
finish() {
	wineserver -k 2>/dev/null || true
	wineserver -w 2>/dev/null || true
	rm -rf "$work"
}
trap finish EXIT

wine wineboot -i >/dev/null 2>&1
wineserver -w
go run ./.ci/wine "$WINEPREFIX/drive_c/windows/system32/bcryptprimitives.dll"

export GOOS=windows CGO_ENABLED=0
go list -f '{{if or .TestGoFiles .XTestGoFiles}}{{.ImportPath}} {{.Dir}}{{end}}' ./... |
	grep -v -e /internal/arch -e /internal/gen >"$work/packages" # which are about the text of the source, and run go
cut -d ' ' -f 1 "$work/packages" | xargs -P 2 -I % go test -c -ldflags='-s -w' -o "$work/tests/%.exe" %
go build -o "$work/sysprobe-execd.exe" ./plugins/cmd/sysprobe-execd

# A Telegraf of the release of go.mod, without our inputs.
telegraf=$(go list -m -f '{{.Dir}}' github.com/influxdata/telegraf)
cp go.mod "$work/go.mod"
sort -u go.sum "$telegraf/go.sum" >"$work/go.sum"
go build -mod=mod -modfile="$work/go.mod" -tags custom,inputs.execd,outputs.file,parsers.influx,serializers.influx \
	-o "$work/telegraf.exe" github.com/influxdata/telegraf/cmd/telegraf
unset GOOS CGO_ENABLED

windows() { printf 'Z:%s' "${1//\//\\}"; } # the path to Wine
printf '[agent]\n interval = "1s"\n round_interval = false\n' >"$work/sysprobe.conf"
printf '[[inputs.%s]]\n' nicaddrs nicstats procs zombies >>"$work/sysprobe.conf"
cat >"$work/telegraf.conf" <<EOF
[agent]
  omit_hostname = true
[[inputs.execd]]
  command = ['$(windows "$work/sysprobe-execd.exe")', "--config", '$(windows "$work/sysprobe.conf")']
  signal = "none"
[[outputs.file]]
  files = ['$(windows "$work/telegraf.lines")']
  data_format = "influx"
EOF

cat >"$work/inside" <<'EOF'
set -euo pipefail
sysctl -qw net.ipv6.conf.default.router_solicitations=0
ip link set lo up
echo hello >/dev/udp/127.0.0.1/9
ip link add veth0 address 02:11:22:33:44:55 type veth peer name veth1
ip link set veth0 mtu 1400 up
ip link set veth1 up
ip address add 10.1.2.3/28 dev veth0
ip address add 10.1.2.20/31 dev veth0
ip address add fd00:1::5/96 dev veth0 nodad
ip link add veth2 type veth peer name veth3
ip tuntap add tun0 mode tun
ip address add 10.9.0.1 peer 10.9.0.2 dev tun0
ip link set tun0 up
sleep 2 # until no address is tentative
ip -json -details -statistics address >"$1/ip.json"
export SYSPROBE_TEST_IP_JSON="Z:${1//\//\\}\\ip.json"
while read -r package directory; do
	cd "$directory"
	# Wine gives a program a console where its input is a terminal.
	script -qec "wine '$1/tests/$package.exe' -test.v=test2json -test.timeout=3m >'$1/output' 2>>'$1/stderr'" \
		/dev/null </dev/null >/dev/null || echo 'FAIL' >>"$1/output"
	go tool test2json -t -p "$package" <"$1/output" >>"$1/tests.json"
done <"$1/packages"
ip -json -details -statistics address >"$1/ip.json"
wine "$1/sysprobe-execd.exe" --once >"$1/lines" 2>"$1/log" || { cat "$1/log"; exit 1; }
# Telegraf runs for that many seconds, stops what it started and writes what it got.
wine "$1/telegraf.exe" --config "$2" --once --test-wait 10 >"$1/telegraf.log" 2>&1 </dev/null || { cat "$1/telegraf.log"; exit 1; }
ps -eo args | grep -F "${1##*/}" | grep -F sysprobe-execd.exe >"$1/telegraf.left" || true
EOF
unshare -n bash "$work/inside" "$work" "$(windows "$work/telegraf.conf")"

status=0
WINE_IP_JSON=$work/ip.json WINE_LINES=$work/lines WINE_TELEGRAF=$work/telegraf go test -json -count=1 ./.ci/wine >>"$work/tests.json" || status=1
[[ -z ${RESULTS:-} ]] || cp "$work/tests.json" "$RESULTS"
go run ./.ci/testsum "$work/tests.json" || status=1
exit "$status"
