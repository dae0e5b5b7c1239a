package taskiter

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"telegraf-sysprobe/sysprobe/internal/decode/taskrec"
	"telegraf-sysprobe/sysprobe/sysprobetest"
)

// crowd makes processes that do nothing but end, and follows them until then.
type crowd struct {
	exits *Exits
	comm  *os.File // the name of the thread that is their parent, which is theirs
	name  string   // what their names begin with, and no others

	// exactly says that the kernel tells of every process. One that keeps the
	// first process from BPF also keeps from it what happens on the time of that
	// one, be it a callback that frees others.
	exactly bool
	// before is how many tasks there were, and older how many had ever been made.
	before, older uint64

	born   int
	made   map[string]uint64 // by name, all but those of settle
	told   map[string]uint64
	others uint64 // told of
	lost   uint64
	latest Accounts
}

// newCrowd begins to follow processes that no pass has seen.
func newCrowd(t *testing.T) *crowd {
	t.Helper()
	needBPF(t)
	sysprobetest.Exclusive(t, "exits")
	c := &crowd{name: fmt.Sprintf("%08x", rand.Uint32()), exactly: seesFirst(t), made: map[string]uint64{}, told: map[string]uint64{}}
	c.comm = stay(t)
	c.before, c.older = population(t)
	exits, err := OpenExits(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := exits.Close(); err != nil {
			t.Error(err)
		}
	})
	c.exits = exits
	c.endPass(t)
	c.settle(t)
	return c
}

// seesFirst reports that the kernel shows the first process to BPF.
func seesFirst(t *testing.T) bool {
	t.Helper()
	it := openShared(t)
	defer it.Close() //nolint:errcheck // TestOpenShares closes
	return read(t, it, Wants{})[0].PID == 1
}

// stay keeps the caller on a thread of its own, on one processor: what lives and
// dies there is freed in the order in which it was reaped. It returns the file
// that has the thread's name.
func stay(t *testing.T) *os.File {
	t.Helper()
	runtime.LockOSThread() // and never unlock: the runtime ends the thread
	var all, one unix.CPUSet
	if err := unix.SchedGetaffinity(0, &all); err != nil {
		t.Fatal(err)
	}
	for cpu := 0; one.Count() == 0; cpu++ {
		if all.IsSet(cpu) {
			one.Set(cpu)
		}
	}
	if err := unix.SchedSetaffinity(0, &one); err != nil {
		t.Fatal(err)
	}
	comm, err := os.OpenFile("/proc/thread-self/comm", os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { comm.Close() })
	return comm
}

// population returns how many tasks this machine has, and how many were ever
// made.
func population(t *testing.T) (tasks, made uint64) {
	t.Helper()
	for _, number := range []struct {
		file, precedes string
		to             *uint64
	}{
		{"/proc/loadavg", "/", &tasks},
		{"/proc/stat", "\nprocesses ", &made},
	} {
		b, err := os.ReadFile(number.file)
		if err != nil {
			t.Fatal(err)
		}
		_, after, _ := strings.Cut(string(b), number.precedes)
		if _, err := fmt.Sscan(after, number.to); err != nil {
			t.Fatal(err)
		}
	}
	return tasks, made
}

// endPass ends a pass of the iterator now.
func (c *crowd) endPass(t *testing.T) {
	t.Helper()
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &now); err != nil {
		t.Fatal(err)
	}
	if err := c.exits.EndPass(uint64(now.Nano())); err != nil {
		t.Fatal(err)
	}
}

// live lets a process live and die under a name. Until it has a program it shares
// the memory of this one, as after vfork(2), which takes a fiftieth of the time
// that a copy does; and it never gets one.
func (c *crowd) live(t *testing.T, name string) {
	t.Helper()
	if _, err := c.comm.WriteString(name); err != nil {
		t.Fatal(err)
	}
	if _, err := syscall.ForkExec("", nil, nil); !errors.Is(err, unix.ENOENT) {
		t.Fatalf("error %v, want ENOENT", err)
	}
	c.made[name]++
}

// make lets processes live under names of their own.
func (c *crowd) make(t *testing.T, count int) {
	t.Helper()
	for range count {
		c.live(t, c.name+"."+strconv.Itoa(c.born))
		c.born++
	}
}

// isOwn is of the processes that count, but for those of settle.
func (c *crowd) isOwn(name string) bool { return strings.HasPrefix(name, c.name+".") }

// settle waits until the program was called for all that ended: it makes more,
// of another kind, until it sees one of these. That kind is among the first of its
// generation, and finds room.
func (c *crowd) settle(t *testing.T) {
	t.Helper()
	name := fmt.Sprintf("%s-%d", c.name, c.exits.generation)
	isLast := func(kind *taskrec.Total) bool { return string(kind.Comm()) == name }
	before := c.made[name]
	for deadline := time.Now().Add(20 * time.Second); c.count(t, isLast) <= before; c.live(t, name) {
		if time.Now().After(deadline) {
			t.Fatalf("%d of %d processes have ended", c.count(t, isLast), c.made[name])
		}
	}
}

// count counts the processes of such kinds in the map "unseen".
func (c *crowd) count(t *testing.T, such func(*taskrec.Total) bool) uint64 {
	t.Helper()
	var n uint64
	err := c.exits.unseen.read(func(key *kindKey, value *totalValue) error {
		kind, err := taskrec.DecodeTotal(key[:], value[:], binary.NativeEndian)
		if such(&kind) {
			n += kind.Count
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// drain adds what Drain tells to what it told before.
func (c *crowd) drain(t *testing.T) {
	t.Helper()
	if err := c.exits.Drain(&c.latest); err != nil {
		t.Fatal(err)
	}
	for i := range c.latest.Finals {
		c.tell(c.latest.Finals[i].Comm(), 1)
	}
	for i := range c.latest.Totals {
		c.tell(c.latest.Totals[i].Comm(), c.latest.Totals[i].Count)
	}
	c.lost += c.latest.Lost
}

func (c *crowd) tell(comm []byte, count uint64) {
	if name := string(comm); c.isOwn(name) {
		c.told[name] += count
	} else {
		c.others += count
	}
}

// drainOld drains until nothing is left of the generation before.
func (c *crowd) drainOld(t *testing.T) {
	t.Helper()
	isOld := func(kind *taskrec.Total) bool { return kind.Generation != c.exits.generation }
	for deadline := time.Now().Add(20 * time.Second); c.count(t, isOld) > 0; c.drain(t) {
		if time.Now().After(deadline) {
			t.Fatalf("%d processes are of an old generation", c.count(t, isOld))
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// check fails unless each process is told of once, or lost.
func (c *crowd) check(t *testing.T) {
	t.Helper()
	var made, told uint64
	for name := range c.made {
		if !c.isOwn(name) {
			continue
		}
		made += c.made[name]
		told += c.told[name]
		if c.told[name] > c.made[name] {
			t.Errorf("the end of %d processes %s is told, of %d", c.told[name], name, c.made[name])
		}
	}
	_, now := population(t)
	t.Logf("of %d processes, the end of %d is told, and of %d others; %d are lost; exactly: %v", made, told, c.others, c.lost, c.exactly)
	least := made
	if !c.exactly {
		least -= made / 20 // a fiftieth was seen missing
	}
	if told+c.lost < least {
		t.Errorf("the end of %d processes is told, and %d are lost, of %d", told, c.lost, made)
	}
	// That the threads of the kernel do not end makes up for what was dead before,
	// but not yet freed.
	if all, most := told+c.others+c.lost, c.before+now-c.older; all > most {
		t.Errorf("the end of %d processes is told, or they are lost, of at most %d", all, most)
	}
}

// TestMoreKindsThanRoom makes more kinds of processes than there is room for
// between two calls of Drain.
func TestMoreKindsThanRoom(t *testing.T) {
	c := newCrowd(t)
	c.make(t, maxKinds+maxKinds/5)
	c.settle(t)
	c.drain(t)
	if n := len(c.latest.Totals); n != maxKinds || c.latest.Lost == 0 {
		t.Errorf("%d kinds and %d lost, want %d and the others", n, c.latest.Lost, maxKinds)
	}
	c.drainOld(t)
	c.make(t, maxKinds/5)
	c.settle(t)
	c.drain(t)
	if c.latest.Lost != 0 {
		t.Errorf("%d lost, although there is room again", c.latest.Lost)
	}
	c.check(t)
}

// TestGenerations makes more kinds of processes than there is room for, but not
// at once, and one of them in every generation.
func TestGenerations(t *testing.T) {
	const rounds, again = 6, 10
	c := newCrowd(t)
	for range rounds {
		c.make(t, manyKinds*3/4)
		for range again {
			c.live(t, c.name+".again")
		}
		c.settle(t)
		c.drain(t)
		c.drainOld(t)
		if n := len(c.exits.totals); n > manyKinds {
			t.Errorf("%d kinds are remembered, want %d at most", n, manyKinds)
		}
	}
	if c.exits.generation != 1+rounds/2 {
		t.Errorf("generation %d after %d rounds, want %d", c.exits.generation, rounds, 1+rounds/2)
	}
	if c.lost != 0 {
		t.Errorf("%d lost", c.lost)
	}
	c.check(t)
}

// TestMoreExitsThanRoom lets more processes end during a pass than there is room
// for, and in the next one fewer.
func TestMoreExitsThanRoom(t *testing.T) {
	c := newCrowd(t)
	pass := func(count int) {
		if err := c.exits.BeginPass(); err != nil {
			t.Fatal(err)
		}
		c.make(t, count)
		c.endPass(t)
		c.settle(t)
		c.drain(t)
	}
	room := int(c.exits.seen.m.MaxEntries())
	pass(room + room/16)
	// What others end while Drain takes entries out finds room again.
	if n := len(c.latest.Finals); n < room || c.latest.Lost == 0 {
		t.Errorf("%d processes and %d lost, want at least %d and the others", n, c.latest.Lost, room)
	}
	pass(room / 16)
	if c.latest.Lost != 0 {
		t.Errorf("%d lost, although there is room again", c.latest.Lost)
	}
	isOwn := func(kind *taskrec.Total) bool { return c.isOwn(string(kind.Comm())) }
	if n := c.count(t, isOwn); n != 0 {
		t.Errorf("%d processes are summed up that a pass may have seen", n)
	}
	c.check(t)
}
