package sysprobe

// Parent returns the parent of p in the snapshot: nil where p has none, where
// it is not in the snapshot, and where the process with that PID is younger
// than p and so cannot be it.
func (s *ProcSnapshot) Parent(p *Proc) *Proc { return nil }

// Children appends the children of p to dst, by PID, and with recursive theirs
// too. Each is there once, whatever loops the table has; a process older than
// its alleged parent is not a child.
func (s *ProcSnapshot) Children(dst []*Proc, p *Proc, recursive bool) []*Proc { return dst }
