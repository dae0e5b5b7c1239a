package sysprobe

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// seen is what a test says of a zombie.
type seen struct {
	PID, Parent int32 // Parent 0: not in the snapshot
	Age         time.Duration
}

func zombiesSeen(zombies []Zombie) []seen {
	var all []seen
	for _, z := range zombies {
		one := seen{PID: z.Proc.ID.PID, Age: z.Age.Or(-1)}
		if z.Parent != nil {
			one.Parent = z.Parent.ID.PID
		}
		all = append(all, one)
	}
	return all
}

func TestZombieTracker(t *testing.T) {
	alive := func(pid int32) Proc { return Proc{ID: ProcID{PID: pid, Start: 1}} }
	zombie := func(pid, ppid int32, start uint64) Proc {
		return Proc{ID: ProcID{PID: pid, Start: start}, PPID: ppid, State: StateZombie}
	}
	var tracker ZombieTracker
	type counts struct{ Created, Reaped uint64 }
	type parent struct {
		ID              ProcID
		Found           bool
		Count           int
		Oldest          time.Duration
		Created, Reaped uint64
	}
	step := func(t *testing.T, seconds float64, procs []Proc, zombies []seen, parents []parent, want counts) {
		t.Helper()
		got := zombiesSeen(tracker.Update(&ProcSnapshot{Procs: procs, Taken: at(seconds)}))
		if diff := cmp.Diff(zombies, got); diff != "" {
			t.Errorf("zombies (-want +got):\n%s", diff)
		}
		var all []parent
		for _, p := range tracker.Parents() {
			all = append(all, parent{p.ID, p.Proc != nil, p.Count, p.Oldest.Or(-1), p.Created, p.Reaped})
		}
		if diff := cmp.Diff(parents, all); diff != "" {
			t.Errorf("parents (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(want, counts{tracker.Created(), tracker.Reaped()}); diff != "" {
			t.Errorf("counts (-want +got):\n%s", diff)
		}
	}
	one, two := ProcID{1, 1}, ProcID{2, 1}

	t.Run("E32 the first sweep", func(t *testing.T) {
		step(t, 0, []Proc{alive(1), alive(2), zombie(30, 2, 5)},
			[]seen{{30, 2, 0}},
			[]parent{{two, true, 1, 0, 0, 0}}, counts{})
	})
	t.Run("E32 two seconds on, with another", func(t *testing.T) {
		step(t, 2, []Proc{alive(1), alive(2), zombie(20, 2, 9), zombie(30, 2, 5)},
			[]seen{{30, 2, 2 * time.Second}, {20, 2, 0}},
			[]parent{{two, true, 2, 2 * time.Second, 1, 0}}, counts{1, 0})
	})
	t.Run("E32 four seconds on, one reaped, one of a hidden parent", func(t *testing.T) {
		step(t, 4, []Proc{alive(1), alive(2), zombie(30, 2, 5), zombie(40, 77, 9)},
			[]seen{{30, 2, 4 * time.Second}, {40, 0, 0}},
			[]parent{{two, true, 1, 4 * time.Second, 1, 1}, {ProcID{PID: 77}, false, 1, 0, 1, 0}}, counts{2, 1})
	})
	t.Run("E15 the parent dies and init gets the zombie", func(t *testing.T) {
		step(t, 6, []Proc{alive(1), zombie(30, 1, 5), zombie(40, 77, 9)},
			[]seen{{30, 1, 6 * time.Second}, {40, 0, 2 * time.Second}},
			[]parent{{one, true, 1, 6 * time.Second, 0, 0}, {ProcID{PID: 77}, false, 1, 2 * time.Second, 1, 0}}, counts{2, 1})
		if _, kept := tracker.parents[two]; kept {
			t.Error("the dead parent is kept")
		}
	})
	t.Run("F01 another zombie under that PID", func(t *testing.T) {
		step(t, 8, []Proc{alive(1), zombie(30, 1, 800), zombie(40, 77, 9)},
			[]seen{{40, 0, 4 * time.Second}, {30, 1, 0}},
			[]parent{{one, true, 1, 0, 1, 1}, {ProcID{PID: 77}, false, 1, 4 * time.Second, 1, 0}}, counts{3, 2})
	})
	t.Run("all reaped", func(t *testing.T) {
		step(t, 10, []Proc{alive(1)}, nil, nil, counts{3, 4})
		if len(tracker.parents) != 1 || len(tracker.seen) != 0 {
			t.Errorf("%d parents and %d zombies kept, want init only", len(tracker.parents), len(tracker.seen))
		}
	})
	t.Run("the counts of a parent that lives go on", func(t *testing.T) {
		step(t, 12, []Proc{alive(1), zombie(50, 1, 900), zombie(51, 1, 900)},
			[]seen{{50, 1, 0}, {51, 1, 0}},
			[]parent{{one, true, 2, 0, 3, 2}}, counts{5, 4})
	})
	t.Run("F01 another process under the PID of a parent", func(t *testing.T) {
		again := ProcID{1, 999}
		step(t, 13, []Proc{{ID: again}, {ID: ProcID{2, 1}}}, nil, nil, counts{5, 6})
		if len(tracker.parents) != 0 {
			t.Errorf("%d parents kept, want none", len(tracker.parents))
		}
		step(t, 14, []Proc{alive(1), zombie(50, 1, 900), zombie(51, 1, 900)},
			[]seen{{50, 1, 0}, {51, 1, 0}},
			[]parent{{one, true, 2, 0, 2, 0}}, counts{7, 6})
	})
	t.Run("a clock that goes backwards", func(t *testing.T) {
		step(t, 13, []Proc{alive(1), zombie(50, 1, 900), zombie(51, 1, 900)},
			[]seen{{50, 1, 0}, {51, 1, 0}},
			[]parent{{one, true, 2, 0, 2, 0}}, counts{7, 6})
	})
}

func TestZombieView(t *testing.T) {
	s := &ProcSnapshot{Procs: []Proc{
		{ID: ProcID{1, 1}},
		{ID: ProcID{2, 5}, PPID: 1, State: StateZombie},
		{ID: ProcID{3, 5}, PPID: 1, State: StateSleeping, LeaderDead: true},
		{ID: ProcID{4, 5}, PPID: 1, State: StateDead},
		{ID: ProcID{5, 9}, PPID: 1},
		{ID: ProcID{6, 7}, PPID: 5, State: StateZombie}, // older than its alleged parent
	}}
	if diff := cmp.Diff([]seen{{2, 1, -1}, {6, 0, -1}}, zombiesSeen(s.Zombies(nil))); diff != "" {
		t.Errorf("E21: zombies (-want +got):\n%s", diff)
	}
	if n := s.DeadLeaders(); n != 1 {
		t.Errorf("E16: %d dead leaders, want 1", n)
	}
}

// TestZombieErrors is E03, the hierarchy of the errors.
func TestZombieErrors(t *testing.T) {
	zombie := opError("read", "1", ErrZombieProcess)
	gone := opError("read", "1", ErrNoSuchProcess)
	for _, tt := range []struct {
		err, target error
		want        bool
	}{
		{zombie, ErrZombieProcess, true},
		{zombie, ErrNoSuchProcess, true},
		{zombie, ErrAccessDenied, false},
		{gone, ErrNoSuchProcess, true},
		{gone, ErrZombieProcess, false},
	} {
		if got := errors.Is(tt.err, tt.target); got != tt.want {
			t.Errorf("E03: %v is %v: %v, want %v", tt.err, tt.target, got, tt.want)
		}
	}
}

func TestZombieTrackerLearns(t *testing.T) {
	alive := Proc{ID: ProcID{PID: 1, Start: 1}}
	zombie := func(pid int32, start uint64) Proc {
		return Proc{ID: ProcID{PID: pid, Start: start}, PPID: 1, State: StateZombie}
	}
	exit := func(pid int32, seconds float64) Exit {
		return Exit{PID: pid, At: time.Duration(seconds * float64(time.Second)), Status: Some(ExitStatus(9))}
	}
	type dated struct {
		PID   int32
		Age   time.Duration
		Exact bool
		Exit  Opt[ExitStatus]
	}
	var tracker ZombieTracker
	// The log is read half a second after the sweep began, and the machine is up
	// for a thousand seconds at 0. The clock of the sweeps may be off by step.
	step := func(t *testing.T, seconds, step float64, log ExitLog, procs []Proc, want ...dated) {
		t.Helper()
		log.Taken = at(seconds + step + 0.5)
		log.Uptime = time.Duration((1000.5 + seconds) * float64(time.Second))
		tracker.Learn(&log)
		var got []dated
		for _, z := range tracker.Update(&ProcSnapshot{Procs: append([]Proc{alive}, procs...), Taken: at(seconds + step)}) {
			got = append(got, dated{z.Proc.ID.PID, z.Age.Or(-1), z.Exact, z.Proc.Exit})
		}
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(Opt[ExitStatus]{})); diff != "" {
			t.Errorf("zombies (-want +got):\n%s", diff)
		}
	}
	none, killed := Opt[ExitStatus]{}, Some(ExitStatus(9))
	s := time.Second

	t.Run("E32 dead before anybody listened", func(t *testing.T) {
		step(t, 0, 0, ExitLog{}, []Proc{zombie(30, 500)}, dated{30, 0, false, none})
	})
	t.Run("E02 E32 died since", func(t *testing.T) {
		step(t, 10, 0, ExitLog{Exits: []Exit{exit(31, 1004), exit(1, 1006), exit(77, 1007)}},
			[]Proc{zombie(30, 500), zombie(31, 600)},
			dated{30, 10 * s, false, none}, dated{31, 6 * s, true, killed})
		if n := len(tracker.exits); n != 0 {
			t.Errorf("%d exits kept that the sweep explains: of a thread, of a reaped process", n)
		}
	})
	t.Run("an exit between sweep and log is kept", func(t *testing.T) {
		step(t, 20, 0, ExitLog{Exits: []Exit{exit(32, 1020.3)}}, []Proc{zombie(31, 600)}, dated{31, 16 * s, true, killed})
	})
	t.Run("an exit that comes late", func(t *testing.T) {
		step(t, 30, 0, ExitLog{}, []Proc{zombie(31, 600), zombie(32, 700), zombie(33, 700)},
			dated{31, 26 * s, true, killed}, dated{32, 9700 * time.Millisecond, true, killed}, dated{33, 0, false, none})
		step(t, 40, 0, ExitLog{Exits: []Exit{exit(33, 1029.5)}}, []Proc{zombie(33, 700)},
			dated{33, 10500 * time.Millisecond, true, killed})
		// Of a thread that ended before the last one did.
		step(t, 41, 0, ExitLog{Exits: []Exit{exit(33, 1029.4)}}, []Proc{zombie(33, 700)},
			dated{33, 11500 * time.Millisecond, true, killed})
	})
	t.Run("F04 the clock is stepped by an hour", func(t *testing.T) {
		for i, hour := range []float64{3600, -3600} {
			step(t, 50+float64(i), hour, ExitLog{}, []Proc{zombie(33, 700)},
				dated{33, 20500*time.Millisecond + time.Duration(i)*s, true, killed})
		}
	})
	t.Run("F01 the exit of the one who had the PID before", func(t *testing.T) {
		step(t, 60, 0, ExitLog{Exits: []Exit{exit(33, 1055)}}, []Proc{zombie(33, 105_600)}, dated{33, 0, false, none})
	})
	t.Run("F01 the exits of both", func(t *testing.T) {
		step(t, 70, 0, ExitLog{Exits: []Exit{exit(33, 1068)}}, []Proc{zombie(33, 106_500)}, dated{33, 2 * s, true, killed})
	})
	t.Run("lost", func(t *testing.T) {
		step(t, 80, 0, ExitLog{Exits: []Exit{exit(34, 1080.1)}}, []Proc{zombie(33, 106_500)}, dated{33, 12 * s, true, killed})
		step(t, 90, 0, ExitLog{Lost: true, Exits: []Exit{exit(35, 1089)}},
			[]Proc{zombie(33, 106_500), zombie(34, 800), zombie(35, 900)},
			dated{33, 22 * s, true, killed}, dated{35, s, true, killed}, dated{34, 0, false, none})
	})
	t.Run("a log that cannot be read", func(t *testing.T) {
		got := tracker.Update(&ProcSnapshot{Procs: []Proc{alive, zombie(33, 106_500)}, Taken: at(95)})
		if len(got) != 1 || got[0].Age != Some(27*s) || !got[0].Exact {
			t.Errorf("zombies %+v, want one with an age of 27 s", got)
		}
	})
	t.Run("what /proc says of the end counts more", func(t *testing.T) {
		z := zombie(36, 900)
		z.Exit = Some(ExitStatus(1792))
		step(t, 100, 0, ExitLog{Exits: []Exit{exit(36, 1099)}}, []Proc{z}, dated{36, s, true, Some(ExitStatus(1792))})
	})
}

// TestManyZombies is about 30,000 zombies at once, of which one in three was
// heard to die, and their end.
func TestManyZombies(t *testing.T) {
	const many = 30_000
	s := ProcSnapshot{Taken: at(10), Procs: []Proc{{ID: ProcID{PID: 1, Start: 1}}, {ID: ProcID{PID: 2, Start: 1}}}}
	log := ExitLog{Taken: at(10), Uptime: 1000 * time.Second}
	for i := range int32(many) {
		s.Procs = append(s.Procs, Proc{ID: ProcID{PID: 3 + i, Start: 500}, PPID: 1 + i%2, State: StateZombie})
		if i%3 == 0 {
			log.Exits = append(log.Exits, Exit{PID: 3 + i, At: 990 * time.Second})
		}
	}
	var tracker ZombieTracker
	tracker.Update(&ProcSnapshot{Taken: at(0), Procs: s.Procs[:2]})
	tracker.Learn(&log)
	exact := 0
	zombies := tracker.Update(&s)
	for i, z := range zombies {
		if z.Exact {
			exact++
		}
		if wantExact := i < many/3; z.Exact != wantExact || z.Exact != (z.Age == Some(10*time.Second)) {
			t.Fatalf("zombie %d of %d: age %v, exact %v", i, len(zombies), z.Age, z.Exact)
		}
	}
	if parents := tracker.Parents(); len(zombies) != many || exact != many/3 || tracker.Created() != many ||
		len(parents) != 2 || parents[0].Count != many/2 {
		t.Errorf("%d zombies, %d exact, %d created, parents %+v", len(zombies), exact, tracker.Created(), parents)
	}
	s = ProcSnapshot{Taken: at(20), Procs: s.Procs[:2]}
	if left := tracker.Update(&s); len(left) != 0 || tracker.Reaped() != many || len(tracker.exits) != 0 {
		t.Errorf("%d zombies left, %d reaped, %d exits kept", len(left), tracker.Reaped(), len(tracker.exits))
	}
}

// TestParentsThatLeft lets a parent reap its last zombie, and another one end.
func TestParentsThatLeft(t *testing.T) {
	alive := func(pid int32) Proc { return Proc{ID: ProcID{PID: pid, Start: 1}} }
	zombie := func(pid, ppid int32) Proc {
		return Proc{ID: ProcID{PID: pid, Start: 5}, PPID: ppid, State: StateZombie}
	}
	type left struct {
		PID             int32
		Lives           bool
		Created, Reaped uint64
	}
	var tracker ZombieTracker
	for n, step := range []struct {
		procs []Proc
		want  []left
	}{
		{[]Proc{alive(1), alive(2), alive(3), zombie(20, 2), zombie(30, 3)}, nil},
		{[]Proc{alive(1), alive(2), alive(3), zombie(20, 2), zombie(21, 2), zombie(30, 3)}, nil},
		{[]Proc{alive(1), alive(2), zombie(30, 1)}, []left{{2, true, 1, 2}, {3, false, 0, 0}}},
		{[]Proc{alive(1), alive(2)}, []left{{1, true, 0, 1}}},
		{[]Proc{alive(1), alive(2)}, nil},
	} {
		tracker.Update(&ProcSnapshot{Procs: step.procs, Taken: at(float64(n))})
		var got []left
		for _, p := range tracker.Left() {
			got = append(got, left{p.ID.PID, p.Proc != nil && p.Proc.ID == p.ID, p.Created, p.Reaped})
		}
		if diff := cmp.Diff(step.want, got); diff != "" {
			t.Errorf("update %d (-want +got):\n%s", n+1, diff)
		}
	}
}
