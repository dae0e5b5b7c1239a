package ethtool

import (
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"time"

	"github.com/mdlayher/genetlink"
	"golang.org/x/sys/unix"

	"telegraf-sysprobe/sysprobe/internal/decode"
	"telegraf-sysprobe/sysprobe/internal/decode/ethnl"
	"telegraf-sysprobe/sysprobe/internal/decode/nlmsg"
	"telegraf-sysprobe/sysprobe/internal/sys/netns"
	"telegraf-sysprobe/sysprobe/internal/sys/nlconn"
)

// Kernel opens what drivers are asked through. Tests put something else in the
// place of a kernel.
type Kernel struct {
	// Dial opens a socket of generic netlink and returns the ID of the family
	// "ethtool", which is the type of its messages.
	Dial func() (sock nlconn.Socket, family uint16, err error)
	// Client opens a client of the library.
	Client func() (Client, error)
}

// KernelOf returns the kernel as it is seen from the network namespace whose
// file is path; an empty path is the caller's own namespace.
func KernelOf(path string) Kernel {
	return Kernel{
		Dial:   func() (nlconn.Socket, uint16, error) { return dial(path) },
		Client: func() (Client, error) { return openClient(path) },
	}
}

// dial opens a socket in a namespace.
func dial(path string) (nlconn.Socket, uint16, error) {
	conn, err := nlconn.Dial(path, unix.NETLINK_GENERIC)
	if err != nil {
		return nil, 0, err
	}
	family, err := genetlink.NewConn(conn).GetFamily("ethtool")
	if err != nil {
		return nil, 0, errors.Join(fmt.Errorf("look up family: %w", err), conn.Close())
	}
	sock, err := nlconn.NewSocket(conn)
	return sock, family.ID, err
}

// pass is one round of questions. Each result is about facts that the pass does
// not write any more.
type pass struct {
	links    []Link
	facts    []Facts // of links
	want     Want
	oneByOne bool
	results  chan<- result
}

// result is what a pass found in one step: all at once, or one interface.
type result struct {
	facts  []Facts
	denied int
	failed int
	err    error // no driver can be asked
}

// asker asks drivers. It belongs to one pass at a time.
type asker struct {
	conn    *nlconn.Conn
	family  uint16
	slow    time.Duration // a driver that takes as long is slow
	library library
	scratch Facts // what a reply is decoded into
	next    int   // the position in facts where the next reply is likely to belong
}

// newAsker returns an asker that has opened nothing yet.
func newAsker(kernel Kernel, slow time.Duration) *asker {
	a := &asker{slow: slow, library: newLibrary(kernel.Client)}
	a.conn = nlconn.New(func() (sock nlconn.Socket, err error) {
		sock, a.family, err = kernel.Dial()
		return sock, err
	})
	return a
}

// close closes the sockets.
func (a *asker) close() error { return errors.Join(a.conn.Close(), a.library.drop()) }

// run makes a pass.
func (a *asker) run(p *pass) {
	if err := a.conn.Open(); err != nil {
		p.results <- result{err: missing(err)}
		return
	}
	a.library.forget(len(p.links))
	if !p.oneByOne {
		p.results <- a.together(p)
		return
	}
	for i := range p.links {
		found := a.alone(p, i)
		p.results <- found
		if found.err != nil {
			return
		}
	}
}

// together asks all drivers in one dump for each question. A dump fails as a
// whole where a single driver fails and, on Linux 5.10, where a single one lacks
// the operation: then the drivers are asked one by one.
func (a *asker) together(p *pass) result {
	found := result{facts: p.facts}
	for i := range questions {
		q := &questions[i]
		if !q.isIn(p.want) || a.dump(q, p.facts) == nil {
			continue
		}
		for j := range p.facts {
			if found.err = found.note(&p.facts[j], a.get(q, p.facts[j:j+1])); found.err != nil {
				return found
			}
		}
	}
	a.library.answer(p.links, p.want, &found)
	return found
}

// alone asks one driver all questions.
func (a *asker) alone(p *pass, i int) result {
	found := result{facts: p.facts[i : i+1]}
	f := &found.facts[0]
	begin := time.Now()
	for j := range questions {
		if q := &questions[j]; q.isIn(p.want) && found.err == nil {
			found.err = found.note(f, a.get(q, found.facts))
		}
	}
	if found.err == nil {
		a.library.answer(p.links[i:i+1], p.want, &found)
	}
	f.slow = time.Since(begin) >= a.slow
	return found
}

// dump asks all drivers a question. It sets the answers in facts, which are in
// the order of their index.
func (a *asker) dump(q *question, facts []Facts) error {
	a.next = 0
	body := ethnl.AppendGet(nil, binary.NativeEndian, q.request, 0)
	return a.conn.Dump(context.Background(), a.family, body, func() {}, func(m nlmsg.Message) error { return a.take(q, m, facts) })
}

// get asks the driver of one interface, whose facts are the only ones.
func (a *asker) get(q *question, facts []Facts) error {
	a.next = 0
	body := ethnl.AppendGet(nil, binary.NativeEndian, q.request, uint32(facts[0].Index))
	return a.conn.Get(context.Background(), a.family, body, func(m nlmsg.Message) error { return a.take(q, m, facts) })
}

// take takes a reply. One about an interface without facts is of no use.
func (a *asker) take(q *question, m nlmsg.Message, facts []Facts) error {
	if m.Type != a.family || ethnl.Command(m.Data) != q.reply {
		return nil
	}
	index, err := q.decode(m.Data, &a.scratch)
	if err != nil {
		return err
	}
	if f := a.find(facts, int(index)); f != nil {
		q.exchange(f, &a.scratch)
	}
	return nil
}

// find returns the facts of an interface, or nil. Replies mostly come in the
// order of the facts.
func (a *asker) find(facts []Facts, index int) *Facts {
	i := a.next
	if i >= len(facts) || facts[i].Index != index {
		var there bool
		i, there = slices.BinarySearchFunc(facts, index, func(f Facts, index int) int { return cmp.Compare(f.Index, index) })
		if !there {
			return nil
		}
	}
	a.next = i + 1
	return &facts[i]
}

// question is what one request of the family "ethtool" asks.
type question struct {
	want           Want // 0: it is always asked
	request, reply uint8
	// decode decodes the body of a reply into its part of f, and returns the
	// interface that it is about.
	decode func(body []byte, f *Facts) (index uint32, err error)
	// exchange exchanges that part, and its memory, between two Facts.
	exchange func(a, b *Facts)
}

var questions = []question{
	{
		0, ethnl.CmdLinkModesGet, ethnl.CmdLinkModesGetReply,
		func(body []byte, f *Facts) (uint32, error) {
			err := ethnl.DecodeLinkModes(body, binary.NativeEndian, &f.Modes)
			return f.Modes.Index, err
		},
		func(a, b *Facts) { a.Modes, b.Modes = b.Modes, a.Modes },
	},
	{
		WantLinkState, ethnl.CmdLinkStateGet, ethnl.CmdLinkStateGetReply,
		func(body []byte, f *Facts) (index uint32, err error) {
			f.State, err = ethnl.DecodeLinkState(body, binary.NativeEndian)
			return f.State.Index, err
		},
		func(a, b *Facts) { a.State, b.State = b.State, a.State },
	},
	{
		WantFEC, ethnl.CmdFECGet, ethnl.CmdFECGetReply,
		func(body []byte, f *Facts) (uint32, error) {
			err := ethnl.DecodeFEC(body, binary.NativeEndian, &f.FEC)
			return f.FEC.Index, err
		},
		func(a, b *Facts) { a.FEC, b.FEC = b.FEC, a.FEC },
	},
}

// isIn reports whether a pass that wants these facts asks the question.
func (q *question) isIn(want Want) bool { return q.want == 0 || q.want&want != 0 }

// note counts the error of a driver. It returns an error where that is not the
// driver's.
func (r *result) note(f *Facts, err error) error {
	var kernel *nlconn.KernelError
	switch {
	case err == nil, errors.Is(err, unix.EOPNOTSUPP):
	case errors.Is(err, unix.ENODEV):
		f.Gone = true
	case errors.Is(err, fs.ErrPermission):
		r.denied++
	case errors.As(err, &kernel), errors.Is(err, decode.ErrMalformed):
		r.failed++
	default:
		return err
	}
	return nil
}

// missing explains why there is no ethtool netlink. A kernel that was built
// without generic netlink has no such protocol, and one before Linux 5.6 has no
// such family; either is another thing than a namespace that is gone.
func missing(err error) error {
	if errors.Is(err, netns.ErrOpen) {
		return err
	}
	for _, errno := range []error{unix.ENOENT, unix.EPROTONOSUPPORT, unix.EAFNOSUPPORT} {
		if errors.Is(err, errno) {
			return fmt.Errorf("%w: %w", errors.ErrUnsupported, err)
		}
	}
	return err
}
