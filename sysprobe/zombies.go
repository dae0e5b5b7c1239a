package sysprobe

import (
	"cmp"
	"slices"
	"time"
)

// IsZombie reports that p is dead and waits for its parent to reap it. A
// process whose first thread died while others live on is not: nobody can reap
// it yet.
func (p *Proc) IsZombie() bool { return p.State == StateZombie && !p.LeaderDead }

// Zombie is a dead process that its parent has not reaped.
type Zombie struct {
	// Proc is the dead process and Parent the one that should wait for it; nil
	// where the parent is not in the snapshot (hidepid). Both point into the
	// snapshot.
	Proc, Parent *Proc
	// Age is how long it has been dead, as far as known: how long a
	// [ZombieTracker] has seen it dead or, where Exact is set, since the kernel
	// told that it died.
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

// ZombieTracker follows zombies from one sweep to the next. The zero value is
// ready. It is not safe for concurrent use.
type ZombieTracker struct {
	started         bool
	zombies         []Zombie
	seen, spare     []seenZombie             // by PID
	parents         map[ProcID]*ZombieParent // those with zombies, and those alive that had some
	ranking         []ZombieParent
	created, reaped uint64

	heard exitTable // what no sweep has explained yet
	// taken and uptime are one moment by the clocks of sweeps and of exits; zero
	// before there was a log.
	taken  time.Time
	uptime time.Duration
}

// seenZombie is what the tracker keeps of a zombie from one sweep to the next.
type seenZombie struct {
	id, parent ProcID
	since      time.Time
	died       Opt[Exit]
}

// Learn takes in what [Exits] heard. Called between the sweep and each Update,
// it makes the ages of those exact that died since the first log was read.
func (t *ZombieTracker) Learn(log *ExitLog) {
	if t.heard == nil {
		t.heard = exitTable{}
	}
	if log.Lost {
		clear(t.heard)
	}
	for _, e := range log.Exits {
		t.heard.add(e, true)
	}
	t.taken, t.uptime = log.Taken, log.Uptime
}

// Update compares s with the sweep before and returns its zombies with their
// ages, oldest first and then by PID. It sets Proc.Exit where only an [ExitLog]
// had it. The slice is valid until the next Update.
func (t *ZombieTracker) Update(s *ProcSnapshot) []Zombie {
	for _, parent := range t.parents {
		parent.Proc, parent.Count, parent.Oldest = nil, 0, Opt[time.Duration]{}
	}
	t.zombies, t.spare = s.Zombies(t.zombies[:0]), t.spare[:0]
	gone := t.seen
	for i := range t.zombies {
		z := &t.zombies[i]
		for len(gone) > 0 && gone[0].id.PID < z.Proc.ID.PID {
			t.reap(&gone[0])
			gone = gone[1:]
		}
		parent := t.parent(z)
		now := seenZombie{id: z.Proc.ID, parent: parent.ID, since: s.Taken}
		switch {
		case len(gone) > 0 && gone[0].id == z.Proc.ID:
			now.since, now.died = gone[0].since, gone[0].died
			gone = gone[1:]
		case t.started:
			t.created++
			parent.Created++
		}
		t.date(z, &now, s.Taken)
		parent.Count++
		parent.Oldest = Some(max(parent.Oldest.Or(0), z.Age.Or(0)))
		t.spare = append(t.spare, now)
	}
	for i := range gone {
		t.reap(&gone[i])
	}
	t.seen, t.spare = t.spare, t.seen
	t.started = true
	t.explain(s.Taken)
	t.forget(s)
	slices.SortFunc(t.zombies, func(a, b Zombie) int {
		return cmp.Or(cmp.Compare(b.Age.Or(0), a.Age.Or(0)), cmp.Compare(a.Proc.ID.PID, b.Proc.ID.PID))
	})
	return t.zombies
}

// date sets what is known of the death of z, seen at taken. An exit that was
// heard under its PID is its own if the process was there by then: PIDs are
// used again after the exit only.
func (t *ZombieTracker) date(z *Zombie, now *seenZombie, taken time.Time) {
	e, heard := t.heard[z.Proc.ID.PID]
	if heard && e.At >= ticks(z.Proc.ID.Start) && e.At > now.died.value.At {
		now.died = Some(e)
	}
	died, exact := now.died.Get()
	if !exact {
		z.Age = Some(max(0, taken.Sub(now.since)))
		return
	}
	z.Age, z.Exact = Some(max(0, t.sinceBoot(taken)-died.At)), true
	if !z.Proc.Exit.known {
		z.Proc.Exit = died.Status
	}
}

// sinceBoot is a time of the clock of the sweeps by that of the exits.
func (t *ZombieTracker) sinceBoot(at time.Time) time.Duration { return t.uptime + at.Sub(t.taken) }

// explain forgets the exits from before a sweep. Who is not in it is reaped,
// and who lives lost no more than a thread.
func (t *ZombieTracker) explain(taken time.Time) {
	for pid, e := range t.heard {
		if e.At < t.sinceBoot(taken) {
			delete(t.heard, pid)
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

// Created and Reaped count the zombies that appeared and went since the first
// Update, which itself counts none. A zombie that gets another parent counts
// as neither.
func (t *ZombieTracker) Created() uint64 { return t.created }

// Reaped is documented at Created.
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
