#!/usr/bin/env bash
# Takes the pictures of the READMEs: what vmui of VictoriaMetrics shows in a headless
# Chromium, over a machine that gets sick. The machine is a network and a PID namespace
# in which a link is lost, an address goes and a daemon does not reap its children;
# Telegraf writes what sysprobe-execd says of it into VictoriaMetrics. Runs as root after
# make build telegraf, for MINUTES.
set -euo pipefail

cd "$(dirname "$0")/.."
minutes=${MINUTES:-6}
if [[ ${1:-} != inside ]]; then
	for tool in chromium python3 ip; do
		command -v "$tool" >/dev/null || { echo "no $tool: install Debian's chromium, python3 and iproute2" >&2 && exit 1; }
	done
	[[ -x bin/victoria-metrics ]] || GOBIN=$PWD/bin go install github.com/VictoriaMetrics/VictoriaMetrics/app/victoria-metrics@v1.130.0
	exec unshare --net --pid --fork --mount-proc --kill-child "$0" inside
fi

dir=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null; wait; rm -r "$dir"' EXIT
mkdir "$dir/dashboards"
for device in lo uplink0; do
	[[ $device == lo ]] || ip link add "$device" type veth peer name switch0
	ip link set "$device" up
done
ip link set switch0 up
ip addr add 192.0.2.10/24 dev uplink0

bin/victoria-metrics -storageDataPath="$dir/data" -httpListenAddr=127.0.0.1:8428 -vmui.customDashboardsPath="$dir/dashboards" 2>"$dir/victoria-metrics.log" &
cat >"$dir/sysprobe.conf" <<-'CONF'
	[agent]
	  interval = "5s"
	[[inputs.nicaddrs]]
	[[inputs.nicstats]]
	[[inputs.zombies]]
CONF
cat >"$dir/telegraf.conf" <<-CONF
	[agent]
	  flush_interval = "5s"
	  hostname = "web1"
	[[inputs.execd]]
	  command = ["$PWD/bin/sysprobe-execd", "--config", "$dir/sysprobe.conf"]
	  signal = "none"
	[[outputs.influxdb]]
	  urls = ["http://127.0.0.1:8428"]
	  skip_database_creation = true
CONF
cat >"$dir/leakyd.py" <<-'PYTHON'
	import ctypes, os, time
	ctypes.CDLL(None).prctl(15, b"leakyd", 0, 0, 0)  # PR_SET_NAME
	while True:
	    if os.fork() == 0:
	        os._exit(1)
	    time.sleep(2)
PYTHON
python3 "$dir/leakyd.py" &
until bash -c 'exec 3<>/dev/tcp/127.0.0.1/8428' 2>/dev/null; do sleep 1; done
bin/telegraf --config "$dir/telegraf.conf" 2>"$dir/telegraf.log" &

sleep $((minutes * 30))
ip link set switch0 down
sleep $((minutes * 15))
ip addr del 192.0.2.10/24 dev uplink0
ip link set switch0 up
sleep $((minutes * 15))

for input in nicaddrs nicstats zombies; do
	rm -f "$dir"/dashboards/*
	cp plugins/inputs/"$input"/dashboards/vmui.json "$dir/dashboards/"
	chromium --headless --no-sandbox --disable-gpu --hide-scrollbars --user-data-dir="$dir/chromium" --window-size=1200,1300 \
		--virtual-time-budget=15000 --screenshot="$dir/picture.png" \
		"http://127.0.0.1:8428/vmui/#/dashboards?g0.range_input=${minutes}m&g0.relative_time=none" 2>"$dir/chromium.log"
	cp "$dir/picture.png" plugins/inputs/"$input"/dashboards/vmui.png
done
