package sysprobe

import (
	"runtime"
	"time"
)

// Created is the start of p by the wall clock; zero if the start or BootTime, from
// which it counts on most systems, is not known.
func (s *ProcSnapshot) Created(p *Proc) time.Time {
	epoch := s.epoch
	if epoch.IsZero() {
		epoch = s.BootTime
	}
	return p.ID.since(epoch)
}

// Created is the start of the process by the wall clock, as psutil's create_time, for
// who has a row of [Processes] or [Procs.Lookup], or a [Process], and no snapshot. Boot
// is what [ReadBootTime] returns: a step of the clock moves both. It is zero if the
// start, or boot, from which it counts except on NetBSD and macOS, is not known.
func (id ProcID) Created(boot time.Time) time.Time { return id.since(epochOf(runtime.GOOS, boot)) }

// since is the start of the process, if starts count from epoch.
func (id ProcID) since(epoch time.Time) time.Time {
	if epoch.IsZero() || id.Start == StartUnknown {
		return time.Time{}
	}
	return epoch.Add(ticks(id.Start))
}

// keepsClock reports whether the kernel of a system keeps the start of a process as a
// time of the clock.
func keepsClock(goos string) bool { return goos == "netbsd" || goos == "darwin" }

// epochOf is when the starts of processes count from.
func epochOf(goos string, boot time.Time) time.Time {
	if keepsClock(goos) {
		return time.Unix(0, 0)
	}
	return boot
}
