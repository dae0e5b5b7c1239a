#!/usr/bin/env bash
# Two files of one process disagree about its resident memory, for every process.
#
# Software: github.com/prometheus/procfs v0.23.0 (ProcStat.ResidentMemory, which
#   client_golang v1.25.0 exports as process_resident_memory_bytes); Linux 6.16 and
#   later, and 6.12 from some stable release on (seen on 6.12.95 and 6.18.44).
# Behaviour: memory is counted per CPU and gathered into a common counter in batches.
#   /proc/PID/statm and status sum up what the CPUs still hold since these kernels;
#   field 24 of /proc/PID/stat is the common counter alone, as it has always been.
#   ps(1), top(1) and psutil read statm or status; procfs reads stat.
# Why it matters: the same process has two sizes on one dashboard, after a kernel
#   update, and neither tool is newer. Up to max(32, 2 x CPUs) pages can be held per
#   CPU and counter: with 64 CPUs and 4 KiB pages this is 32 MiB, with 256 CPUs
#   512 MiB.
# Seen: 48 processes, 48 with another value in stat, the farthest 65 pages away
#   (2 CPUs)
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
export GOFLAGS=-mod=mod GOWORK=off
uname -r
cat >main.go <<'GO'
package main

import (
	"fmt"
	"log"
	"os"

	"github.com/prometheus/procfs"
)

// statm returns the resident pages of a process, 0 if it is gone.
func statm(pid int) int {
	var size, resident int
	if b, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid)); err == nil {
		fmt.Sscan(string(b), &size, &resident)
	}
	return resident
}

func main() {
	fs, err := procfs.NewDefaultFS()
	if err != nil {
		log.Fatal(err)
	}
	procs, err := fs.AllProcs()
	if err != nil {
		log.Fatal(err)
	}
	all, differ, worst := 0, 0, 0
	for _, p := range procs {
		before := statm(p.PID)
		stat, err := p.Stat()
		if err != nil || before == 0 || before != statm(p.PID) {
			continue // gone, a kernel thread, or at work
		}
		all++
		if d := stat.ResidentMemory()/os.Getpagesize() - before; d != 0 {
			differ++
			worst = max(worst, d, -d)
		}
	}
	fmt.Printf("%d processes, %d with another value in stat, the farthest %d pages away\n", all, differ, worst)
	if differ*2 < all {
		fmt.Println("changed")
		os.Exit(1)
	}
}
GO
go mod init finding 2>/dev/null
go get github.com/prometheus/procfs@v0.23.0 2>log || { cat log >&2; exit 2; }
go run .
