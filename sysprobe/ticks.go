package sysprobe

import "time"

// userHZ is USER_HZ, the unit of the times in /proc/PID/stat: 100 on every
// architecture Go runs on (include/asm-generic/param.h).
const userHZ = 100

// ticks converts clock ticks of /proc to a duration.
func ticks(n uint64) time.Duration { return time.Duration(n) * (time.Second / userHZ) }
