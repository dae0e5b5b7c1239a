#!/usr/bin/env bash
# A duplicate IPv6 address is marked if it is permanent, and deleted if it is not.
#
# Software: Linux (seen on 6.18.44), shown by ip(8) of iproute2 (seen: 6.1.0-3).
# Behaviour: when duplicate address detection finds another holder, an address
#   without an end gets the flag dadfailed and keeps tentative beside it. One with
#   a lifetime, as from router advertisements and DHCPv6, is removed at once; no
#   message of the kernel to programs says why.
# Why it matters: a check for dadfailed is tried with a static address, works, and
#   never fires for the addresses of real networks. Filters that hide tentative
#   addresses, to wait for the detection, hide the failed ones too.
# Seen: permanent: dadfailed tentative; with a lifetime: gone
set -euo pipefail
[[ $(id -u) == 0 ]] || { echo "needs root, for a network namespace" >&2; exit 2; }
[[ ${1-} == inside ]] || exec unshare --net "$0" inside
ip -V
ip link add d0 type veth peer name d1
ip link set d0 up
ip link set d1 up
ip address add 2001:db8::8/64 dev d0
ip address add 2001:db8::9/64 dev d0
for i in {1..100}; do # the first holder must be through before the second begins
  [[ $(ip -6 -o address show dev d0 tentative) ]] || break
  sleep 0.1
done
ip address add 2001:db8::8/64 dev d1
ip address add 2001:db8::9/64 dev d1 valid_lft 7200 preferred_lft 3600
for i in {1..100}; do
  permanent=$(ip -6 -o address show dev d1 to 2001:db8::8)
  lifetime=$(ip -6 -o address show dev d1 to 2001:db8::9)
  [[ $permanent != *dadfailed* || $lifetime ]] || break
  sleep 0.1
done
echo "permanent: $(grep -oE 'dadfailed|tentative' <<<"$permanent" | paste -sd' '); with a lifetime: ${lifetime:-gone}"
[[ $permanent == *dadfailed*tentative* && -z $lifetime ]] || { echo "changed"; exit 1; }
