package sysprobe

import (
	"cmp"
	"slices"
)

// Parent returns the parent of p in the snapshot: nil where p has none, where
// it is not in the snapshot, and where the process with that PID is younger
// than p and so cannot be it.
func (s *ProcSnapshot) Parent(p *Proc) *Proc {
	if q := s.Find(p.PPID); q != nil && isChild(p, q) {
		return q
	}
	return nil
}

// Children appends the children of p to dst, by PID, and with recursive theirs
// too. Each is there once, whatever loops the table has; a process older than
// its alleged parent is not a child.
func (s *ProcSnapshot) Children(dst []*Proc, p *Proc, recursive bool) []*Proc {
	if q := s.Find(p.ID.PID); q == nil || q.ID != p.ID {
		return dst // the PID, if there, is another process by now
	}
	if !recursive {
		for i := range s.Procs {
			if c := &s.Procs[i]; isChild(c, p) {
				dst = append(dst, c)
			}
		}
		return dst
	}
	byParent := make([]*Proc, len(s.Procs))
	for i := range s.Procs {
		byParent[i] = &s.Procs[i]
	}
	slices.SortFunc(byParent, func(a, b *Proc) int { return cmp.Compare(a.PPID, b.PPID) })
	// Everybody has one parent and is appended when that is met. So all are
	// met once, if p, which may be in a loop, is not appended.
	first := len(dst)
	for met, q := first, p; ; met++ {
		i, _ := slices.BinarySearchFunc(byParent, q.ID.PID, func(c *Proc, pid int32) int { return cmp.Compare(c.PPID, pid) })
		for ; i < len(byParent) && byParent[i].PPID == q.ID.PID; i++ {
			if c := byParent[i]; isChild(c, q) && c.ID != p.ID {
				dst = append(dst, c)
			}
		}
		if met == len(dst) {
			break
		}
		q = dst[met]
	}
	slices.SortFunc(dst[first:], func(a, b *Proc) int { return cmp.Compare(a.ID.PID, b.ID.PID) })
	return dst
}

// isChild reports that p says q is its parent, and can be right.
func isChild(p, q *Proc) bool {
	return p.PPID == q.ID.PID && p.ID.Start >= q.ID.Start && p.ID != q.ID
}
