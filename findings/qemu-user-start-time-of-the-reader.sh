#!/usr/bin/env bash
# Under qemu-user the start time of a process is that of the thread that reads it.
#
# Software: qemu-user-static 1:7.2+dfsg-7+deb12u18+b3 of Debian 12, a Go program
#   for arm64.
# Behaviour: qemu-user answers the program's /proc/self/stat, and /proc/PID/stat of
#   its own PID, itself: name, PID, parent and start of the stack are there; state,
#   CPU times, memory and threads are 0; and the start time is when the thread that
#   reads was made. /proc/self/task/PID/stat and the files of other processes are
#   the kernel's.
# Why it matters: PID and start time are the usual identity of a process. In a
#   language whose runtime moves work between threads, such as Go, the program finds
#   under emulation that it was replaced since its last look, now and then; a state
#   of 0 is in no list of states. Tests that run for other architectures this way
#   fail in code that has no fault.
# Seen: first thread: state 0, start 223813; another thread half a second later:
#   start 223863; in task/PID: state R, start 223799 and 223799
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
qemu=$(command -v qemu-aarch64-static) || { # no root needed: unpacked, not installed
  apt-get download qemu-user-static >/dev/null 2>&1 || { echo "needs qemu-user-static" >&2; exit 2; }
  dpkg -x qemu-user-static_*.deb .
  qemu=$dir/usr/bin/qemu-aarch64-static
}
"$qemu" --version | head -n 1
export GOFLAGS=-mod=mod GOWORK=off
cat >main.go <<'GO'
package main

import (
	"fmt"
	"log"
	"os"
	"runtime"
	"strings"
	"time"
)

// read returns the state and the start time of a stat file, fields 3 and 22.
func read(path string) (string, string) {
	b, err := os.ReadFile(path)
	if err != nil {
		log.Fatal(err)
	}
	fields := strings.Fields(string(b[strings.LastIndexByte(string(b), ')')+1:]))
	return fields[0], fields[19]
}

func main() {
	runtime.LockOSThread()
	task := fmt.Sprintf("/proc/self/task/%d/stat", os.Getpid())
	state1, start1 := read("/proc/self/stat")
	_, task1 := read(task)
	time.Sleep(500 * time.Millisecond)
	var start2, state2, task2 string
	done := make(chan struct{})
	go func() { // on another thread, since main keeps its own
		runtime.LockOSThread() // the thread ends with the goroutine
		_, start2 = read("/proc/self/stat")
		state2, task2 = read(task)
		close(done)
	}()
	<-done
	fmt.Printf("first thread: state %s, start %s; another thread half a second later: start %s; in task/PID: state %s, start %s and %s\n", state1, start1, start2, state2, task1, task2)
	if state1 != "0" || start1 == start2 || task1 != task2 || state2 == "0" {
		fmt.Println("changed")
		os.Exit(1)
	}
}
GO
go mod init finding 2>/dev/null
CGO_ENABLED=0 GOARCH=arm64 go build -o finding .
"$qemu" ./finding
