package clock

import (
	"time"

	"golang.org/x/sys/unix"
)

// Boot returns the time since boot, in which the machine was suspended
// included (CLOCK_BOOTTIME), as this time namespace shows it.
func Boot() time.Duration { return read(unix.CLOCK_BOOTTIME) }

// Monotonic returns the time since boot without the time in which the machine
// was suspended (CLOCK_MONOTONIC), as this time namespace shows it.
func Monotonic() time.Duration { return read(unix.CLOCK_MONOTONIC) }

// startAttempts is how often Start looks at the clocks: one of them is interrupted
// within the last nanoseconds of a second about never, ten are not.
const startAttempts = 10

// Start returns the second in which the machine started, as btime of proc(5): where
// Boot was 0, by the wall clock. It is known unless that clock is being set.
func Start() (seconds int64, known bool) {
	for range startAttempts {
		before, boot, after := read(unix.CLOCK_REALTIME), Boot(), read(unix.CLOCK_REALTIME)
		first, last := (before-boot)/time.Second, (after-boot)/time.Second
		if first == last {
			return int64(first), true
		}
	}
	return 0, false
}

// read reads one of the clocks that every kernel has.
func read(id int32) time.Duration {
	var now unix.Timespec
	_ = unix.ClockGettime(id, &now) //nolint:errcheck // it fails for unknown clocks only
	return time.Duration(now.Nano())
}
