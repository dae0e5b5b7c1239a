#!/usr/bin/env bash
# A BPF task iterator calls its program more often than there are tasks.
#
# Software: Linux (seen on 6.18.44), by
#   github.com/cilium/ebpf v0.22.0.
# Behaviour: a program that writes a record with bpf_seq_write is called again for
#   the same task whenever the record did not fit into the rest of the buffer. The
#   record of the first call is dropped; what the program did to maps is not. A read
#   returns 32 KiB at most, however large the caller's buffer, so that this happens
#   once per read of a long list: calls = records + reads - 1.
# Why it matters: sums and counts that the program keeps in a map, such as threads
#   per process or bytes per cgroup, are too high by a little, on large machines
#   only, and by another amount for another size of record. Output is exact, so
#   that a comparison of records shows nothing.
# Seen: records 388 of 400 bytes, calls 392, reads 5, largest 32400 of 1048576
set -euo pipefail
[[ $(id -u) == 0 ]] || { echo "needs root, for BPF" >&2; exit 2; }
dir=$(mktemp -d)
pids=()
trap 'kill "${pids[@]}" 2>/dev/null || true; rm -rf "$dir"' EXIT
cd "$dir"
export GOFLAGS=-mod=mod GOWORK=off
cat >main.go <<'GO'
package main

import (
	"errors"
	"fmt"
	"io"
	"log"
	"os"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/cilium/ebpf/link"
)

const size = 400 // of a record

// program counts its calls in the map, and writes a record for each task.
func program(calls *ebpf.Map) asm.Instructions {
	insns := asm.Instructions{
		asm.Mov.Reg(asm.R6, asm.R1),
		asm.LoadMem(asm.R7, asm.R6, 8, asm.DWord), // ctx->task
		asm.JEq.Imm(asm.R7, 0, "end"),             // the call after the last task
		asm.StoreImm(asm.RFP, -4, 0, asm.Word),
		asm.LoadMapPtr(asm.R1, calls.FD()),
		asm.Mov.Reg(asm.R2, asm.RFP),
		asm.Add.Imm(asm.R2, -4),
		asm.FnMapLookupElem.Call(),
		asm.JEq.Imm(asm.R0, 0, "end"),
		asm.Mov.Imm(asm.R1, 1),
		asm.StoreXAdd(asm.R0, asm.R1, asm.DWord),
		asm.Mov.Imm(asm.R1, 0),
	}
	for offset := int16(-size - 8); offset < -8; offset += 8 {
		insns = append(insns, asm.StoreMem(asm.RFP, offset, asm.R1, asm.DWord))
	}
	return append(insns,
		asm.LoadMem(asm.R1, asm.R6, 0, asm.DWord), // ctx->meta
		asm.LoadMem(asm.R1, asm.R1, 0, asm.DWord), // meta->seq
		asm.Mov.Reg(asm.R2, asm.RFP),
		asm.Add.Imm(asm.R2, -size-8),
		asm.Mov.Imm(asm.R3, size),
		asm.FnSeqWrite.Call(),
		asm.Mov.Imm(asm.R0, 0).WithSymbol("end"),
		asm.Return(),
	)
}

func main() {
	calls, err := ebpf.NewMap(&ebpf.MapSpec{Type: ebpf.Array, KeySize: 4, ValueSize: 8, MaxEntries: 1})
	if err != nil {
		log.Fatal(err)
	}
	prog, err := ebpf.NewProgram(&ebpf.ProgramSpec{
		Type: ebpf.Tracing, AttachType: ebpf.AttachTraceIter, AttachTo: "task", License: "GPL", Instructions: program(calls),
	})
	if err != nil {
		log.Fatal(err)
	}
	iter, err := link.AttachIter(link.IterOptions{Program: prog})
	if err != nil {
		log.Fatal(err)
	}
	r, err := iter.Open()
	if err != nil {
		log.Fatal(err)
	}
	buf := make([]byte, 1<<20)
	total, reads, largest := 0, 0, 0
	for {
		n, err := r.Read(buf)
		if n > 0 {
			total, reads, largest = total+n, reads+1, max(largest, n)
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			log.Fatal(err)
		}
	}
	var n uint64
	if err := calls.Lookup(uint32(0), &n); err != nil {
		log.Fatal(err)
	}
	records := total / size
	fmt.Printf("records %d of %d bytes, calls %d, reads %d, largest %d of %d\n", records, size, n, reads, largest, len(buf))
	if reads < 2 || largest > 32<<10 || n != uint64(records+reads-1) {
		fmt.Println("changed")
		os.Exit(1)
	}
}
GO
go mod init finding 2>/dev/null
go get github.com/cilium/ebpf@v0.22.0 2>log || { cat log >&2; exit 2; }
go build -o finding .
for _ in {1..100}; do sleep 600 & pids+=($!); done # more records than one read returns
./finding
