#!/usr/bin/env bash
# A bridge without ports is up, and the same bridge without ports is down.
#
# Software: Linux (seen on 6.1, 6.12, 6.18 and 7.3; run here on 6.18.44), shown by
#   ip(8) of iproute2 (seen: 6.1.0-3).
# Behaviour: a bridge that never had a port has operstate UNKNOWN, LOWER_UP and a
#   random address. Once a port came and went it has operstate DOWN, NO-CARRIER and
#   the address 00:00:00:00:00:00, and stays so. The flags administrators set are
#   the same; made with stp_state 1 it is down from the beginning.
# Why it matters: an alert on "up and not running" is silent about docker0 on a
#   fresh host and fires for ever after the first container ended. What is keyed by
#   hardware address gets a bridge of zeros, as many as there are such bridges.
# Seen: new UNKNOWN LOWER_UP address set; after a port UNKNOWN->DOWN NO-CARRIER
#   00:00:00:00:00:00; with STP DOWN
set -euo pipefail
[[ $(id -u) == 0 ]] || { echo "needs root, for a network namespace" >&2; exit 2; }
[[ ${1-} == inside ]] || exec unshare --net "$0" inside
ip -V
state() { ip -o link show "$1" | sed 's/.*<\(.*\)>.* state \([A-Z]*\) .*link.ether \([^ ]*\) .*/\2 \1 \3/'; }
settled() { # waits up to 5 s: the kernel reports a change of carrier with a delay
  local i
  for i in {1..50}; do [[ $(state "$1") == $2 ]] && return; sleep 0.1; done
}
ip link add br0 type bridge
ip link set br0 up
settled br0 'UNKNOWN *'
new=$(state br0)
ip link add d0 type veth peer name d1
ip link set d0 master br0
ip link set d0 nomaster
settled br0 'DOWN *'
lost=$(state br0)
ip link add br1 type bridge stp_state 1
ip link set br1 up
settled br1 'DOWN *'
stp=$(state br1)
printf '%s\n' "new: $new" "after a port: $lost" "with STP: $stp"
[[ $new == UNKNOWN*LOWER_UP* && $new != *00:00:00:00:00:00 &&
  $lost == DOWN*NO-CARRIER*00:00:00:00:00:00 && $stp == DOWN* ]] || { echo "changed"; exit 1; }
