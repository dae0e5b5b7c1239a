#!/usr/bin/env bash
# increase() and changes() count what a series was born with, if it was small.
#
# Software: victoria-metrics 1.79.5+ds1 of Debian 12.
# Behaviour: a series that appears within the window with the value 5 and stays at
#   5 has increase() 5, delta() 5 and changes() 1; one that appears with 1200 has
#   increase() 0. rate() over the same window is 0 for both: it is not increase()
#   divided by the window. increase_prometheus() is 0, as Prometheus says. Strings
#   of line protocol become series too, of the value 0, or of the number in them.
# Why it matters: an alert like increase(carrier_changes[10m]) >= 4 that was tried on
#   Prometheus fires for each interface of a rebooted host, for restarted exporters
#   and for new label sets, and only where the counter is small.
# Seen: increase 5 and 0, changes 1 and 1, rate 0 and 0, increase_prometheus 0 and
#   0; strings "web" and "12" are 0 and 12
set -euo pipefail
dir=$(mktemp -d)
pid=
trap '[[ -z $pid ]] || { kill "$pid"; wait "$pid" || true; }; rm -rf "$dir"' EXIT
cd "$dir"
vm=$(command -v victoria-metrics) || { # unpacked, not installed
  apt-get download victoria-metrics >/dev/null 2>&1 || { echo "needs victoria-metrics" >&2; exit 2; }
  dpkg -x victoria-metrics_*.deb .
  vm=$dir/usr/bin/victoria-metrics
}
"$vm" -version 2>&1 | grep -m 1 . || echo "victoria-metrics of Debian"
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
url=http://127.0.0.1:$port
"$vm" -storageDataPath="$dir/data" -httpListenAddr="127.0.0.1:$port" -loggerLevel=ERROR -search.latencyOffset=0s >log 2>&1 &
pid=$!
for _ in {1..100}; do curl -sf "$url/health" >/dev/null && break; sleep 0.1; done
now=$(date +%s)
for ago in 150 120 90 60 30 0; do
  t=$((now - ago))000000000
  echo "nic,if=small flaps=5i,name=\"web\",number=\"12\" $t"
  echo "nic,if=large flaps=1200i $t"
done | curl -sf --data-binary @- "$url/write"
curl -sf "$url/internal/force_flush"
query() { # the value of the one series that $1 gives, at the time of the last sample
  curl -sf -G "$url/api/v1/query" --data-urlencode "query=$1" --data "time=$now" | sed -n 's/.*"value":\[[0-9.]*,"\([^"]*\)"\].*/\1/p'
}
for _ in {1..50}; do [[ $(query 'count_over_time(nic_flaps{if="small"}[10m])') == 6 ]] && break; sleep 0.2; done
pair() { echo "$(query "$1(nic_flaps{if=\"small\"}[10m])") and $(query "$1(nic_flaps{if=\"large\"}[10m])")"; }
seen="increase $(pair increase), changes $(pair changes), rate $(pair rate), increase_prometheus $(pair increase_prometheus); strings \"web\" and \"12\" are $(query nic_name) and $(query nic_number)"
echo "$seen"
[[ $seen == 'increase 5 and 0, changes 1 and 1, rate 0 and 0, increase_prometheus 0 and 0; strings "web" and "12" are 0 and 12' ]] || { echo "changed"; exit 1; }
