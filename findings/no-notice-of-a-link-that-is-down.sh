#!/usr/bin/env bash
# The kernel tells nobody that the alias of an interface has changed, if that is down.
#
# Software: Linux (seen on 6.18.44), shown by ip(8) of iproute2 (seen: 6.1.0-3).
# Behaviour: a change of the alias, of an alternative name, of the group or of an option
#   of a bridge is a message to who listens to RTNLGRP_LINK if the interface is up, and
#   none if it is down: it goes through netdev_state_change, which returns for an
#   interface without IFF_UP. Address, name, queue length and multicast are told either
#   way, so that no test with one of these shows it. A dump has the new value at once.
# Why it matters: whoever keeps a table of links by notifications, as most network
#   managers and libraries do, shows the alias and the names that an administrator
#   gave to a spare port before it is plugged in only once something else happens to it.
# Seen: down: alias told 0 times, altname 0 times, address 1 times; up: alias told 1 times
set -euo pipefail
[[ $(id -u) == 0 ]] || { echo "needs root, for network namespaces" >&2; exit 2; }
command -v ip >/dev/null || { echo "needs iproute2" >&2; exit 2; }
[[ ${1-} == inside ]] || exec unshare --net "$0" inside
ip -V
dir=$(mktemp -d)
ip monitor link >"$dir/told" &
monitor=$!
trap 'kill $monitor 2>/dev/null; rm -rf "$dir"' EXIT
told() { # command...: how often the kernel told of d0 meanwhile
	local before
	before=$(grep -c 'd0:' "$dir/told" || true)
	"$@"
	sleep 1
	echo $(($(grep -c 'd0:' "$dir/told" || true) - before))
}
sleep 1
ip link add d0 type bridge
sleep 1
alias=$(told ip link set d0 alias spare)
altname=$(told ip link property add dev d0 altname port7)
shown=$(ip link show dev d0)
address=$(told ip link set d0 address 02:00:00:00:00:01)
ip link set d0 up
sleep 1
up=$(told ip link set d0 alias used)
echo "down: alias told $alias times, altname $altname times, address $address times; up: alias told $up times"
[[ $shown == *spare* && $shown == *port7* ]] || { echo "changed: a dump lacks them"; exit 1; }
((alias == 0 && altname == 0 && address > 0 && up > 0)) || { echo "changed"; exit 1; }
