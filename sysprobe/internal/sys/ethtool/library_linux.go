package ethtool

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"syscall"
	"time"

	mdlayher "github.com/mdlayher/ethtool"
	"golang.org/x/sys/unix"

	"telegraf-sysprobe/sysprobe/internal/decode"
	"telegraf-sysprobe/sysprobe/internal/opt"
	"telegraf-sysprobe/sysprobe/internal/sys/netns"
)

// Client is the part of github.com/mdlayher/ethtool's Client that is used.
type Client interface {
	LinkInfos() ([]*mdlayher.LinkInfo, error)
	LinkInfo(mdlayher.Interface) (*mdlayher.LinkInfo, error)
	AllPrivateFlags() ([]*mdlayher.PrivateFlags, error)
	PrivateFlags(mdlayher.Interface) (*mdlayher.PrivateFlags, error)
	WakeOnLANs() ([]*mdlayher.WakeOnLAN, error)
	WakeOnLAN(mdlayher.Interface) (*mdlayher.WakeOnLAN, error)
	Close() error
}

// openClient opens a client in the namespace whose file is path. The library
// itself opens its socket in the namespace of the thread.
func openClient(path string) (c Client, err error) {
	err = netns.Do(path, func() (err error) {
		c, err = guarded(func() (Client, error) { return mdlayher.New() })
		return err
	})
	return c, err
}

// errPanic means that the library panicked.
var errPanic = errors.New("panic in github.com/mdlayher/ethtool")

// guarded makes a call of the library. It returns an error that wraps errPanic
// and decode.ErrMalformed where the library panics.
func guarded[T any](call func() (T, error)) (v T, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%w: %v: %w", errPanic, p, decode.ErrMalformed)
		}
	}()
	return call()
}

// library asks for Settings and remembers them until a link changes.
type library struct {
	open   func() (Client, error)
	client Client // nil until there is a question
	known  map[int]*setting
	every  time.Duration // how often to ask about a link that does not change
	// single means that an answer to a dump could not be decoded. From then on
	// drivers are asked one by one, so that one of them spoils no other's answer.
	single bool
}

// setting is what is known of an interface.
type setting struct {
	Settings

	link   Link // as it was when its driver was asked
	want   Want // the optional facts that it was asked for
	asked  time.Time
	gone   bool
	denied int
	failed int
}

// fewLinks is the most links that are asked about one by one: as many requests
// cost less than the dump of a thousand.
const fewLinks = 8

// newLibrary returns a library over the clients that open opens.
func newLibrary(open func() (Client, error)) library {
	return library{open: open, known: map[int]*setting{}, every: time.Minute}
}

// drop closes the client. The next question opens a new one.
func (l *library) drop() error {
	if l.client == nil {
		return nil
	}
	c := l.client
	l.client = nil
	return c.Close()
}

// forget forgets all settings where most are of interfaces that do not exist
// any more.
func (l *library) forget(links int) {
	if len(l.known) > 2*links+16 {
		clear(l.known)
	}
}

// answer sets the settings of links, which found.facts are about, and counts
// those that are missing. Where descriptors run out it sets found.err.
func (l *library) answer(links []Link, want Want, found *result) {
	want &= WantPrivateFlags | WantWakeOnLAN
	if stale := l.stale(links, want); len(stale) > 0 {
		err := l.ask(stale, want)
		switch {
		case err == nil, errors.Is(err, errors.ErrUnsupported):
		case errors.Is(err, unix.EMFILE), errors.Is(err, unix.ENFILE): // no driver was asked
			found.err = err
		default:
			found.failed++
		}
	}
	for i := range links {
		s := l.known[links[i].Index]
		if s == nil || s.link != links[i] || s.want != want {
			continue
		}
		f := &found.facts[i]
		f.Settings = s.Settings
		f.Gone = f.Gone || s.gone
		found.denied += s.denied
		found.failed += s.failed
	}
}

// stale returns empty settings for those links about which to ask.
func (l *library) stale(links []Link, want Want) []*setting {
	var stale []*setting
	now := time.Now()
	for i := range links {
		s := l.known[links[i].Index]
		if s == nil || s.gone || s.link != links[i] || s.want != want || now.Sub(s.asked) >= l.every {
			stale = append(stale, &setting{link: links[i], want: want, asked: now})
		}
	}
	return stale
}

// ask fills settings and remembers them. It returns an error where there is no
// answer: then it remembers nothing, and the next pass asks again.
func (l *library) ask(stale []*setting, want Want) error {
	if l.client == nil {
		client, err := l.open()
		if err != nil {
			return err
		}
		l.client = client
	}
	left, err := l.askTogether(stale, want)
	if err != nil {
		return err
	}
	for _, s := range stale {
		inStep := l.askAlone(s, left)
		l.known[s.link.Index] = s
		if !inStep {
			return l.drop()
		}
	}
	return nil
}

// askTogether asks about many links in one dump for each inquiry. It returns the
// inquiries to be made one by one: all of them about few links, and those whose
// dump the kernel refused, as Linux 5.10 does where a single driver lacks the
// operation.
func (l *library) askTogether(stale []*setting, want Want) (left []*inquiry, err error) {
	byIndex := make(map[int]*Settings, len(stale))
	for _, s := range stale {
		byIndex[s.link.Index] = &s.Settings
	}
	for i := range inquiries {
		q := &inquiries[i]
		if q.want&^want != 0 {
			continue
		}
		if len(stale) <= fewLinks || l.single {
			left = append(left, q)
			continue
		}
		err := q.all(l.client, byIndex)
		switch {
		case err == nil:
		case errors.Is(err, fs.ErrPermission):
			for _, s := range stale {
				s.denied++
			}
		case isRefusal(err):
			left = append(left, q)
		default:
			l.single = true
			return nil, errors.Join(err, l.drop())
		}
	}
	return left, nil
}

// askAlone asks about one link. It reports false where the client has lost step
// with the kernel and is not to be used again.
func (l *library) askAlone(s *setting, left []*inquiry) (inStep bool) {
	for _, q := range left {
		err := q.one(l.client, mdlayher.Interface{Index: s.link.Index}, &s.Settings)
		switch {
		case err == nil, errors.Is(err, unix.EOPNOTSUPP):
		case errors.Is(err, unix.ENODEV):
			s.gone = true
			return true
		case errors.Is(err, fs.ErrPermission):
			s.denied++
		default:
			s.failed++
			if !isRefusal(err) {
				return false
			}
		}
	}
	return true
}

// isRefusal reports whether err is an errno with which the kernel answered.
func isRefusal(err error) bool {
	var errno syscall.Errno
	return errors.As(err, &errno) && errno != unix.ENOBUFS
}

// inquiry is one thing to ask the library for: of all interfaces, whose Settings
// it sets, or of one.
type inquiry struct {
	want Want // 0: it is always asked for
	all  func(Client, map[int]*Settings) error
	one  func(Client, mdlayher.Interface, *Settings) error
}

var inquiries = []inquiry{
	newInquiry(
		0, Client.LinkInfos, Client.LinkInfo,
		func(i *mdlayher.LinkInfo) int { return i.Interface.Index },
		func(i *mdlayher.LinkInfo, s *Settings) { s.Port = opt.Some(uint8(i.Port)) },
	),
	newInquiry(
		WantPrivateFlags, Client.AllPrivateFlags, Client.PrivateFlags,
		func(p *mdlayher.PrivateFlags) int { return p.Interface.Index },
		func(p *mdlayher.PrivateFlags, s *Settings) { s.PrivateFlags = privateFlags(p.Flags) },
	),
	newInquiry( // the last: it is the one that can panic
		WantWakeOnLAN, Client.WakeOnLANs, Client.WakeOnLAN,
		func(w *mdlayher.WakeOnLAN) int { return w.Interface.Index },
		func(w *mdlayher.WakeOnLAN, s *Settings) { s.WakeOnLAN = opt.Some(uint32(w.Modes)) },
	),
}

// newInquiry makes an inquiry of two methods of the library, whose answers are
// about the interface that index returns and of which set sets a part.
func newInquiry[T any](
	want Want, all func(Client) ([]T, error), one func(Client, mdlayher.Interface) (T, error),
	index func(T) int, set func(T, *Settings),
) inquiry {
	return inquiry{
		want: want,
		all: func(c Client, byIndex map[int]*Settings) error {
			answers, err := guarded(func() ([]T, error) { return all(c) })
			for _, a := range answers {
				if s := byIndex[index(a)]; s != nil {
					set(a, s)
				}
			}
			return err
		},
		one: func(c Client, ifi mdlayher.Interface, s *Settings) error {
			a, err := guarded(func() (T, error) { return one(c, ifi) })
			if err == nil {
				set(a, s)
			}
			return err
		},
	}
}

// privateFlags returns flags in the order of their names, as many and as long as
// a driver can have.
func privateFlags(flags map[string]bool) []PrivateFlag {
	all := make([]PrivateFlag, 0, len(flags))
	for name, on := range flags {
		all = append(all, PrivateFlag{Name: name[:min(len(name), maxFlagName)], On: on})
	}
	slices.SortFunc(all, func(a, b PrivateFlag) int { return cmp.Compare(a.Name, b.Name) })
	return all[:min(len(all), maxPrivateFlags)]
}
