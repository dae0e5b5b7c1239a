#!/usr/bin/env bash
# psutil says "process no longer exists" of a zombie, and that it is running.
#
# Software: python3-psutil 5.9.4-1+b1 of Debian 12; Linux 6.12.95 and later (seen
#   on 6.18.44; 6.1 gives an empty file).
# Behaviour: newer kernels refuse to open /proc/PID/environ (auxv, mem and pagemap
#   as well) of a process without memory with ESRCH, the error of a process that
#   does not exist. psutil takes it for that: environ() raises NoSuchProcess, whose
#   subclass ZombieProcess it has for this case and raises for cwd(). is_running()
#   is True and status() is "zombie" before and after. So does any program that
#   takes ESRCH below /proc/PID for the end of the process.
# Why it matters: a kernel update within one long-term series (6.12) turns dead but
#   unreaped processes into vanished ones. Code that drops a process from its table
#   at NoSuchProcess loses the zombies it is there to find.
# Seen: errno of the kernel ESRCH; environ NoSuchProcess, cwd ZombieProcess,
#   running True, status zombie
set -euo pipefail
command -v dpkg-query >/dev/null && dpkg-query -W python3-psutil 2>/dev/null || { echo "needs python3-psutil" >&2; exit 2; }
/usr/bin/python3 - <<'PY'
import errno, os, sys, time
import psutil

pid = os.fork()
if pid == 0:
    os._exit(7)
try:
    p = psutil.Process(pid)
    while p.status() != psutil.STATUS_ZOMBIE:
        time.sleep(0.01)

    def verdict(call):
        try:
            call()
            return "no error"
        except psutil.Error as e:
            return type(e).__name__

    def kernel():
        try:
            with open(f"/proc/{pid}/environ", "rb"):
                return "none"
        except OSError as e:
            return errno.errorcode[e.errno]

    seen = (kernel(), verdict(p.environ), verdict(p.cwd), p.is_running(), p.status())
finally:
    os.waitpid(pid, 0)
print("errno of the kernel %s; environ %s, cwd %s, running %s, status %s" % seen)
if seen != ("ESRCH", "NoSuchProcess", "ZombieProcess", True, "zombie"):
    print("changed")
    sys.exit(1)
PY
