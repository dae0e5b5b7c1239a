//go:build linux

package sysprobe

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"telegraf-sysprobe/sysprobe/internal/decode/ethnl"
	"telegraf-sysprobe/sysprobe/internal/decode/nlmsg"
	"telegraf-sysprobe/sysprobe/internal/decode/rtnl"
	"telegraf-sysprobe/sysprobe/sysprobetest"
)

type (
	request = sysprobetest.NetlinkRequest
	answer  = sysprobetest.NetlinkAnswer
	message = sysprobetest.NetlinkMessage
)

// testFamily is the ID of the family "ethtool" in these tests.
const testFamily = 21

// linkMessage is an RTM_NEWLINK of an Ethernet interface that is up.
func linkMessage(index uint32, name string) message {
	b := binary.NativeEndian.AppendUint16(make([]byte, 2), 1)
	b = binary.NativeEndian.AppendUint32(b, index)
	b = binary.NativeEndian.AppendUint32(b, uint32(FlagUp|FlagBroadcast|FlagRunning|FlagLowerUp))
	b = binary.NativeEndian.AppendUint32(b, 0)
	b = nlmsg.AppendAttr(b, binary.NativeEndian, 3, append([]byte(name), 0))
	b = nlmsg.AppendUint32(b, binary.NativeEndian, 4, 1500)
	return message{Type: rtnl.TypeNewLink, Data: nlmsg.AppendAttr(b, binary.NativeEndian, 33, []byte{1})}
}

// addrMessage is an RTM_NEWADDR of 10.0.0.index, whose label is name.
func addrMessage(index uint32, name string) message {
	b := binary.NativeEndian.AppendUint32([]byte{rtnl.FamilyInet, 24, 0x80, 0}, index)
	ip := []byte{10, 0, 0, byte(index)}
	b = nlmsg.AppendAttr(b, binary.NativeEndian, 1, ip)
	b = nlmsg.AppendAttr(b, binary.NativeEndian, 2, ip)
	return message{Type: rtnl.TypeNewAddr, Data: nlmsg.AppendAttr(b, binary.NativeEndian, 3, append([]byte(name), 0))}
}

// ethtoolMessage is a reply of the family "ethtool" about an interface.
func ethtoolMessage(cmd uint8, index uint32, attrs ...[]byte) message {
	header := nlmsg.AppendUint32(nil, binary.NativeEndian, 1, index)
	b := nlmsg.AppendAttr([]byte{cmd, 1, 0, 0}, binary.NativeEndian, 1, header)
	for _, a := range attrs {
		b = append(b, a...)
	}
	return message{Type: testFamily, Data: b}
}

// modesMessage is an ETHTOOL_MSG_LINKMODES_GET_REPLY.
func modesMessage(index, speed uint32, duplex uint8, supported ...int) message {
	words := make([]uint32, 5)
	for _, bit := range supported {
		words[bit/32] |= 1 << (bit % 32)
	}
	var mask []byte
	for _, w := range words {
		mask = binary.NativeEndian.AppendUint32(mask, w)
	}
	return ethtoolMessage(ethnl.CmdLinkModesGetReply, index,
		nlmsg.AppendAttr(nil, binary.NativeEndian, 3, nlmsg.AppendAttr(nil, binary.NativeEndian, 5, mask)),
		nlmsg.AppendUint32(nil, binary.NativeEndian, 5, speed),
		nlmsg.AppendAttr(nil, binary.NativeEndian, 6, []byte{duplex}))
}

// dialer makes sockets to one kernel after the other, and the last one again
// and again.
func dialer(answers ...func(request) answer) func() (nlSocket, error) {
	return func() (nlSocket, error) {
		a := answers[0]
		if len(answers) > 1 {
			answers = answers[1:]
		}
		return sysprobetest.NewNetlinkPeer(a), nil
	}
}

// addrs makes a snapshot of what a kernel answers.
func addrs(t *testing.T, dial func() (nlSocket, error)) (*AddrSnapshot, error) {
	t.Helper()
	c, err := newNICAddrsClientOn(dial)
	if err != nil {
		return nil, err
	}
	s := &AddrSnapshot{Interfaces: make([]InterfaceAddrs, 3)} // of a snapshot before
	return s, c.snapshot(s)
}

// names lists "interface: label IP ...", interface by interface.
func names(s *AddrSnapshot) []string {
	all := []string{}
	for _, i := range s.Interfaces {
		text := i.Link.Name + ":"
		for _, a := range i.Addrs {
			text += " " + a.Label + " " + a.IP.String()
		}
		all = append(all, text)
	}
	return all
}

// kernel answers the two dumps of addresses.
func kernel(links, addrs answer) func(request) answer {
	return func(r request) answer {
		if r.Type == rtnl.TypeGetLink {
			return links
		}
		return addrs
	}
}

func TestNICAddrsFromMisbehavingKernels(t *testing.T) {
	two := answer{Messages: []message{linkMessage(2, "b"), linkMessage(1, "a")}, PerDatagram: 1}
	twoAddrs := answer{Messages: []message{addrMessage(1, "a"), addrMessage(2, "b")}, PerDatagram: 1}
	want := []string{"a: a 10.0.0.1", "b: b 10.0.0.2"}
	with := func(a answer, change func(*answer)) answer {
		change(&a)
		return a
	}
	interrupted := with(two, func(a *answer) { a.Interrupted = true })
	huge := answer{Messages: []message{linkMessage(1, "a"), linkMessage(2, "b")}}
	huge.Messages[0].Data = nlmsg.AppendAttr(huge.Messages[0].Data, binary.NativeEndian, 26, make([]byte, 50000))
	foreign := answer{Messages: append([]message{{Type: 24, Data: []byte("route")}, {Type: 16 + 1}}, two.Messages...)}

	tests := []struct {
		name    string
		kernels []func(request) answer
		want    []string
		err     error
	}{
		{"A28 no links", []func(request) answer{kernel(answer{}, answer{})}, []string{}, nil},
		{"many datagrams, out of order", []func(request) answer{kernel(two, twoAddrs)}, want, nil},
		{"messages of other types", []func(request) answer{kernel(foreign, twoAddrs)}, want, nil},
		{"messages of another request", []func(request) answer{kernel(with(two, func(a *answer) { a.Stale = true }), twoAddrs)}, want, nil},
		{"datagram larger than the buffer", []func(request) answer{kernel(huge, twoAddrs)}, want, nil},
		{"A30 renamed between the dumps", []func(request) answer{kernel(two, answer{
			Messages: []message{addrMessage(1, "new"), addrMessage(2, "b"), addrMessage(1, "a")},
		})}, []string{"a: new 10.0.0.1 a 10.0.0.1", "b: b 10.0.0.2"}, nil},
		{"A31 interrupted for ever", []func(request) answer{kernel(interrupted, twoAddrs)}, []string{}, ErrInterrupted},
		{"A31 error", []func(request) answer{kernel(answer{Errno: 1, Text: "not today"}, twoAddrs)}, []string{}, ErrAccessDenied},
		{"A31 error midway", []func(request) answer{kernel(two, with(twoAddrs, func(a *answer) { a.Errno = 95 }))}, []string{}, ErrNotSupported},
		{"A31 truncated message", []func(request) answer{kernel(with(two, func(a *answer) { a.Cut = 5 }), twoAddrs)}, []string{}, ErrMalformed},
		{"A31 malformed attribute", []func(request) answer{kernel(two, answer{Messages: []message{{
			Type: rtnl.TypeNewAddr, Data: []byte{rtnl.FamilyInet, 24, 0, 0, 1, 0, 0, 0, 3, 0, 1, 0},
		}}})}, []string{}, ErrMalformed},
		{"receive fails", []func(request) answer{kernel(two, answer{Messages: twoAddrs.Messages[:1], Err: unix.ENOBUFS})}, []string{}, unix.ENOBUFS},
		{"empty datagram", []func(request) answer{kernel(with(two, func(a *answer) { a.Cut = 9999 }), twoAddrs)}, []string{}, io.ErrUnexpectedEOF},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, err := addrs(t, dialer(tt.kernels...))
			if !errors.Is(err, tt.err) {
				t.Errorf("err = %v, want %v", err, tt.err)
			}
			var op *OpError
			if err != nil && !errors.As(err, &op) {
				t.Errorf("%v is no OpError", err)
			}
			if diff := cmp.Diff(tt.want, names(s)); diff != "" {
				t.Errorf("rows (-want +got):\n%s", diff)
			}
		})
	}
}

func TestDumpIsRepeatedUntilConsistent(t *testing.T) {
	t.Run("A31 interrupted twice", func(t *testing.T) {
		var dumps int
		s, err := addrs(t, dialer(func(r request) answer {
			if r.Type == rtnl.TypeGetAddr {
				return answer{Messages: []message{addrMessage(3, "c")}}
			}
			dumps++
			a := answer{Messages: []message{linkMessage(3, "c")}, Interrupted: dumps < 3}
			if a.Interrupted {
				a.Messages = append(a.Messages, linkMessage(9, "gone"))
			}
			return a
		}))
		if err != nil || dumps != 3 {
			t.Fatalf("%d dumps, err %v; want 3", dumps, err)
		}
		if diff := cmp.Diff([]string{"c: c 10.0.0.3"}, names(s)); diff != "" {
			t.Errorf("rows (-want +got):\n%s", diff)
		}
	})
}

func TestAddressOfAnUnknownInterface(t *testing.T) {
	for _, tt := range []struct {
		name  string
		after int // links are complete from this dump on
		want  []string
		dumps int
	}{
		{"came between the dumps", 2, []string{"a: a 10.0.0.1", "b: b 10.0.0.2"}, 2},
		{"never comes", 99, []string{"a: a 10.0.0.1"}, 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var dumps int
			s, err := addrs(t, dialer(func(r request) answer {
				if r.Type == rtnl.TypeGetAddr {
					return answer{Messages: []message{addrMessage(1, "a"), addrMessage(2, "b")}}
				}
				dumps++
				if dumps < tt.after {
					return answer{Messages: []message{linkMessage(1, "a")}}
				}
				return answer{Messages: []message{linkMessage(1, "a"), linkMessage(2, "b")}}
			}))
			if err != nil || dumps != tt.dumps {
				t.Fatalf("%d dumps, err %v; want %d", dumps, err, tt.dumps)
			}
			if diff := cmp.Diff(tt.want, names(s)); diff != "" {
				t.Errorf("rows (-want +got):\n%s", diff)
			}
		})
	}
}

func TestInterruptedDumpOfAddressesForgetsItsOrphans(t *testing.T) {
	var linkDumps, addrDumps int
	s, err := addrs(t, dialer(func(r request) answer {
		if r.Type == rtnl.TypeGetLink {
			linkDumps++
			return answer{Messages: []message{linkMessage(1, "a")}}
		}
		addrDumps++
		if addrDumps == 1 {
			return answer{Messages: []message{addrMessage(7, "gone")}, Interrupted: true}
		}
		return answer{Messages: []message{addrMessage(1, "a")}}
	}))
	if err != nil || linkDumps != 1 || addrDumps != 2 || len(s.Interfaces) != 1 {
		t.Errorf("%d and %d dumps, %d interfaces, %v; want 1, 2 and 1", linkDumps, addrDumps, len(s.Interfaces), err)
	}
}

func TestBroadcastThatIsNone(t *testing.T) {
	for _, tt := range []struct {
		name      string
		prefix    uint8
		peer      byte // of 10.0.0.1
		broadcast byte
		want      string
	}{
		{"a broadcast address", 24, 1, 255, "10.0.0.255"},
		{"A04 the own address", 24, 1, 1, "invalid IP"},
		{"A05 of a host", 32, 1, 255, "invalid IP"},
		{"A36 beside a peer", 24, 9, 255, "invalid IP"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := addrMessage(1, "a")
			m.Data[1] = tt.prefix
			m.Data = nlmsg.AppendAttr(m.Data, binary.NativeEndian, 1, []byte{10, 0, 0, tt.peer})
			m.Data = nlmsg.AppendAttr(m.Data, binary.NativeEndian, 4, []byte{10, 0, 0, tt.broadcast})
			s, err := addrs(t, dialer(kernel(answer{Messages: []message{linkMessage(1, "a")}}, answer{Messages: []message{m}})))
			if err != nil {
				t.Fatal(err)
			}
			if got := s.Interfaces[0].Addrs[0].Broadcast.String(); got != tt.want {
				t.Errorf("broadcast %s, want %s", got, tt.want)
			}
		})
	}
}

func TestBrokenSocketIsReplaced(t *testing.T) {
	good := kernel(answer{Messages: []message{linkMessage(1, "a")}}, answer{})
	bad := kernel(answer{Messages: []message{linkMessage(1, "a")}, PerDatagram: 1, Cut: 3}, answer{})
	var peers []*sysprobetest.NetlinkPeer
	answers := []func(request) answer{bad, good}
	c, err := newNICAddrsClientOn(func() (nlSocket, error) {
		p := sysprobetest.NewNetlinkPeer(answers[len(peers)])
		peers = append(peers, p)
		return p, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	var s AddrSnapshot
	if err := c.snapshot(&s); !errors.Is(err, ErrMalformed) {
		t.Fatalf("first snapshot: %v, want ErrMalformed", err)
	}
	if err := c.snapshot(&s); err != nil || len(s.Interfaces) != 1 {
		t.Fatalf("second snapshot: %d interfaces, %v", len(s.Interfaces), err)
	}
	if len(peers) != 2 || !peers[0].Closed() || peers[1].Closed() {
		t.Errorf("%d sockets; want the first closed and the second in use", len(peers))
	}
	for range 2 {
		if err := c.close(); err != nil {
			t.Errorf("close: %v", err)
		}
	}
	if err := c.snapshot(&s); !errors.Is(err, fs.ErrClosed) || !peers[1].Closed() {
		t.Errorf("snapshot after close: %v, want fs.ErrClosed", err)
	}
}

func TestNoSocket(t *testing.T) {
	t.Run("B24 a family that is not there is an error and no empty answer", func(t *testing.T) {
		dial := func() (nlSocket, error) { return nil, opError("open netlink socket", "", unix.EAFNOSUPPORT) }
		if _, err := newNICAddrsClientOn(dial); !errors.Is(err, unix.EAFNOSUPPORT) {
			t.Errorf("addresses: %v, want EAFNOSUPPORT", err)
		}
		if _, err := newNICStatsClientOn(dial, nil); !errors.Is(err, unix.EAFNOSUPPORT) {
			t.Errorf("stats: %v, want EAFNOSUPPORT", err)
		}
	})
}

// ethtoolKernel answers requests for link modes by interface, and has no port
// for any.
type ethtoolKernel struct {
	dump answer
	one  map[uint32]answer
}

// answer answers.
func (k *ethtoolKernel) answer(r request) answer {
	if ethnl.Command(r.Data) != ethnl.CmdLinkModesGet {
		return answer{}
	}
	if r.Dump {
		return k.dump
	}
	// genlmsghdr, header of the header, header of the index, index
	return k.one[binary.NativeEndian.Uint32(r.Data[12:])]
}

// links makes a snapshot of interfaces 1 to 3 with what their drivers tell.
func links(t *testing.T, ethtool ethtoolDialer) *LinkSnapshot {
	t.Helper()
	route := dialer(func(request) answer {
		return answer{Messages: []message{linkMessage(1, "a"), linkMessage(2, "b"), linkMessage(3, "c")}}
	})
	c, err := newNICStatsClientOn(route, ethtool)
	if err != nil {
		t.Fatal(err)
	}
	s := &LinkSnapshot{Denied: 9, Failed: 9, Ethtool: errors.New("of the snapshot before")}
	if err := c.snapshot(s); err != nil {
		t.Fatal(err)
	}
	return s
}

// speeds lists "name speed duplex".
func speeds(s *LinkSnapshot) []string {
	all := []string{}
	for _, l := range s.Links {
		all = append(all, fmt.Sprintf("%s %d %v", l.Link.Name, l.Speed.Or(0), l.Duplex))
	}
	return all
}

func TestNICStatsOneByOne(t *testing.T) {
	whole := answer{Messages: []message{modesMessage(1, 1000, 1), modesMessage(2, 2500, 1), modesMessage(3, 100, 0)}, PerDatagram: 1}
	one := func(i int) answer { return answer{Messages: whole.Messages[i : i+1]} }
	failing := func(errno syscall.Errno) *ethtoolKernel {
		return &ethtoolKernel{
			dump: answer{Messages: whole.Messages[:1], Errno: int(errno)},
			one:  map[uint32]answer{1: one(0), 2: {Errno: int(errno)}, 3: one(2)},
		}
	}
	kept := []string{"a 1000 full", "b 0 unknown", "c 100 half"}
	tests := []struct {
		name           string
		kernel         *ethtoolKernel
		want           []string
		denied, failed int
	}{
		{"one dump", &ethtoolKernel{dump: whole}, []string{"a 1000 full", "b 2500 full", "c 100 half"}, 0, 0},
		{"dump not supported, as on Linux 5.10", &ethtoolKernel{
			dump: answer{Errno: int(unix.EOPNOTSUPP)}, one: map[uint32]answer{1: one(0), 2: one(1), 3: one(2)},
		}, []string{"a 1000 full", "b 2500 full", "c 100 half"}, 0, 0},
		{"B12 ENODEV", failing(unix.ENODEV), []string{"a 1000 full", "c 100 half"}, 0, 0},
		{"B13 ENXIO", failing(unix.ENXIO), kept, 0, 1},
		{"B13 EPERM", failing(unix.EPERM), kept, 1, 0},
		{"B13 ENOTTY", failing(unix.ENOTTY), kept, 0, 1},
		{"B13 EADDRNOTAVAIL", failing(unix.EADDRNOTAVAIL), kept, 0, 1},
		{"B13 ENOMEM", failing(unix.ENOMEM), kept, 0, 1},
		{"B14 EOPNOTSUPP", failing(unix.EOPNOTSUPP), kept, 0, 0},
		{"B14 EINVAL", failing(unix.EINVAL), kept, 0, 1},
		{"B14 EBUSY", failing(unix.EBUSY), kept, 0, 1},
		{"malformed answer", &ethtoolKernel{
			dump: answer{Errno: int(unix.EIO)},
			one:  map[uint32]answer{1: one(0), 2: {Messages: []message{{Type: testFamily, Data: []byte{4, 1, 0, 0, 1}}}}, 3: one(2)},
		}, kept, 0, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := links(t, func() (nlSocket, uint16, error) {
				return sysprobetest.NewNetlinkPeer(tt.kernel.answer), testFamily, nil
			})
			if diff := cmp.Diff(tt.want, speeds(s)); diff != "" {
				t.Errorf("links (-want +got):\n%s", diff)
			}
			if s.Denied != tt.denied || s.Failed != tt.failed || s.Ethtool != nil {
				t.Errorf("%d denied, %d failed, %v; want %d, %d, no error", s.Denied, s.Failed, s.Ethtool, tt.denied, tt.failed)
			}
			for _, l := range s.Links {
				if l.Link.MTU != 1500 || l.Link.Flags&FlagUp == 0 {
					t.Errorf("B14 %s: MTU %d, flags %v; want both whatever ethtool says", l.Link.Name, l.Link.MTU, l.Link.Flags)
				}
			}
		})
	}
}

func TestNICStatsWithoutEthtool(t *testing.T) {
	for _, tt := range []struct {
		name string
		err  error
		want error
	}{
		{"no family (before Linux 5.6)", unix.ENOENT, ErrNotSupported},
		{"no generic netlink", unix.EPROTONOSUPPORT, ErrNotSupported},
		{"not allowed", unix.EPERM, ErrAccessDenied},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := links(t, func() (nlSocket, uint16, error) { return nil, 0, os.NewSyscallError("socket", tt.err) })
			var op *OpError
			if !errors.Is(s.Ethtool, tt.want) || !errors.Is(s.Ethtool, tt.err) || !errors.As(s.Ethtool, &op) {
				t.Errorf("ethtool: %v, want an OpError with %v and %v", s.Ethtool, tt.want, tt.err)
			}
			if len(s.Links) != 3 || s.Denied != 0 || s.Failed != 0 {
				t.Errorf("%d links, %d denied, %d failed; want 3 links", len(s.Links), s.Denied, s.Failed)
			}
		})
	}
	t.Run("socket that breaks", func(t *testing.T) {
		s := links(t, func() (nlSocket, uint16, error) {
			return sysprobetest.NewNetlinkPeer(func(request) answer { return answer{Cut: 16 + 4, Err: io.ErrClosedPipe} }), testFamily, nil
		})
		if s.Ethtool == nil || len(s.Links) != 3 {
			t.Errorf("ethtool: %v, %d links; want an error beside 3 links", s.Ethtool, len(s.Links))
		}
	})
}

func TestNICStatsSpeedAndDuplex(t *testing.T) {
	type told struct {
		Speed    Opt[uint32]
		Duplex   Duplex
		SpeedMax Opt[uint32]
		Degraded Opt[bool]
	}
	mbit := Some[uint32]
	none := Opt[uint32]{}
	tests := []struct {
		name string
		m    message
		want told
	}{
		{"B15 SPEED_UNKNOWN", modesMessage(1, 0xffffffff, 0xff), told{none, DuplexUnknown, none, Opt[bool]{}}},
		{"B17 SPEED_UNKNOWN of 16 bits", modesMessage(1, 65535, 1, 5), told{none, DuplexFull, mbit(1000), Opt[bool]{}}},
		{"speed 0", modesMessage(1, 0, 1), told{none, DuplexFull, none, Opt[bool]{}}},
		{"B19 half", modesMessage(1, 10, 0), told{mbit(10), DuplexHalf, none, Opt[bool]{}}},
		{"B19 full", modesMessage(1, 10, 1), told{mbit(10), DuplexFull, none, Opt[bool]{}}},
		{"B19 unknown", modesMessage(1, 10, 255), told{mbit(10), DuplexUnknown, none, Opt[bool]{}}},
		{"B19 beyond", modesMessage(1, 10, 2), told{mbit(10), DuplexUnknown, none, Opt[bool]{}}},
		{"as fast as can be", modesMessage(1, 1000, 1, 3, 5), told{mbit(1000), DuplexFull, mbit(1000), Some(false)}},
		{"below the best mode", modesMessage(1, 100, 1, 3, 5), told{mbit(100), DuplexFull, mbit(1000), Some(true)}},
		{"half duplex where full could be", modesMessage(1, 1000, 0, 4, 5), told{mbit(1000), DuplexHalf, mbit(1000), Some(true)}},
		{"half duplex is all there is", modesMessage(1, 100, 0, 0, 2), told{mbit(100), DuplexHalf, mbit(100), Some(false)}},
		{"half duplex at an unknown speed", modesMessage(1, 0, 0, 5), told{none, DuplexHalf, mbit(1000), Some(true)}},
		{"modes beyond the table", modesMessage(1, 400000, 1, 85, 120, 150), told{mbit(400000), DuplexFull, mbit(800000), Some(true)}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			others := []message{modesMessage(99, 1, 1), {Type: testFamily, Data: []byte{77, 1, 0, 0, 1}}} // no interface, no reply
			kernel := &ethtoolKernel{dump: answer{Messages: append(others, tt.m)}}
			s := links(t, func() (nlSocket, uint16, error) {
				return sysprobetest.NewNetlinkPeer(kernel.answer), testFamily, nil
			})
			l := s.Links[0]
			got := told{l.Speed, l.Duplex, l.SpeedMax, l.Degraded}
			if got != tt.want {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
		})
	}
	t.Run("nothing is degraded without a carrier", func(t *testing.T) {
		l := LinkStats{Speed: mbit(100), Duplex: DuplexHalf}
		if got := degraded(&l, ethnl.Best{Speed: 1000, Full: true}); got.Known() {
			t.Errorf("degraded = %v, want absent", got)
		}
	})
}

func TestSlowDriverHoldsUpNobodyElse(t *testing.T) {
	t.Run("B26 a driver that does not answer", func(t *testing.T) {
		asked, answered := make(chan struct{}), make(chan struct{})
		var once sync.Once
		var wg sync.WaitGroup
		wg.Go(func() {
			links(t, func() (nlSocket, uint16, error) {
				return sysprobetest.NewNetlinkPeer(func(request) answer {
					once.Do(func() { close(asked) })
					<-answered
					return answer{}
				}), testFamily, nil
			})
		})
		<-asked
		done := make(chan error)
		go func() {
			_, err := addrs(t, dialer(kernel(answer{}, answer{})))
			done <- err
		}()
		select {
		case err := <-done:
			if err != nil {
				t.Error(err)
			}
		case <-time.After(10 * time.Second):
			t.Error("addresses wait for a driver")
		}
		close(answered)
		wg.Wait()
	})
}

func TestKernelErrorText(t *testing.T) {
	_, err := addrs(t, dialer(kernel(answer{Errno: int(unix.EINVAL), Text: "ipv4: bad header"}, answer{})))
	if err == nil || !strings.Contains(err.Error(), "dump links") || !strings.Contains(err.Error(), "ipv4: bad header") {
		t.Errorf("err = %v, want operation and explanation", err)
	}
	if !errors.Is(err, unix.EINVAL) {
		t.Errorf("%v is not EINVAL", err)
	}
}
