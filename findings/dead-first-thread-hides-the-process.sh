#!/usr/bin/env bash
# A busy process with 100 MB looks dead, empty and idle once its first thread ends.
#
# Software: procps 2:4.0.2-3 and python3-psutil 5.9.4-1+b1 of Debian 12; Linux
#   (seen on 6.18.44).
# Behaviour: /proc/PID is that of the thread that began the process. If it calls
#   pthread_exit and others go on, the kernel shows its state, Z, and no memory, no
#   files and no command line. ps prints "Zl" and <defunct> with RSS 0; psutil says
#   status "zombie", 0 bytes and 0 descriptors without an error, and beside it two
#   threads. Only /proc/PID/task/TID of a living thread has the facts. wait(2) does
#   not return: the process is no zombie.
# Why it matters: counts of zombies are wrong for services that do this for years of
#   uptime, sums of memory miss the largest of them, and a supervisor that restarts
#   on "zombie" kills a healthy server.
# Seen: ps Zl RSS 0; psutil zombie, 2 threads, 0 bytes, 0 files; thread: more than
#   100 MB, 23 files; wait: still alive
set -euo pipefail
command -v dpkg-query >/dev/null && dpkg-query -W procps python3-psutil 2>/dev/null || { echo "needs procps and python3-psutil" >&2; exit 2; }
/usr/bin/python3 - <<'PY'
import os, subprocess, sys, time
import psutil

victim = """
import ctypes, threading, time
def work():
    memory = bytearray(b"x") * (100 << 20)
    files = [open("/dev/null") for _ in range(20)]
    print("ready", flush=True)
    time.sleep(600)
threading.Thread(target=work).start()
time.sleep(0.1)
ctypes.CDLL(None).syscall({"x86_64": 60}.get(__import__("os").uname().machine, 93), 0)
"""
child = subprocess.Popen([sys.executable, "-c", victim], stdout=subprocess.PIPE)
try:
    child.stdout.readline()
    p = psutil.Process(child.pid)
    for _ in range(200):
        if p.status() == psutil.STATUS_ZOMBIE:
            break
        time.sleep(0.05)
    ps = subprocess.run(["ps", "-o", "stat=,rss=", "-p", str(child.pid)], capture_output=True, text=True).stdout.split()
    tid = max(t.id for t in p.threads())
    with open(f"/proc/{child.pid}/task/{tid}/statm") as f:
        rss = int(f.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    files = len(os.listdir(f"/proc/{child.pid}/task/{tid}/fd"))
    seen = p.status(), p.num_threads(), p.memory_info().rss, p.num_fds()
    alive = child.poll() is None
finally:
    child.kill()
    child.wait()
print("ps %s RSS %s; psutil %s, %d threads, %d bytes, %d files; thread: %d MB, %d files; wait: %s"
      % (*ps, *seen, rss >> 20, files, "still alive" if alive else "ended"))
if ps != ["Zl", "0"] or seen != ("zombie", 2, 0, 0) or rss < 100 << 20 or files < 20 or not alive:
    print("changed")
    sys.exit(1)
PY
