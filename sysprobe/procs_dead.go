package sysprobe

// Threads counts the threads of all processes, each of which has an ID, as a zombie
// has: also of those that have no row because of Config.OnlyDead.
func (s *ProcSnapshot) Threads() uint64 {
	if s.threads > 0 {
		return s.threads
	}
	var n uint64
	for i := range s.Procs {
		n += s.Procs[i].ids()
	}
	return n
}

// ids is how many IDs p takes.
func (p *Proc) ids() uint64 { return uint64(max(1, p.Threads)) }
