package sysprobe_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"telegraf-sysprobe/sysprobe"
)

// A program that asks again and again keeps the handle, the snapshot and the
// rates.
func ExampleOpenProcs() {
	procs, err := sysprobe.OpenProcs(nil)
	if err != nil {
		log.Fatal(err)
	}

	var (
		snapshot sysprobe.ProcSnapshot
		rates    sysprobe.ProcRates
	)
	for range time.Tick(10 * time.Second) {
		if err := procs.Snapshot(context.Background(), &snapshot, sysprobe.WantName|sysprobe.WantFDs); err != nil {
			log.Fatal(err)
		}
		for i, rate := range rates.Update(&snapshot, nil) {
			p := &snapshot.Procs[i]
			if cpu, known := rate.CPU.Get(); known && cpu > 50 {
				fmt.Printf("%d %q: %.0f %% CPU, %d bytes, %d files\n", p.ID.PID, p.Name, cpu, p.RSS, p.FDs.Or(0))
			}
		}
	}
}

// Zombies are a view of a snapshot; a tracker adds how long they have been
// there.
func ExampleZombieTracker() {
	procs, err := sysprobe.OpenProcs(nil)
	if err != nil {
		log.Fatal(err)
	}

	var (
		snapshot sysprobe.ProcSnapshot
		tracker  sysprobe.ZombieTracker
	)
	for range time.Tick(10 * time.Second) {
		if err := procs.Snapshot(context.Background(), &snapshot, 0); err != nil {
			log.Fatal(err)
		}
		tracker.Update(&snapshot)
		for _, parent := range tracker.Parents() {
			fmt.Printf("process %d does not reap %d children\n", parent.ID.PID, parent.Count)
		}
	}
}
