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
// too, each behind its parent. Each is there once, whatever loops the table has; a
// process older than its alleged parent is not a child.
func (s *ProcSnapshot) Children(dst []*Proc, p *Proc, recursive bool) []*Proc {
	if q := s.Find(p.ID.PID); q == nil || q.ID != p.ID {
		return dst // the PID, if there, is another process by now
	}
	kin := make([]kinship, len(s.Procs))
	for i := range s.Procs {
		kin[i] = kinship{id: s.Procs[i].ID, ppid: s.Procs[i].PPID, at: int32(i)}
	}
	for _, k := range childrenOf(kin, p.ID, recursive) {
		dst = append(dst, &s.Procs[k.at])
	}
	return dst
}

// kinship is a process and its parent; at is where the process is in a table.
type kinship struct {
	id   ProcID
	ppid int32
	at   int32
}

// childrenOf returns the children of a process, by PID, and with recursive theirs too,
// generation by generation, so that each is behind its parent. It uses the memory of
// kin.
func childrenOf(kin []kinship, of ProcID, recursive bool) []kinship {
	byPID := func(a, b kinship) int { return cmp.Compare(a.id.PID, b.id.PID) }
	if !recursive {
		children := slices.DeleteFunc(kin, func(k kinship) bool { return !k.isChildOf(of) })
		slices.SortFunc(children, byPID)
		return children
	}
	slices.SortFunc(kin, func(a, b kinship) int { return cmp.Or(cmp.Compare(a.ppid, b.ppid), byPID(a, b)) })
	var found []kinship
	// Everybody has one parent and is appended when that is met. So all are
	// met once, if the process itself, which may be in a loop, is not appended.
	for met, q := 0, of; ; met++ {
		i, _ := slices.BinarySearchFunc(kin, q.PID, func(k kinship, pid int32) int { return cmp.Compare(k.ppid, pid) })
		for ; i < len(kin) && kin[i].ppid == q.PID; i++ {
			if kin[i].isChildOf(q) && kin[i].id != of {
				found = append(found, kin[i])
			}
		}
		if met == len(found) {
			break
		}
		q = found[met].id
	}
	return found
}

// isChildOf reports that the process says that id is its parent, and can be right.
func (k *kinship) isChildOf(id ProcID) bool {
	return k.ppid == id.PID && k.id.Start >= id.Start && k.id != id
}

// isChild is kinship.isChildOf of rows.
func isChild(p, q *Proc) bool {
	k := kinship{id: p.ID, ppid: p.PPID}
	return k.isChildOf(q.ID)
}
