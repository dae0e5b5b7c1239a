#!/usr/bin/env bash
# In a PID namespace pid_max reads four million, and fork fails at four hundred.
#
# Software: Linux 6.14 and later (seen on 6.18.44), with unshare(1) of util-linux
#   (seen: 2.38.1-5+deb12u3).
# Behaviour: since 6.14 each PID namespace has a kernel.pid_max of its own. A new
#   one begins with 4194304, whatever its parent has, but the limits of its
#   ancestors bind as before, since a process takes a PID in each of them. Which
#   value a read gives is decided by the namespace of the reader: a container that
#   mounts the host's /proc reads its own value there, too.
# Why it matters: a container cannot find out when it will run out of PIDs. It sees
#   a huge limit, few PIDs in use, and "Resource temporarily unavailable" from fork.
#   Monitoring that divides PIDs by pid_max was right in containers before 6.14.
# Seen: outer namespace 400, inner namespace reads 4194304, the same through the
#   outer /proc; fork failed after 354 children
set -euo pipefail
[[ $(id -u) == 0 ]] || { echo "needs root, for PID namespaces" >&2; exit 2; }
IFS=.- read -r major minor _ < <(uname -r)
# Before 6.14 a write in a namespace would change the whole machine.
((major > 6 || major == 6 && minor >= 14)) || { echo "needs Linux 6.14" >&2; exit 2; }
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
unshare --version
host=$(</proc/sys/kernel/pid_max)
cat >"$dir/inner.py" <<'PY'
import os, sys
inner = open("/proc/sys/kernel/pid_max").read().strip()
through = open(sys.argv[1] + "/sys/kernel/pid_max").read().strip()
n = 0
try:
    while n < 2000:
        pid = os.fork()
        if pid == 0:
            os._exit(0)
        n += 1  # not waited for: a zombie keeps its PID
    failed = "never"
except BlockingIOError:
    failed = n
print(inner, through, failed)
PY
cat >"$dir/outer.sh" <<SH
echo 400 >/proc/sys/kernel/pid_max
mkdir $dir/proc
mount -t proc proc $dir/proc
unshare --pid --fork --mount --mount-proc python3 $dir/inner.py $dir/proc
SH
read -r inner through failed < <(unshare --pid --fork --mount --mount-proc bash -e "$dir/outer.sh")
[[ $(</proc/sys/kernel/pid_max) == "$host" ]] || { echo "the limit of this machine changed" >&2; exit 2; }
echo "outer namespace 400, inner namespace reads $inner, $through through the outer /proc; fork failed after $failed children"
[[ $inner == 4194304 && $through == 4194304 && $failed != never && $failed -lt 400 ]] || { echo "changed"; exit 1; }
