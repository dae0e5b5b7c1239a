#!/usr/bin/env bash
# The exit record of a short process lacks much of the CPU time that it used.
#
# Software: Linux taskstats (seen on 6.18.44), read by
#   github.com/mdlayher/genetlink v1.4.0.
# Behaviour: cpu_run_virtual_total, the CPU time of a task in nanoseconds, is
#   updated when the task is switched away or the timer ticks. The record is written
#   while the task still runs, so that its last slice is missing, which of a process
#   that lives for less than a tick is nearly all of it. wait4(2), which looks after
#   the task is off the processor, has the exact sum.
# Why it matters: the number has the best resolution that the kernel offers, and is
#   what accounting of builds and scripts is for. A machine that spends all its time
#   in processes of half a millisecond seems idle: on a quiet machine 5 % of their
#   time is recorded, of 1.5 ms 20 %, of 7 ms 71 %; beside other work more is.
# Seen: 200 exits: wait4 0.99 s, cpu_run_virtual_total 0.57 s, 57 % (busy machine)
set -euo pipefail
[[ $(id -u) == 0 ]] || { echo "needs root, for taskstats" >&2; exit 2; }
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
export GOFLAGS=-mod=mod GOWORK=off
cat >main.go <<'GO'
package main

import (
	"encoding/binary"
	"fmt"
	"log"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"github.com/mdlayher/genetlink"
	"github.com/mdlayher/netlink"
)

const (
	commandGet      = 1  // TASKSTATS_CMD_GET
	registerCPUMask = 3  // TASKSTATS_CMD_ATTR_REGISTER_CPUMASK
	typePID         = 1  // TASKSTATS_TYPE_PID
	typeStats       = 3  // TASKSTATS_TYPE_STATS
	typeAggrPID     = 4  // TASKSTATS_TYPE_AGGR_PID
	runVirtual      = 72 // offset of cpu_run_virtual_total in struct taskstats
)

// aggregate returns the PID and the CPU time of a record.
func aggregate(ad *netlink.AttributeDecoder) (pid uint32, ns uint64, err error) {
	for ad.Next() {
		switch ad.Type() {
		case typePID:
			pid = ad.Uint32()
		case typeStats:
			if b := ad.Bytes(); len(b) >= runVirtual+8 {
				ns = binary.NativeEndian.Uint64(b[runVirtual:])
			}
		}
	}
	return pid, ns, ad.Err()
}

func main() {
	c, err := genetlink.Dial(nil)
	if err != nil {
		log.Fatal(err)
	}
	family, err := c.GetFamily("TASKSTATS")
	if err != nil {
		log.Fatal(err)
	}
	online, err := os.ReadFile("/sys/devices/system/cpu/online")
	if err != nil {
		log.Fatal(err)
	}
	mask, err := netlink.MarshalAttributes([]netlink.Attribute{
		{Type: registerCPUMask, Data: append([]byte(strings.TrimSpace(string(online))), 0)},
	})
	if err != nil {
		log.Fatal(err)
	}
	register := genetlink.Message{Header: genetlink.Header{Command: commandGet, Version: family.Version}, Data: mask}
	if _, err := c.Execute(register, family.ID, netlink.Request|netlink.Acknowledge); err != nil {
		log.Fatal(err)
	}
	if err := c.SetReadBuffer(8 << 20); err != nil {
		log.Fatal(err)
	}
	ours := map[uint32]bool{}
	var waited, recorded time.Duration
	for range 200 {
		cmd := exec.Command("true")
		if err := cmd.Run(); err != nil {
			log.Fatal(err)
		}
		u := cmd.ProcessState.SysUsage().(*syscall.Rusage)
		waited += time.Duration(u.Utime.Nano() + u.Stime.Nano())
		ours[uint32(cmd.Process.Pid)] = true
	}
	if err := c.SetReadDeadline(time.Now().Add(2 * time.Second)); err != nil {
		log.Fatal(err)
	}
	exits := 0
	for {
		messages, _, err := c.Receive()
		if err != nil { // the deadline
			break
		}
		for _, m := range messages {
			ad, err := netlink.NewAttributeDecoder(m.Data)
			if err != nil {
				log.Fatal(err)
			}
			for ad.Next() {
				if ad.Type() != typeAggrPID {
					continue
				}
				ad.Nested(func(nested *netlink.AttributeDecoder) error {
					pid, ns, err := aggregate(nested)
					if ours[pid] {
						exits++
						recorded += time.Duration(ns)
					}
					return err
				})
			}
		}
	}
	share := 100 * recorded.Seconds() / waited.Seconds()
	fmt.Printf("%d exits: wait4 %.2f s, cpu_run_virtual_total %.2f s, %.0f %%\n", exits, waited.Seconds(), recorded.Seconds(), share)
	if exits < 190 || share > 90 {
		fmt.Println("changed")
		os.Exit(1)
	}
}
GO
go mod init finding 2>/dev/null
go get github.com/mdlayher/genetlink@v1.4.0 github.com/mdlayher/netlink@v1.11.2 2>log || { cat log >&2; exit 2; }
go run .
