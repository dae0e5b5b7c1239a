package sysprobe

import (
	"cmp"
	"slices"
	"time"
)

// IsZombie reports that p is dead and waits for its parent to reap it. A
// process whose first thread died while others live on is not: no process can
// reap it yet.
func (p *Proc) IsZombie() bool { return p.State == StateZombie && !p.LeaderDead }

// Zombie is a dead process that its parent has not reaped.
type Zombie struct {
	// Proc is the dead process and Parent the one that should wait for it; nil
	// where the parent is not in the snapshot (hidepid). Both point into the
	// snapshot.
	Proc, Parent *Proc
	// Age is how long it has been dead, as far as known: how long a
	// [ZombieTracker] has seen it dead or, where Exact is set, since the moment of
	// its exit.
	Age   Opt[time.Duration]
	Exact bool
}

// Zombies appends the zombies of s to dst, by PID. It is a view of the
// snapshot and makes no system call.
func (s *ProcSnapshot) Zombies(dst []Zombie) []Zombie {
	for i := range s.Procs {
		if p := &s.Procs[i]; p.IsZombie() {
			dst = append(dst, Zombie{Proc: p, Parent: s.Parent(p)})
		}
	}
	return dst
}

// DeadLeaders counts the processes whose first thread is dead while others
// live on.
func (s *ProcSnapshot) DeadLeaders() int {
	n := 0
	for i := range s.Procs {
		if s.Procs[i].LeaderDead {
			n++
		}
	}
	return n
}

// ZombieTracker follows zombies from one snapshot to the next, for which the table
// can be opened with Config.OnlyDead. The zero value is ready. It is not safe for
// concurrent use.
type ZombieTracker struct {
	started         bool
	zombies         []Zombie
	seen, spare     []seenZombie             // by PID
	parents         map[ProcID]*ZombieParent // those with zombies, and those alive that had some
	ranking, left   []ZombieParent
	created, reaped uint64

	exits exitTable // those that no snapshot has explained yet
	// taken and uptime are one moment by the clocks of snapshots and of exits; zero
	// before there was a log.
	taken  time.Time
	uptime time.Duration
}

// seenZombie is what the tracker keeps of a zombie from one snapshot to the next.
type seenZombie struct {
	id, parent ProcID
	since      time.Time
	died       Opt[Exit]
}

// Learn adds the exits of a log. Called between a snapshot and its Update, it
// makes the ages of zombies exact that exited since the first log was read.
func (t *ZombieTracker) Learn(log *ExitLog) {
	if t.exits == nil {
		t.exits = exitTable{}
	}
	if log.Lost {
		clear(t.exits)
	}
	for _, e := range log.Exits {
		t.exits.add(e, true)
	}
	t.taken, t.uptime = log.Taken, log.Uptime
}

// Update compares s with the snapshot before and returns its zombies with their
// ages, oldest first and then by PID. It sets Proc.Exit where only an [ExitLog]
// had it. The slice is valid until the next Update.
func (t *ZombieTracker) Update(s *ProcSnapshot) []Zombie {
	t.left = t.left[:0]
	for _, parent := range t.parents {
		if parent.Count > 0 {
			t.left = append(t.left, ZombieParent{ID: parent.ID}) // until it is seen again
		}
		parent.Proc, parent.Count, parent.Oldest = nil, 0, Opt[time.Duration]{}
	}
	t.zombies, t.spare = s.Zombies(t.zombies[:0]), t.spare[:0]
	for before, z := range MatchByID(t.seen, t.zombies, (*seenZombie).identity, (*Zombie).identity) {
		if z == nil {
			t.reap(before)
		} else {
			t.see(before, z, s.Taken)
		}
	}
	t.seen, t.spare = t.spare, t.seen
	t.started = true
	t.explain(s.Taken)
	t.leave(s)
	t.forget(s)
	slices.SortFunc(t.zombies, func(a, b Zombie) int {
		return cmp.Or(cmp.Compare(b.Age.Or(0), a.Age.Or(0)), cmp.Compare(a.Proc.ID.PID, b.Proc.ID.PID))
	})
	return t.zombies
}

// see notes a zombie of a snapshot taken then. Before is nil for a new one.
func (t *ZombieTracker) see(before *seenZombie, z *Zombie, taken time.Time) {
	parent := t.parent(z)
	now := seenZombie{id: z.Proc.ID, parent: parent.ID, since: taken}
	switch {
	case before != nil:
		now.since, now.died = before.since, before.died
	case t.started:
		t.created++
		parent.Created++
	}
	t.date(z, &now, taken)
	parent.Count++
	parent.Oldest = Some(max(parent.Oldest.Or(0), z.Age.Or(0)))
	t.spare = append(t.spare, now)
}

func (z *Zombie) identity() ProcID     { return z.Proc.ID }
func (z *seenZombie) identity() ProcID { return z.id }

// date sets what is known of the death of z, seen at taken. An exit with
// its PID is that of z if the process had started by then: a PID is used again
// only after the exit.
func (t *ZombieTracker) date(z *Zombie, now *seenZombie, taken time.Time) {
	e, known := t.exits[z.Proc.ID.PID]
	died, exact := now.died.Get()
	if known && e.At >= ticks(z.Proc.ID.Start) && e.At > died.At {
		now.died = Some(e)
		died, exact = e, true
	}
	if !exact {
		z.Age = Some(max(0, taken.Sub(now.since)))
		return
	}
	z.Age, z.Exact = Some(max(0, t.sinceBoot(taken)-died.At)), true
	if !z.Proc.Exit.Known() {
		z.Proc.Exit = died.Status
	}
}

// sinceBoot converts a time of the clock of snapshots to that of exits.
func (t *ZombieTracker) sinceBoot(at time.Time) time.Duration { return t.uptime + at.Sub(t.taken) }

// explain removes the exits from before a snapshot taken then. A process that is
// not in the snapshot was reaped, and one that lives lost no more than a thread.
func (t *ZombieTracker) explain(taken time.Time) {
	for pid, e := range t.exits {
		if e.At < t.sinceBoot(taken) {
			delete(t.exits, pid)
		}
	}
}

// parent returns what is known of the parent of z.
func (t *ZombieTracker) parent(z *Zombie) *ZombieParent {
	id := ProcID{PID: z.Proc.PPID}
	if z.Parent != nil {
		id = z.Parent.ID
	}
	parent := t.parents[id]
	if parent == nil {
		if t.parents == nil {
			t.parents = make(map[ProcID]*ZombieParent)
		}
		parent = &ZombieParent{ID: id}
		t.parents[id] = parent
	}
	parent.Proc = z.Parent
	return parent
}

// reap counts a zombie that is gone, for the parent it had last.
func (t *ZombieTracker) reap(z *seenZombie) {
	t.reaped++
	t.parents[z.parent].Reaped++
}

// leave keeps in t.left those parents that have no zombie any more.
func (t *ZombieTracker) leave(s *ProcSnapshot) {
	left := t.left[:0]
	for _, before := range t.left {
		parent := *t.parents[before.ID]
		if parent.Count > 0 {
			continue
		}
		if p := s.Find(parent.ID.PID); p != nil && p.ID == parent.ID {
			parent.Proc = p
		}
		left = append(left, parent)
	}
	slices.SortFunc(left, func(a, b ZombieParent) int { return cmp.Compare(a.ID.PID, b.ID.PID) })
	t.left = left
}

// forget drops the parents that are gone.
func (t *ZombieTracker) forget(s *ProcSnapshot) {
	for id, parent := range t.parents {
		if parent.Count > 0 {
			continue
		}
		if p := s.Find(id.PID); p == nil || p.ID != id {
			delete(t.parents, id)
		}
	}
}

// Parents returns the parents of the zombies of the last Update, most zombies
// first and then by PID. The slice is valid until the next Update.
func (t *ZombieTracker) Parents() []ZombieParent {
	t.ranking = t.ranking[:0]
	for _, parent := range t.parents {
		if parent.Count > 0 {
			t.ranking = append(t.ranking, *parent)
		}
	}
	slices.SortFunc(t.ranking, func(a, b ZombieParent) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.ID.PID, b.ID.PID))
	})
	return t.ranking
}

// Left returns the parents that had zombies in the Update before the last one and
// have none in that, by PID: they reaped them, or ended. Their Created and Reaped
// are complete. The slice is valid until the next Update.
func (t *ZombieTracker) Left() []ZombieParent { return t.left }

// Created and Reaped count the zombies that appeared and went since the first
// Update, which itself counts none. A zombie that gets another parent counts
// as neither.
func (t *ZombieTracker) Created() uint64 { return t.created }

// Reaped counts the zombies that went since the first Update: their parents reaped
// them.
func (t *ZombieTracker) Reaped() uint64 { return t.reaped }

// ZombieParent is a process that does not reap its children.
type ZombieParent struct {
	// ID is the parent's identity; its Start is 0 where the parent is not in
	// the snapshot.
	ID ProcID
	// Proc points into the snapshot; nil where the parent is not in it.
	Proc *Proc
	// Count is the number of its zombies now, Oldest the age of the oldest.
	Count  int
	Oldest Opt[time.Duration]
	// Created and Reaped count its zombies as those of the ZombieTracker do,
	// for as long as it lives or has some.
	Created, Reaped uint64
}
