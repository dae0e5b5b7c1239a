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

// read reads one of the clocks that every kernel has.
func read(id int32) time.Duration {
	var now unix.Timespec
	_ = unix.ClockGettime(id, &now) //nolint:errcheck // it fails for unknown clocks only
	return time.Duration(now.Nano())
}
