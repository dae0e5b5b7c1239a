package procs

import (
	"time"

	"telegraf-sysprobe/sysprobe"
)

// The counters of a process that groups sum up.
const (
	counterUser = iota // ns
	counterSystem
	counterMinorFaults
	counterMajorFaults
	counterReadBytes
	counterWriteBytes
	counterDiskRead
	counterDiskWrite
	counterDiskCancelled // of counterDiskWrite
	counterVoluntary
	counterInvoluntary
	numCounters
)

// counters are what only grows, as far as known. The value of what is unknown is 0.
type counters struct {
	value [numCounters]uint64
	known uint16 // bit i of counter i
}

// switchFields are the facts with which a row can have context switches: of all
// threads with the first, of the only thread with the second.
const switchFields = sysprobe.WantSwitches | sysprobe.WantStatus

// countersOf reads the counters of p, of the optional facts only those of want.
func countersOf(p *sysprobe.Proc, want sysprobe.Fields) counters {
	var c counters
	if !p.UsageHidden {
		c.setTimes(p.UserTime, p.SystemTime)
		c.setFaults(p.MinorFaults, p.MajorFaults)
	}
	if io := p.IO.Ref(); io != nil && want&sysprobe.WantIO != 0 {
		c.setIO(io)
	}
	if switches, known := p.Switches.Get(); known && want&switchFields != 0 {
		c.setSwitches(switches.Voluntary, switches.Involuntary)
	}
	return c
}

// countersOfExited reads the counters of processes that exited, of the optional
// facts only those of want.
func countersOfExited(e *sysprobe.ExitedProcs, want sysprobe.Fields) counters {
	var c counters
	c.setTimes(e.UserTime, e.SystemTime)
	c.setFaults(e.MinorFaults, e.MajorFaults)
	if want&sysprobe.WantIO != 0 {
		c.setIO(&e.IO)
	}
	if want&switchFields != 0 {
		c.setSwitches(e.VoluntarySwitches, e.InvoluntarySwitches)
	}
	return c
}

// setTimes sets the CPU times.
func (c *counters) setTimes(user, system time.Duration) {
	c.set(counterUser, sysprobe.Some(uint64(user)))
	c.set(counterSystem, sysprobe.Some(uint64(system)))
}

// setFaults sets the page faults.
func (c *counters) setFaults(minor, major uint64) {
	c.set(counterMinorFaults, sysprobe.Some(minor))
	c.set(counterMajorFaults, sysprobe.Some(major))
}

// setIO sets what was read and written.
func (c *counters) setIO(io *sysprobe.ProcIO) {
	c.set(counterReadBytes, io.ReadChars)
	c.set(counterWriteBytes, io.WriteChars)
	c.set(counterDiskRead, io.ReadBytes)
	c.set(counterDiskWrite, io.WriteBytes)
	c.set(counterDiskCancelled, io.CancelledWriteBytes)
}

// setSwitches sets the context switches.
func (c *counters) setSwitches(voluntary, involuntary uint64) {
	c.set(counterVoluntary, sysprobe.Some(voluntary))
	c.set(counterInvoluntary, sysprobe.Some(involuntary))
}

// set sets counter i, which was unknown.
func (c *counters) set(i int, value sysprobe.Opt[uint64]) {
	if n, known := value.Get(); known {
		c.value[i] = n
		c.known |= 1 << i
	}
}

// get returns counter i.
func (c *counters) get(i int) sysprobe.Opt[uint64] {
	if c.known&(1<<i) == 0 {
		return sysprobe.Opt[uint64]{}
	}
	return sysprobe.Some(c.value[i])
}

// add adds what of delta is known.
func (c *counters) add(delta *counters) {
	for i, n := range delta.value {
		c.value[i] += n
	}
	c.known |= delta.known
}

// advance moves c to now and returns how far it went. What is unknown now
// stays as it was, and what runs backwards adds nothing. What is known for the
// first time was 0 before if the process began since, and otherwise adds nothing.
func (c *counters) advance(now *counters, began bool) counters {
	delta := counters{known: now.known}
	if *now == *c { // it slept
		return delta
	}
	for i, n := range now.value {
		switch bit := uint16(1) << i; {
		case now.known&bit == 0:
			continue
		case c.known&bit != 0:
			delta.value[i] = n - min(n, c.value[i])
		case began:
			delta.value[i] = n
		}
		c.value[i] = n
	}
	c.known |= now.known
	return delta
}
