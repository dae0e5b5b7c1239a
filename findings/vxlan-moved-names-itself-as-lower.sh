#!/usr/bin/env bash
# A vxlan that moved to another namespace says that it runs over its own old index.
#
# Software: Linux (seen on 6.18.44), shown by ip(8) of iproute2 (seen: 6.1.0-3).
# Behaviour: the attribute IFLA_LINK of rtnetlink is left out while it equals the
#   index of the interface itself, and drivers that do not say what is below them
#   answer just that index. Once the interface is in another namespace than it was
#   made in, the kernel sends the attribute always: ip prints vx0@ifN with
#   "link_netnsid": 0, where N is the number that vx0 itself had. Nothing is below
#   it. With "dev D" the true index is in the data of the kind (ip -d: "dev ifM"),
#   and the generic attribute still names the vxlan.
# Why it matters: container networks make a vxlan in the host's namespace and move
#   it. Whoever follows link and link_netnsid to the physical card, as for macvlan
#   and veth, meets whatever has that index in the other namespace.
# Seen: before: no link; after the move: vx0 (index 4) link_index 4 netnsid 0,
#   while the vxlan runs over index 3
set -euo pipefail
[[ $(id -u) == 0 ]] || { echo "needs root, for network namespaces" >&2; exit 2; }
[[ ${1-} == inside ]] || exec unshare --net --mount "$0" inside
ip -V
mount -t tmpfs tmpfs /run
ip netns add other
ip link add d0 type veth peer name d1
ip link add vx0 type vxlan id 42 dev d0 remote 192.0.2.9 dstport 4789
own=$(ip -o link show vx0 | cut -d: -f1)
below=$(ip -o link show d0 | cut -d: -f1)
before=$(ip -json link show vx0)
ip link set vx0 netns other
after=$(ip -n other -json link show vx0)
number() { sed -n "s/.*\"$1\":\([0-9]*\).*/\1/p" <<<"$2"; }
link=$(number link_index "$after") netnsid=$(number link_netnsid "$after")
echo "after the move: vx0 (index $own) link_index ${link:-none} netnsid ${netnsid:-none}, while the vxlan runs over index $below"
[[ $before != *link_index* ]] || { echo "changed: a link before the move"; exit 1; }
[[ $link == "$own" && $netnsid == 0 && $own != "$below" ]] || { echo "changed"; exit 1; }
