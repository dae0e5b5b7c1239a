#!/usr/bin/env bash
# psutil takes other numbers for the CPU time of a thread with a parenthesis in its name.
#
# Software: python3-psutil 5.9.4 of Debian 12: Process.threads.
# Behaviour: a name is the second field of /proc/PID/task/TID/stat, in parentheses, and
#   might hold any bytes, a closing parenthesis and spaces among them. name(),
#   cpu_times() and the rest look for the last parenthesis; threads() looks for the
#   first. Each space behind it shifts the fields by one, so that a thread that worked
#   for half a second has the values of other fields for its times, without an error.
# Why it matters: programs choose the names of their threads. The sum over threads() is
#   then not cpu_times() of the process, and the busiest thread is another one.
# Seen: a thread "io (p) 3 of 4" used 0.5 s: threads() says 0.0 s; named "io p 3 of 4": 0.5 s
set -euo pipefail
/usr/bin/python3 -c 'import psutil' 2>/dev/null || { echo 'needs python3-psutil' >&2; exit 2; }
/usr/bin/python3 - <<'PYTHON'
import ctypes
import sys
import threading
import time

import psutil

PR_SET_NAME = 15
libc = ctypes.CDLL(None)


def work(name, used, done, end):
    """Names the thread, uses half a second, and waits."""
    libc.prctl(PR_SET_NAME, name.encode())
    while time.thread_time() < 0.5:
        pass
    used.append((threading.get_native_id(), time.thread_time()))
    done.set()
    end.wait()


def measure(name):
    """Returns what a thread of that name used, and what psutil says."""
    used, done, end = [], threading.Event(), threading.Event()
    thread = threading.Thread(target=work, args=(name, used, done, end))
    thread.start()
    done.wait()
    told = {t.id: t.user_time + t.system_time for t in psutil.Process().threads()}
    end.set()
    thread.join()
    return used[0][1], told[used[0][0]]


plain, plain_told = measure("io p 3 of 4")
odd, odd_told = measure("io (p) 3 of 4")
print(f'psutil {psutil.__version__}: a thread "io (p) 3 of 4" used {odd:.1f} s: threads() says {odd_told:.1f} s; '
      f'named "io p 3 of 4": {plain:.1f} and {plain_told:.1f} s')
if abs(plain - plain_told) > 0.1 or odd_told > 0.1:
    print("changed")
    sys.exit(1)
PYTHON
