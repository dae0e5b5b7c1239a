"""Debian's python3-psutil, by the protocol of worker.go."""

import os
import sys
import time

import psutil

ATTRS = ["pid", "name", "status", "ppid", "create_time", "cpu_times", "memory_info", "num_threads"]


def status(process):
    try:
        return process.status()
    except psutil.NoSuchProcess:
        return None


ATTRIBUTES = [
    "name", "exe", "cmdline", "cwd", "ppid", "status", "create_time", "uids", "gids", "nice", "ionice", "cpu_affinity",
    "num_threads", "cpu_times", "memory_info", "num_ctx_switches", "terminal",
]


SUBJECT = psutil.Process(int(os.environ.get("SYSPROBE_BENCH_SUBJECT", os.getpid())))


def often(f):
    return lambda: [f() for _ in range(500)]


TASKS = {
    "logical": often(psutil.cpu_count),
    "attributes": often(lambda: SUBJECT.as_dict(ATTRIBUTES)),
    "boot": often(psutil.boot_time),
    "ionice": often(SUBJECT.ionice),
    "affinity": often(SUBJECT.cpu_affinity),
    "open files": SUBJECT.open_files,
    "maps": lambda: SUBJECT.memory_maps(grouped=False),
    "children": lambda: psutil.Process(1).children(recursive=True),
    "processes": lambda: list(psutil.process_iter(ATTRS)),
    "zombies": lambda: [p for p in psutil.process_iter() if status(p) == psutil.STATUS_ZOMBIE],
    "connections": lambda: psutil.net_connections("all"),
    "addresses": psutil.net_if_addrs,
    "stats": psutil.net_if_stats,
    "counters": lambda: psutil.net_io_counters(pernic=True),
}

task = TASKS[sys.argv[1]]
for _ in sys.stdin:
    wall, cpu = time.monotonic_ns(), time.process_time_ns()
    rows = len(task())
    print(rows, time.monotonic_ns() - wall, time.process_time_ns() - cpu, 0, 0, flush=True)
