package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"runtime"
	"strconv"
	"time"

	"telegraf-sysprobe/sysprobe"
)

// The storm of exits, and the trials of a single zombie.
const (
	exitsRate    = 10_000 // a second
	exitsZombies = 100
	exitsBatch   = 20_000 // of those that are timed with and without a listener
	exitsGather  = 10 * time.Second
	exitsCrowd   = 30_000 // zombies at once
)

// exits is what it costs to hear of processes that end.
type exits struct {
	Rate   float64 `json:"rate"` // exits a second
	Heard  int     `json:"heard"`
	Lost   int     `json:"lost"` // gathers before which some were lost
	Missed int     `json:"missed"`
	// WorstAge is by how much an age was wrong, beyond the span in which the
	// zombie died.
	WorstAgeNS int64 `json:"worst_age_ns"`
	// CPU is the part of one core that listening took.
	CPU float64 `json:"cpu"`
	// SlowerNS is how much more CPU time a process took to start and end.
	SlowerNS float64 `json:"slower_ns"`
	// TableBytes is the memory that the exits of one interval take.
	TableBytes uint64 `json:"table_bytes"`
	// Crowd is how many zombies a gather found of exitsCrowd, and CrowdNS the
	// CPU time it took.
	Crowd   int   `json:"crowd"`
	CrowdNS int64 `json:"crowd_ns"`
	// Lives is how many processes of shortLife came and went between two sweeps,
	// and LivesOff by what part their CPU time differs from what wait4(2) says.
	Lives    uint64  `json:"lives"`
	LivesOff float64 `json:"lives_off"`
	// Trials are zombies that the next gather had to show.
	Trials, TrialsMissed int
	Error                string `json:"error,omitempty"`
}

// storm is a run of native/exits.c.
type storm struct {
	wall, cpu time.Duration
	zombies   []zombieSpan
	release   func() error
}

// zombieSpan is a zombie and when it died.
type zombieSpan struct {
	pid        int32
	from, till time.Time
}

// startStorm starts processes that work so long and end. What it returns waits
// for the last.
func startStorm(ctx context.Context, program string, rate, count, zombies int, work time.Duration) (func() (*storm, error), error) {
	h, out, err := launch(ctx, program, strconv.Itoa(rate), strconv.Itoa(count), strconv.Itoa(zombies), strconv.FormatInt(work.Nanoseconds(), 10))
	if err != nil {
		return nil, err
	}
	return func() (*storm, error) {
		s := &storm{release: h.release}
		if err := s.scan(out); err != nil {
			return nil, joinErrors(err, s.release())
		}
		return s, nil
	}, nil
}

// scan reads what the program prints.
func (s *storm) scan(out io.Reader) error {
	lines := bufio.NewScanner(out)
	if !lines.Scan() {
		return errors.New("the storm broke off")
	}
	if _, err := fmt.Sscan(lines.Text(), (*int64)(&s.wall), (*int64)(&s.cpu)); err != nil {
		return err
	}
	for lines.Scan() && lines.Text() != "end" {
		var pid int32
		var from, till int64
		if _, err := fmt.Sscan(lines.Text(), &pid, &from, &till); err != nil {
			return err
		}
		s.zombies = append(s.zombies, zombieSpan{pid, time.Unix(0, from), time.Unix(0, till)})
	}
	return lines.Err()
}

// listener is what the plugin does at each gather.
type listener struct {
	procs    *sysprobe.Procs
	exits    *sysprobe.Exits
	snapshot sysprobe.ProcSnapshot
	log      sysprobe.ExitLog
	tracker  sysprobe.ZombieTracker
}

func openListener() (*listener, error) {
	procs, err := sysprobe.OpenProcs(nil)
	if err != nil {
		return nil, err
	}
	heard, err := sysprobe.OpenExits(nil)
	if err != nil {
		return nil, errors.Join(err, procs.Close())
	}
	return &listener{procs: procs, exits: heard}, nil
}

func (l *listener) close() error { return errors.Join(l.exits.Close(), l.procs.Close()) }

// gather returns the zombies by their PIDs.
func (l *listener) gather() (map[int32]sysprobe.Zombie, error) {
	if err := errors.Join(l.procs.Snapshot(context.Background(), &l.snapshot, 0), l.exits.Read(&l.log)); err != nil {
		return nil, err
	}
	l.tracker.Learn(&l.log)
	found := map[int32]sysprobe.Zombie{}
	for _, z := range l.tracker.Update(&l.snapshot) {
		found[z.Proc.ID.PID] = z
	}
	return found, nil
}

// measureExits measures a storm of that length, and so many trials.
func measureExits(ctx context.Context, program string, length time.Duration, trials int) *exits {
	e := &exits{}
	err := e.cost(ctx, program)
	if err == nil {
		err = e.endure(ctx, program, length)
	}
	if err == nil {
		err = e.crowd(ctx, program)
	}
	if err == nil {
		err = e.shortLives(ctx, program)
	}
	if err == nil {
		err = e.try(trials)
	}
	if err != nil {
		e.Error = err.Error()
	}
	return e
}

// cost compares the CPU time of processes that end with and without a
// listener, in turns, by the leanest turn of each.
func (e *exits) cost(ctx context.Context, program string) error {
	least := [2]time.Duration{math.MaxInt64, math.MaxInt64}
	for turn := range 16 {
		var l *listener
		if turn%2 == 1 {
			var err error
			if l, err = openListener(); err != nil {
				return err
			}
		}
		wait, err := startStorm(ctx, program, 0, exitsBatch, 0, 0)
		if err != nil {
			return err
		}
		s, err := wait()
		if err != nil {
			return err
		}
		least[turn%2] = min(least[turn%2], s.cpu)
		if l != nil {
			err = l.close()
		}
		if err := joinErrors(err, s.release()); err != nil {
			return err
		}
	}
	e.SlowerNS = float64((least[1] - least[0]).Nanoseconds()) / exitsBatch
	return nil
}

// endure listens to a storm, and gathers as the plugin does.
func (e *exits) endure(ctx context.Context, program string, length time.Duration) (err error) {
	l, err := openListener()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.close()) }()
	for range 2 { // snapshots keep the rows of one before
		if _, err := l.gather(); err != nil {
			return err
		}
	}
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	started, spent := time.Now(), cpuTime()
	var gathering time.Duration
	wait, err := startStorm(ctx, program, exitsRate, int(exitsRate*length.Seconds()), exitsZombies, 0)
	if err != nil {
		return err
	}
	for time.Since(started) < length {
		time.Sleep(min(exitsGather, length-time.Since(started)))
		at := cpuTime()
		if _, err := l.gather(); err != nil {
			return err
		}
		gathering += cpuTime() - at
		e.note(l)
	}
	s, err := wait()
	if err != nil {
		return err
	}
	e.CPU = (cpuTime() - spent - gathering).Seconds() / time.Since(started).Seconds()
	e.Rate = exitsRate * length.Seconds() / s.wall.Seconds()
	runtime.GC()
	runtime.ReadMemStats(&after)
	e.TableBytes = after.HeapAlloc - min(after.HeapAlloc, before.HeapAlloc)
	time.Sleep(50 * time.Millisecond) // the kernel shows a zombie before it tells that it died
	found, err := l.gather()
	e.note(l)
	for _, z := range s.zombies {
		e.check(found[z.pid], l.snapshot.Taken, z)
	}
	return joinErrors(err, s.release())
}

// crowd gathers beside more zombies than most machines have room for.
func (e *exits) crowd(ctx context.Context, program string) (err error) {
	restore, err := makeRoom(exitsCrowd)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, restore()) }()
	l, err := openListener()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.close()) }()
	wait, err := startStorm(ctx, program, 0, exitsCrowd, exitsCrowd, 0)
	if err != nil {
		return err
	}
	s, err := wait()
	if err != nil {
		return err
	}
	time.Sleep(50 * time.Millisecond) // the kernel shows a zombie before it tells that it died
	at := cpuTime()
	found, err := l.gather()
	e.CrowdNS = (cpuTime() - at).Nanoseconds()
	for _, z := range s.zombies {
		if e.check(found[z.pid], l.snapshot.Taken, z); found[z.pid].Proc != nil {
			e.Crowd++
		}
	}
	return joinErrors(err, s.release())
}

// note counts what was heard.
func (e *exits) note(l *listener) {
	e.Heard += len(l.log.Exits)
	if l.log.Lost {
		e.Lost++
	}
}

// check compares a zombie with when it died.
func (e *exits) check(z sysprobe.Zombie, taken time.Time, want zombieSpan) {
	if z.Proc == nil || !z.Exact {
		e.Missed++
		return
	}
	died := taken.Add(-z.Age.Or(0))
	e.WorstAgeNS = max(e.WorstAgeNS, want.from.Sub(died).Nanoseconds(), died.Sub(want.till).Nanoseconds())
}

// try makes a zombie, gathers at once, and reaps it, so many times. Its age is
// that of the gather after, for the kernel shows a zombie before it tells that
// it died.
func (e *exits) try(trials int) (err error) {
	l, err := openListener()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.close()) }()
	for range trials {
		from := time.Now()
		child, err := os.StartProcess("/bin/true", []string{"true"}, &os.ProcAttr{})
		if err != nil {
			return err
		}
		if err := waitDead(child.Pid); err != nil {
			return err
		}
		span := zombieSpan{int32(child.Pid), from, time.Now()}
		found, err := l.gather()
		if err != nil {
			return err
		}
		z, there := found[span.pid]
		if !there {
			e.TrialsMissed++
		} else if !z.Exact {
			if found, err = l.gather(); err != nil {
				return err
			}
			z = found[span.pid]
		}
		e.check(z, l.snapshot.Taken, span)
		if _, err := child.Wait(); err != nil {
			return err
		}
		e.Trials++
	}
	return nil
}

// print writes the figures.
func (e *exits) print(w io.Writer) {
	if e.Error != "" {
		fmt.Fprintf(w, "\nexits: %s\n", e.Error)
		return
	}
	fmt.Fprintf(w, "\nexits: %.0f a second, %d heard and not yet reaped, %d times lost, %.2f %% of a core, %.2f us slower each, %d KiB kept\n",
		e.Rate, e.Heard, e.Lost, 100*e.CPU, e.SlowerNS/1e3, e.TableBytes>>10)
	fmt.Fprintf(w, "%d zombies at once, found in %s of CPU time\n", e.Crowd, milliseconds(e.CrowdNS))
	fmt.Fprintf(w, "%d of %d lives of %v told, with %.2f %% of the CPU time by wait4(2)\n", e.Lives, lives, shortLife, 100*(1-e.LivesOff))
	fmt.Fprintf(w, "%d trials of one zombie, %d not in the next gather; %d without an exact age; ages wrong by %s at most\n",
		e.Trials, e.TrialsMissed, e.Missed, milliseconds(e.WorstAgeNS))
}

// requirements holds the figures against the limits.
func (e *exits) requirements() []requirement {
	measured := e.Error == "" && e.Rate > 0
	return []requirement{
		{Name: "exits, gathers before which some were lost", Value: float64(e.Lost), Limit: 0, Measured: measured},
		{Name: "exits, % of a core", Value: 100 * e.CPU, Limit: 5, Measured: measured},
		{Name: "exits, us that each is slower", Value: e.SlowerNS / 1e3, Limit: 5, Measured: measured},
		{Name: "zombies found of 30,000 at once", Value: float64(e.Crowd), Limit: exitsCrowd, AtLeast: true, Measured: measured},
		{Name: "short lives, % of their CPU time untold", Value: 100 * math.Abs(e.LivesOff), Limit: 1, Measured: measured && e.Lives > 0},
		{Name: "zombies that are missed, or without an exact age", Value: float64(e.TrialsMissed + e.Missed), Limit: 0, Measured: measured},
		{Name: "ages of zombies, ms wrong", Value: float64(e.WorstAgeNS) / 1e6, Limit: 50, Measured: measured},
	}
}
