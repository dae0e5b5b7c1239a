package sysprobe

// ProcRate is what one process did between two sweeps. All are absent in the
// first sweep that sees the process.
type ProcRate struct {
	// CPU is in percent of one processor; a process with four busy threads has
	// 400.
	CPU Opt[float64]
	// ReadBytes and WriteBytes are what reached a block device, in bytes a
	// second; they need [WantIO].
	ReadBytes, WriteBytes Opt[float64]
	// Faults are minor and major page faults a second.
	Faults Opt[float64]
	// Switches are voluntary and involuntary context switches a second; they
	// need [WantStatus].
	Switches Opt[float64]
}

// ProcRates compares each sweep with the one before. The zero value is ready.
// It is not safe for concurrent use.
type ProcRates struct{}

// Update returns one ProcRate for each row of s.Procs, in the same order. The
// slice is valid until the next Update. Rows are matched by identity, and time
// is taken from the monotonic clock.
func (r *ProcRates) Update(s *ProcSnapshot) []ProcRate { return nil }

// Created and Exited count the processes that appeared and went between two
// sweeps, since the first one. What lived and died between two sweeps is not
// seen.
func (r *ProcRates) Created() uint64 { return 0 }

// Exited is documented at Created.
func (r *ProcRates) Exited() uint64 { return 0 }
