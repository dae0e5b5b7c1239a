#!/usr/bin/env bash
# ip(8) shows the reasons 0 to 7 of a port that is held down, of 32 that there are.
#
# Software: ip(8) of iproute2 (seen: 6.1.0-3, of Debian 12), Linux (seen on 6.18.44).
# Behaviour: IFLA_PROTO_DOWN_REASON has a mask of 32 bits (if_link.h). ip sets each
#   of them, "protodown_reason 17 on", and the kernel sends it back; but ip prints
#   those of the first byte alone, as text and as JSON. A port held down by reason 17
#   and no other has no reason in its output.
# Why it matters: a switch daemon that looks there for its own reason before it
#   brings a port up finds none, and the kernel refuses the change (EBUSY), as a
#   reason is still set.
# Seen: set: reasons 3 and 17; the kernel's mask: 0x20008; ip: ["3"]
#   set: reason 17; the kernel's mask: 0x20000; ip: none; protodown off: refused
set -euo pipefail
[[ $(id -u) == 0 ]] || { echo "needs root, for a network namespace" >&2; exit 2; }
command -v python3 >/dev/null || { echo "needs python3" >&2; exit 2; }
[[ ${1-} == inside ]] || exec unshare --net "$0" inside
ip -V
ip link add vx0 type vxlan id 42 remote 192.0.2.9 dstport 4789
ip link set vx0 protodown on
mask() {
	python3 - <<'PY'
import socket, struct
s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
index = socket.if_nametoindex("vx0")
s.send(struct.pack("IHHIIBBHiII", 32, 18, 1, 1, 0, 0, 0, 0, index, 0, 0))  # RTM_GETLINK


def attributes(b):
    while len(b) >= 4:
        length, kind = struct.unpack("HH", b[:4])
        yield kind & 0x3FFF, b[4:length]
        b = b[(length + 3) & ~3:]


for kind, value in attributes(s.recv(65536)[32:]):
    if kind == 55:  # IFLA_PROTO_DOWN_REASON
        print(hex(struct.unpack("I", dict(attributes(value))[2])[0]))
PY
}
shown() { ip -d -json link show vx0 | sed -n 's/.*"proto_down_reason":\(\[[^]]*\]\).*/\1/p'; }
ip link set vx0 protodown_reason 3 on
ip link set vx0 protodown_reason 17 on
both=$(mask) both_shown=$(shown)
echo "set: reasons 3 and 17; the kernel's mask: $both; ip: ${both_shown:-none}"
ip link set vx0 protodown_reason 3 off
one=$(mask) one_shown=$(shown)
off=done
ip link set vx0 protodown off 2>/dev/null || off=refused
echo "set: reason 17; the kernel's mask: $one; ip: ${one_shown:-none}; protodown off: $off"
[[ $both == 0x20008 && $both_shown == '["3"]' && $one == 0x20000 && -z ${one_shown//[\[\]]/} && $off == refused ]] || { echo changed; exit 1; }
