#!/usr/bin/env bash
# A descriptor table that is full makes cilium/ebpf report an old kernel, for good.
#
# Software: github.com/cilium/ebpf v0.22.0, the loader of BPF programs for Go, on any
#   Linux that has read-only maps (5.2).
# Behaviour: before it makes a map that programs only read, such as the constants of
#   nearly every program, the package tries whether the kernel knows such maps. It takes
#   any error of that try for a no, EMFILE as well, and remembers it. So with no
#   descriptor left the error wraps ErrNotSupported and not EMFILE, and names Linux 5.2;
#   and when descriptors are free again, the same map is refused for as long as the
#   process lives.
# Why it matters: one moment without descriptors at its start, and a daemon has no BPF
#   for years, on a kernel that has all it needs.
# Seen: before=true, full: old kernel=true, EMFILE=false, after: old kernel=true
# Needs: root, or CAP_BPF.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
export GOFLAGS=-mod=mod GOWORK=off
cat >main.go <<'GO'
package main

import (
	"errors"
	"fmt"
	"log"
	"os"
	"os/exec"

	"github.com/cilium/ebpf"
	"golang.org/x/sys/unix"
)

// create makes a read-only map and closes it again.
func create() error {
	m, err := ebpf.NewMap(&ebpf.MapSpec{
		Type: ebpf.Array, KeySize: 4, ValueSize: 4, MaxEntries: 1, Flags: unix.BPF_F_RDONLY_PROG,
	})
	if err == nil {
		m.Close()
	}
	return err
}

// full calls f while no descriptor is left.
func full(f func() error) error {
	var files []*os.File
	for {
		file, err := os.Open("/dev/null")
		if err != nil {
			break
		}
		files = append(files, file)
	}
	err := f()
	for _, file := range files {
		file.Close()
	}
	return err
}

func old(err error) bool { return errors.Is(err, ebpf.ErrNotSupported) }

func main() {
	if len(os.Args) > 1 { // another process, which has tried nothing yet
		fmt.Print(create() == nil)
		return
	}
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: 64, Max: 64}); err != nil {
		log.Fatal(err)
	}
	before, err := exec.Command(os.Args[0], "before").Output()
	if err != nil {
		log.Fatal(err)
	}
	if string(before) != "true" {
		fmt.Println("needs CAP_BPF")
		os.Exit(2)
	}
	lack := full(create)
	after := create()
	fmt.Printf("before=%s, full: old kernel=%t, EMFILE=%t, after: old kernel=%t\n",
		before, old(lack), errors.Is(lack, unix.EMFILE), old(after))
	if !old(lack) || errors.Is(lack, unix.EMFILE) || !old(after) {
		fmt.Println("changed")
		os.Exit(1)
	}
}
GO
go mod init finding 2>/dev/null
go get github.com/cilium/ebpf@v0.22.0 golang.org/x/sys@v0.49.0 2>log || { cat log >&2; exit 2; }
go build -o finding .
./finding
