package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	"telegraf-sysprobe/sysprobe"
)

// How many changes are timed one by one, how many make a storm, and how long
// to wait for the events of either.
const (
	eventsTimed   = 200
	eventsStorm   = 10_000
	eventsPatient = 10 * time.Second
)

// events is how a watch follows changes among many interfaces.
type events struct {
	// Changes were made one by one. The times are from just before the request
	// for a change to its event in hand; of the worst, RequestNS is what the
	// request took, which waits for all other changes of this machine.
	Changes   int   `json:"changes"`
	MedianNS  int64 `json:"median_ns"`
	WorstNS   int64 `json:"worst_ns"`
	RequestNS int64 `json:"request_ns"`
	// StormNS is how long it took to make the changes of a storm, Overflows how
	// often the kernel dropped notifications of it, and Differ how many
	// addresses those who apply all events then have wrong.
	StormNS   int64  `json:"storm_ns"`
	Overflows uint64 `json:"overflows"`
	Differ    int    `json:"differ"`
	Error     string `json:"error,omitempty"`
}

// measureEvents measures in the network namespace of a process.
func measureEvents(ctx context.Context, pid int) *events {
	e := &events{}
	config := &sysprobe.Config{NetNS: "/proc/" + strconv.Itoa(pid) + "/ns/net"}
	err := e.measure(ctx, config)
	if err != nil {
		e.Error = err.Error()
	}
	return e
}

func (e *events) measure(ctx context.Context, config *sysprobe.Config) (err error) {
	ctx, cancel := context.WithTimeout(ctx, eventsPatient)
	defer cancel()
	c, err := newChanger(config.NetNS)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, unix.Close(c.sock)) }()
	w, err := sysprobe.OpenNICWatch(ctx, config)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	if err := e.time(ctx, c, w); err != nil {
		return err
	}
	return e.endure(ctx, c, w, config)
}

// time makes changes of links and of addresses in turns, and waits for each.
func (e *events) time(ctx context.Context, c *changer, w *sysprobe.NICWatch) error {
	var took []int64
	for n := range eventsTimed {
		change := c.setMTU
		if n%2 == 1 {
			change = c.setAddress
		}
		begun := time.Now()
		name, want, err := change(n/2, n)
		if err != nil {
			return err
		}
		request := time.Since(begun)
		for got := (sysprobe.NICEvent{}); got.Interface != name || got.New != want; {
			if got, err = next(ctx, w); err != nil {
				return fmt.Errorf("the event of %s on %s: %w", want, name, err)
			}
		}
		took = append(took, time.Since(begun).Nanoseconds())
		if took[n] > e.WorstNS {
			e.WorstNS, e.RequestNS = took[n], request.Nanoseconds()
		}
	}
	slices.Sort(took)
	e.Changes, e.MedianNS = len(took), took[len(took)/2]
	return nil
}

// next returns the next event.
func next(ctx context.Context, w *sysprobe.NICWatch) (sysprobe.NICEvent, error) {
	select {
	case e, open := <-w.Events():
		if !open {
			return e, w.Err()
		}
		return e, nil
	case <-ctx.Done():
		return sysprobe.NICEvent{}, ctx.Err()
	}
}

// endure makes a storm, and applies its events to what was there before until
// that is what the kernel has.
func (e *events) endure(ctx context.Context, c *changer, w *sysprobe.NICWatch, config *sysprobe.Config) (err error) {
	kernel, err := sysprobe.OpenNICAddrs(config)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, kernel.Close()) }()
	var snapshot sysprobe.AddrSnapshot
	if err := w.Snapshot(ctx, &snapshot); err != nil {
		return err
	}
	told := addressesOf(&snapshot)
	made := make(chan error, 1)
	go func() {
		begun := time.Now()
		err := c.storm()
		e.StormNS = time.Since(begun).Nanoseconds()
		made <- err
	}()
	for err := told.follow(w, made); ; err = told.follow(w, soon()) {
		if err = errors.Join(err, kernel.Snapshot(ctx, &snapshot)); err != nil {
			return err
		}
		e.Overflows, e.Differ = w.Stats().Overflows, told.differ(addressesOf(&snapshot))
		if e.Differ == 0 || ctx.Err() != nil {
			return nil
		}
	}
}

// soon returns what has nil in a moment.
func soon() <-chan error {
	c := make(chan error, 1)
	time.AfterFunc(50*time.Millisecond, func() { c <- nil })
	return c
}

// addresses are those of all interfaces.
type addresses map[string]bool

func addressesOf(s *sysprobe.AddrSnapshot) addresses {
	all := addresses{}
	for i := range s.Interfaces {
		for _, a := range s.Interfaces[i].Addrs {
			all[fmt.Sprintf("%d %s/%d", s.Interfaces[i].Link.Index, a.IP.WithZone(""), a.PrefixLen)] = true
		}
	}
	return all
}

// follow applies events until it is told to stop, and returns what it is told.
func (a addresses) follow(w *sysprobe.NICWatch, stop <-chan error) error {
	for {
		select {
		case e, open := <-w.Events():
			if !open {
				return w.Err()
			}
			a.apply(&e)
		case err := <-stop:
			return err
		}
	}
}

// apply changes a as an event tells.
func (a addresses) apply(e *sysprobe.NICEvent) {
	key := fmt.Sprintf("%d %s", e.Index, e.Address)
	switch e.Kind {
	case sysprobe.NICAddressAdded:
		a[key] = true
	case sysprobe.NICAddressRemoved:
		delete(a, key)
	}
}

// differ counts the addresses that only one of a and b has.
func (a addresses) differ(b addresses) int {
	n := len(b)
	for key := range a {
		if b[key] {
			n--
		} else {
			n++
		}
	}
	return n
}

// changer changes the interfaces that networkBatch makes.
type changer struct{ sock int }

// newChanger makes a socket in a network namespace.
func newChanger(path string) (*changer, error) {
	c := &changer{}
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // and never unlock: the thread ends with the goroutine
		done <- c.open(path)
	}()
	return c, <-done
}

// open takes this thread to the namespace and opens the socket.
func (c *changer) open(path string) error {
	ns, err := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(ns) //nolint:errcheck // nothing was written
	if err := unix.Setns(ns, unix.CLONE_NEWNET); err != nil {
		return err
	}
	c.sock, err = unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	return err
}

// setMTU changes the n-th interface to something that depends on to, and
// returns its name and what the event is to say.
func (c *changer) setMTU(n, to int) (name, want string, err error) {
	name = "a" + strconv.Itoa(n%vethPairs)
	request, err := unix.NewIfreq(name)
	if err != nil {
		return "", "", err
	}
	mtu := 1300 + to%200
	request.SetUint32(uint32(mtu))
	return name, strconv.Itoa(mtu), unix.IoctlIfreq(c.sock, unix.SIOCSIFMTU, request)
}

// setAddress is setMTU of a further address, which takes the place of the one
// that it set before.
func (c *changer) setAddress(n, to int) (name, want string, err error) {
	name = "a" + strconv.Itoa(n%vethPairs)
	request, err := unix.NewIfreq(name + ":bench")
	if err != nil {
		return "", "", err
	}
	octets := [4]byte{198, 18, byte(to >> 8), byte(to)}
	if err := request.SetInet4Addr(octets[:]); err != nil {
		return "", "", err
	}
	want = fmt.Sprintf("%d.%d.%d.%d/24", octets[0], octets[1], octets[2], octets[3])
	return name, want, unix.IoctlIfreq(c.sock, unix.SIOCSIFADDR, request)
}

// storm changes addresses as fast as can be. Each request, but for the first of
// an interface, is two changes: an address goes and another one comes.
func (c *changer) storm() error {
	for n := range eventsStorm/2 + vethPairs {
		if _, _, err := c.setAddress(n, n); err != nil {
			return err
		}
	}
	return nil
}

// print writes the figures.
func (e *events) print(w io.Writer) {
	if e.Error != "" {
		fmt.Fprintf(w, "\nevents: %s\n", e.Error)
		return
	}
	fmt.Fprintf(w, "\nevents: %d changes one by one, %s to the event, %s at worst, %s of which for the change\n",
		e.Changes, milliseconds(e.MedianNS), milliseconds(e.WorstNS), milliseconds(e.RequestNS))
	fmt.Fprintf(w, "%d changes in %s, notifications dropped %d times, %d addresses wrong in the end\n",
		eventsStorm, milliseconds(e.StormNS), e.Overflows, e.Differ)
}

// requirements holds the figures against the limits.
func (e *events) requirements() []requirement {
	measured := e.Error == "" && e.Changes > 0
	return []requirement{
		{Name: "events, ms after the change, worst", Value: float64(e.WorstNS) / 1e6, Limit: 50, Measured: measured},
		{
			Name: "addresses wrong after 10,000 changes in a second", Value: float64(e.Differ), Limit: 0,
			Measured: measured && e.StormNS < time.Second.Nanoseconds(),
		},
	}
}
