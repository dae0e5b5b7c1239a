//go:build linux

package sysprobe

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/mdlayher/genetlink"
	"golang.org/x/sys/unix"

	"telegraf-sysprobe/sysprobe/internal/decode/ethnl"
	"telegraf-sysprobe/sysprobe/internal/decode/nlmsg"
)

// ethtoolDialer opens a socket for generic netlink and returns the ID of the
// family "ethtool", which is the type of its messages.
type ethtoolDialer func() (nlSocket, uint16, error)

// dialEthtool opens a socket in the namespace of cfg.
func dialEthtool(cfg Config) (nlSocket, uint16, error) {
	conn, err := dialNetlink(cfg, unix.NETLINK_GENERIC)
	if err != nil {
		return nil, 0, err
	}
	family, err := genetlink.NewConn(conn).GetFamily("ethtool")
	if err != nil {
		return nil, 0, errors.Join(opError("look up netlink family", "ethtool", err), conn.Close())
	}
	sock, err := newKernelSocket(conn)
	return sock, family.ID, err
}

// ethtoolReader adds to links what their drivers tell through ethtool netlink.
//
// A driver can take its time, and the kernel asks one after the other, under a
// lock. So a goroutine asks, one pass over all facts after the other, and a
// snapshot waits for it no longer than timeout. What a pass tells after that
// is for the next snapshot.
type ethtoolReader struct {
	timeout time.Duration
	facts   []ethtoolFact
	ended   chan struct{} // closed where no pass is on its way

	// Of the goroutine while there is one.
	conn   *nlConn
	family uint16
	modes  ethnl.LinkModes
	fec    ethnl.FEC
	order  []int // the interfaces, those with slow drivers last

	mu       sync.Mutex // guards what is below
	told     map[int]*driverFacts
	pass     uint64
	complete bool // the pass has ended
	unheard  int  // snapshots that were made without the end of the pass
	oneByOne bool // the next pass asks no dump, in which one driver holds up all
	gone     bool // an interface was, in this pass
	denied   int
	failed   int
	err      error
	closed   bool
}

// keptSnapshots is how often what a driver told is told again while it, or
// another that the kernel asked before it, does not answer.
const keptSnapshots = 3

// slowPart is the part of the timeout that a driver may take before it is
// asked after all others.
const slowPart = 10

// newEthtoolReader returns a reader of the facts that cfg wants, over the
// sockets that dial makes.
func newEthtoolReader(cfg Config, dial ethtoolDialer) *ethtoolReader {
	e := &ethtoolReader{timeout: cfg.EthtoolTimeout, told: map[int]*driverFacts{}, ended: make(chan struct{}), complete: true}
	close(e.ended)
	e.facts = e.factsOf(cfg.LinkFacts)
	e.conn = newNLConn(func() (sock nlSocket, err error) {
		sock, e.family, err = dial()
		return sock, err
	})
	return e
}

// close closes the socket: now, or at the end of the pass that uses it, which
// a driver may hold up in a system call that nothing interrupts.
func (e *ethtoolReader) close() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.closed = true
	if !e.complete {
		return nil
	}
	return opError("close netlink socket", "", e.conn.close())
}

// read sets the facts of all links. What cannot be had stays absent, and dst
// says why.
func (e *ethtoolReader) read(dst *LinkSnapshot) {
	timer := time.NewTimer(e.timeout)
	defer timer.Stop()
	heard := e.wait(timer)
	if heard { // of the pass before
		e.start(dst)
		heard = e.wait(timer)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if !heard {
		e.unheard++
	}
	e.apply(dst)
}

// wait waits for the end of the pass and reports whether that came in time.
func (e *ethtoolReader) wait(timer *time.Timer) bool {
	select {
	case <-e.ended:
		return true
	case <-timer.C:
		return false
	}
}

// start makes a pass over the interfaces of s.
func (e *ethtoolReader) start(s *LinkSnapshot) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.pass++
	e.complete, e.unheard, e.gone, e.denied, e.failed, e.err = false, 0, false, 0, 0, nil
	e.order = e.order[:0]
	for i := range s.Links {
		e.order = append(e.order, s.Links[i].Link.Index)
	}
	if e.oneByOne {
		slices.SortStableFunc(e.order, func(a, b int) int { return compareBool(e.factsFrom(a).slow, e.factsFrom(b).slow) })
	}
	if len(e.told) > 2*len(e.order)+16 { // most are of interfaces that are gone
		clear(e.told)
	}
	ended := make(chan struct{})
	e.ended = ended
	go func() {
		defer close(ended)
		e.ask()
	}()
}

// ask makes a pass.
func (e *ethtoolReader) ask() {
	err := e.askAll()
	e.mu.Lock()
	defer e.mu.Unlock()
	e.complete, e.err = true, err
	e.oneByOne = e.unheard > 0
	if e.closed {
		_ = e.conn.close() //nolint:errcheck // close has returned, and nobody else asks
	}
}

// askAll asks for every fact. It returns an error where nobody can be asked.
func (e *ethtoolReader) askAll() error {
	if err := e.conn.open(); err != nil {
		return ethtoolMissing(err)
	}
	if e.oneByOne {
		return opError("ask ethtool netlink", "", e.askEach(e.facts))
	}
	for i := range e.facts {
		fact := &e.facts[i]
		body := ethnl.AppendGet(nil, binary.NativeEndian, fact.request, 0)
		err := e.conn.dump(e.family, body, func() {}, func(m nlmsg.Message) error { return e.hear(fact, m) })
		if err == nil {
			continue
		}
		// A dump fails as a whole where a single driver fails and, on Linux
		// 5.10, where a single one lacks the operation.
		if err := e.askEach(e.facts[i : i+1]); err != nil {
			return opError("ask ethtool netlink", "", err)
		}
	}
	return nil
}

// askEach asks for facts interface by interface. It returns an error where
// nobody can be asked.
func (e *ethtoolReader) askEach(facts []ethtoolFact) error {
	for _, index := range e.order {
		begin := time.Now()
		for i := range facts {
			fact := &facts[i]
			body := ethnl.AppendGet(nil, binary.NativeEndian, fact.request, uint32(index))
			err := e.conn.get(e.family, body, func(m nlmsg.Message) error { return e.hear(fact, m) })
			if err := e.note(index, err); err != nil {
				return err
			}
		}
		e.mu.Lock()
		f := e.factsFrom(index)
		f.slow = time.Since(begin) >= e.timeout/slowPart
		if len(facts) == len(e.facts) {
			f.askedIn = e.pass
		}
		e.mu.Unlock()
	}
	return nil
}

// note notes how a driver failed. It returns an error where that was not the
// driver.
func (e *ethtoolReader) note(index int, err error) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	var kernel *kernelError
	switch {
	case err == nil, errors.Is(err, unix.EOPNOTSUPP):
	case errors.Is(err, unix.ENODEV): // vanished
		e.factsFrom(index).goneIn = e.pass
		e.gone = true
	case errors.Is(err, ErrAccessDenied):
		e.denied++
	case errors.As(err, &kernel), errors.Is(err, ErrMalformed):
		e.failed++
	default:
		return err
	}
	return nil
}

// hear takes a reply.
func (e *ethtoolReader) hear(fact *ethtoolFact, m nlmsg.Message) error {
	if m.Type != e.family || ethnl.Command(m.Data) != fact.reply {
		return nil
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	return fact.hear(m.Data)
}

// factsFrom returns what is known of an interface.
func (e *ethtoolReader) factsFrom(index int) *driverFacts {
	f := e.told[index]
	if f == nil {
		f = &driverFacts{}
		e.told[index] = f
	}
	return f
}

// apply sets the facts of the links in dst, and removes those that are gone.
func (e *ethtoolReader) apply(dst *LinkSnapshot) {
	dst.Denied += e.denied
	dst.Failed += e.failed
	dst.Ethtool = e.err
	since := e.pass
	if e.unheard > 0 && e.unheard <= keptSnapshots {
		since--
	}
	if e.gone {
		dst.Links = slices.DeleteFunc(dst.Links, func(l LinkStats) bool {
			f := e.told[l.Link.Index]
			return f != nil && f.goneIn == e.pass
		})
	}
	for i := range dst.Links {
		l := &dst.Links[i]
		f := e.told[l.Link.Index]
		l.Late = !e.complete && (f == nil || f.askedIn != e.pass)
		if l.Late {
			dst.Late++
		}
		if f != nil {
			f.apply(l, since)
		}
	}
}

// compareBool orders false before true.
func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	default:
		return -1
	}
}

// ethtoolMissing is why there is no ethtool netlink. A kernel built without
// generic netlink has no such protocol, one before Linux 5.6 no such family.
func ethtoolMissing(err error) error {
	for _, errno := range []error{unix.ENOENT, unix.EPROTONOSUPPORT, unix.EAFNOSUPPORT} {
		if errors.Is(err, errno) {
			return opError("open ethtool netlink", "", fmt.Errorf("%w: %w", ErrNotSupported, err))
		}
	}
	return opError("open ethtool netlink", "", err)
}
