package sysprobe

import "time"

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
	// Age is how long it has been dead, as far as known: without events, how
	// long a [ZombieTracker] has seen it dead. Exact says that the kernel told
	// when it died.
	Age   Opt[time.Duration]
	Exact bool
}

// Zombies appends the zombies of s to dst, by PID. It is a view of the
// snapshot and makes no system call.
func (s *ProcSnapshot) Zombies(dst []Zombie) []Zombie {
	for i := range s.Procs {
		if p := &s.Procs[i]; p.IsZombie() {
			dst = append(dst, Zombie{Proc: p, Parent: s.Find(p.PPID)})
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
type ZombieTracker struct{}

// Update compares s with the sweep before and returns its zombies with their
// ages, oldest first. The slice is valid until the next Update.
func (t *ZombieTracker) Update(s *ProcSnapshot) []Zombie { return nil }

// Parents returns the parents of the zombies of the last Update, most zombies
// first. The slice is valid until the next Update.
func (t *ZombieTracker) Parents() []ZombieParent { return nil }

// Created and Reaped count the zombies that appeared and went since the first
// Update, which itself counts none.
func (t *ZombieTracker) Created() uint64 { return 0 }

// Reaped is documented at Created.
func (t *ZombieTracker) Reaped() uint64 { return 0 }

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
	// Created and Reaped count its zombies since it was first seen with one.
	Created, Reaped uint64
}
