package sysprobetest

import (
	"testing"
	"time"
)

// Eventually calls f until it returns "", and fails the test with what it said
// last if that takes more than 30 seconds.
func Eventually(tb testing.TB, f func() string) {
	tb.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for {
		said := f()
		if said == "" {
			return
		}
		if time.Now().After(deadline) {
			tb.Fatal(said)
		}
		time.Sleep(5 * time.Millisecond)
	}
}
