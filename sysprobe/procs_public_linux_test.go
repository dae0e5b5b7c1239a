package sysprobe

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"telegraf-sysprobe/sysprobe/sysprobetest"
)

// TestFactsOfPublicTrees reads what is odd in the proc(5) trees with which other
// projects test, which users of HOST_PROC have at hand: those of prometheus/procfs,
// prometheus/node_exporter and the OpenTelemetry collector. No row is lost where
// there is a stat.
func TestFactsOfPublicTrees(t *testing.T) {
	stat := func(pid int, name, parent, faults, childTimes, rest string) string {
		return fmt.Sprintf("%d (%s) S %s 0 0 0 -1 69238880 %s 0 0 0 12 34 %s 0 -20 1 0 5 8192000 3 18446744073709551615 %s",
			pid, name, parent, faults, childTimes, rest)
	}
	const (
		signals = "0 0 0 0 0 0 0 2147483647 0 18446744073709551615 0 0 "
		usual   = signals + "17 3 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n"
		extreme = "-9223372036854775808 9223372036854775807"
	)
	tree := sysprobetest.NewProcTree(t)
	// The number of a directory decides, whatever the stat in it says.
	tree.Write("100/stat", stat(33, "ata_sff", "2", "7", extreme, signals+extreme+" 0 0 0 0 0 0 0 0 0 0 0 0 0\n"))
	tree.Write("200/stat", stat(200, "(a b ) ( c d) ", "1", "7", "0 0", usual)+"#!/bin/cat /proc/self/stat\n")
	tree.Write("300/cmdline", "com.github.uiautomator\x00\x00\x00\x00") // and no stat
	tree.Write("400/status", "Name:   kube-proxy\nTgid:   400\nUid:\t0\t0\t0\t0\nGid:\t0\t0\t0\t0\nNSpid:  400\t1\n")
	tree.Write("500/stat", "500 (khungtaskd) S 2 0 0 0 -1 2129984 0 0 0 0 14 0 0 0 20 0 1 0 24 0 0 18446744073709551615"+
		" 0 0 0 0 0 0 0 2147483647 0 0 0 0 17 0 0 0 0 0 0 0 0 0 0 0 0 0 0") // without an end of the line
	tree.Write("600/stat", stat(600, "x", "1", "7", "0 0", signals+"-1 10 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n"))
	tree.Write("700/stat", stat(700, "y", "1", "-1", "5 6", usual)) // not in these trees: what it uses is damaged

	none := Some[time.Duration](0)
	s := snapshotOf(t, openTable(t, tree.Root), 0)
	if got := fmt.Sprint(s.pids()); got != "[100 200 500 600 700]" || s.Vanished != 2 || s.Malformed != 3+1 {
		t.Fatalf("PIDs %s, %d vanished, %d malformed, want 5 rows, 2 and the 4 numbers out of range", got, s.Vanished, s.Malformed)
	}
	for pid, want := range map[int32]Proc{
		// What is out of range is absent, and what is 0 is known.
		100: {Comm: "ata_sff", PPID: 2, MinorFaults: 7, UserTime: ticks(12), SystemTime: ticks(34), VMS: 8192000},
		200: {
			Comm: "(a b ) ( c d) ", PPID: 1, MinorFaults: 7,
			UserTime: ticks(12), SystemTime: ticks(34), VMS: 8192000, CPU: Some[int32](3), ChildUserTime: none, ChildSystemTime: none,
		},
		500: {Comm: "khungtaskd", PPID: 2, UserTime: ticks(14), CPU: Some[int32](0), ChildUserTime: none, ChildSystemTime: none},
		600: {
			Comm: "x", PPID: 1, MinorFaults: 7,
			UserTime: ticks(12), SystemTime: ticks(34), VMS: 8192000, CPU: Some[int32](10), ChildUserTime: none, ChildSystemTime: none,
		},
		700: {
			Comm: "y", PPID: 1, UsageHidden: true,
			UserTime: ticks(12), SystemTime: ticks(34), VMS: 8192000, CPU: Some[int32](3), ChildUserTime: Some(ticks(5)), ChildSystemTime: Some(ticks(6)),
		},
	} {
		p := s.Find(pid)
		got := Proc{Comm: p.Comm, PPID: p.PPID, MinorFaults: p.MinorFaults, UserTime: p.UserTime, SystemTime: p.SystemTime, VMS: p.VMS, CPU: p.CPU}
		got.UsageHidden, got.ChildUserTime, got.ChildSystemTime = p.UsageHidden, p.ChildUserTime, p.ChildSystemTime
		if diff := cmp.Diff(want, got, exact); diff != "" {
			t.Errorf("%d (-want +got):\n%s", pid, diff)
		}
	}
}
