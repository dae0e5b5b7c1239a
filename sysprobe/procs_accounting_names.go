package sysprobe

import (
	"math"
	"time"

	"telegraf-sysprobe/sysprobe/internal/cache"
)

// longNames knows the names of the programs of which the kernel keeps the first 15
// bytes. A process that no snapshot saw has only these in its account, and gets the
// name of a program that runs, or ran lately, in the same cgroup and as the same
// user, where there is one.
type longNames struct{ names map[cutName]*longName }

// cutName is what the account of a process has of its name, and whose it is.
type cutName struct {
	comm   string
	uid    uint32 // anyUID where rows do not have it
	cgroup uint64
}

const anyUID = math.MaxUint32 // no user has this ID (credentials(7))

// longName is the name that was seen last, and when; and when another one was.
type longName struct {
	name        string
	seen, other time.Time
}

// longNameAge is how long a name is lately seen.
const longNameAge = 10 * time.Minute

// learn takes in the names of the rows of a snapshot, and forgets old ones.
func (l *longNames) learn(rows []Proc, now time.Time) {
	if l.names == nil {
		l.names = map[cutName]*longName{}
	}
	for i := range rows {
		p := &rows[i]
		task := p.Task.Ref()
		if !p.named || task == nil {
			continue
		}
		uid := uint32(anyUID)
		if st := p.Status.Ref(); st != nil {
			uid = st.UID
		}
		key := cutName{p.Comm, uid, task.CgroupID}
		switch known := l.names[key]; {
		case known == nil || !cache.IsFresh(known.seen, now, longNameAge):
			l.names[key] = &longName{name: p.Name, seen: now}
		case known.name == p.Name:
			known.seen = now
		default:
			known.other = now
		}
	}
	for key, known := range l.names {
		if !cache.IsFresh(known.seen, now, longNameAge) {
			delete(l.names, key)
		}
	}
}

// extend sets the Name of e if it may be cut and there is one program that it can
// be the beginning of.
func (l *longNames) extend(e *ExitedProcs, now time.Time) {
	if len(e.Comm) < commLen || e.KernelThread || e.Name != e.Comm {
		return
	}
	known := l.names[cutName{e.Comm, e.UID, e.CgroupID}]
	if known == nil {
		known = l.names[cutName{e.Comm, anyUID, e.CgroupID}]
	}
	if known != nil && !cache.IsFresh(known.other, now, longNameAge) {
		e.Name = known.name
	}
}
