//go:build linux

package sysprobe

import (
	"encoding/binary"
	"errors"
	"io"
	"io/fs"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"telegraf-sysprobe/sysprobe/internal/decode/nlmsg"
	"telegraf-sysprobe/sysprobe/internal/decode/rtnl"
	"telegraf-sysprobe/sysprobe/internal/sys/ethtool"
	"telegraf-sysprobe/sysprobe/internal/sys/nlconn"
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

// dialer makes sockets to one kernel after the other, and the last one again
// and again.
func dialer(answers ...func(request) answer) func() (nlconn.Socket, error) {
	return func() (nlconn.Socket, error) {
		a := answers[0]
		if len(answers) > 1 {
			answers = answers[1:]
		}
		return sysprobetest.NewNetlinkPeer(a), nil
	}
}

// addrs makes a snapshot of what a kernel answers.
func addrs(t *testing.T, dial func() (nlconn.Socket, error)) (*AddrSnapshot, error) {
	t.Helper()
	c, err := newNICAddrsClientOn(Config{}, dial)
	if err != nil {
		return nil, err
	}
	s := &AddrSnapshot{Interfaces: make([]InterfaceAddrs, 3)} // of a snapshot before
	return s, c.snapshot(t.Context(), s)
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
	c, err := newNICAddrsClientOn(Config{}, func() (nlconn.Socket, error) {
		p := sysprobetest.NewNetlinkPeer(answers[len(peers)])
		peers = append(peers, p)
		return p, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	var s AddrSnapshot
	if err := c.snapshot(t.Context(), &s); !errors.Is(err, ErrMalformed) {
		t.Fatalf("first snapshot: %v, want ErrMalformed", err)
	}
	if err := c.snapshot(t.Context(), &s); err != nil || len(s.Interfaces) != 1 {
		t.Fatalf("second snapshot: %d interfaces, %v", len(s.Interfaces), err)
	}
	if len(peers) != 2 || !peers[0].Closed() || peers[1].Closed() {
		t.Errorf("%d sockets; want the first closed and the second in use", len(peers))
	}
	if err := c.close(); err != nil {
		t.Errorf("close: %v", err)
	}
	if err := c.close(); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("second close: %v, want fs.ErrClosed", err)
	}
	if err := c.snapshot(t.Context(), &s); !errors.Is(err, fs.ErrClosed) || !peers[1].Closed() {
		t.Errorf("snapshot after close: %v, want fs.ErrClosed", err)
	}
}

func TestNoSocket(t *testing.T) {
	t.Run("B24 a family that is not there is an error and no empty answer", func(t *testing.T) {
		dial := func() (nlconn.Socket, error) { return nil, opError("open netlink socket", "", unix.EAFNOSUPPORT) }
		if _, err := newNICAddrsClientOn(Config{}, dial); !errors.Is(err, unix.EAFNOSUPPORT) {
			t.Errorf("addresses: %v, want EAFNOSUPPORT", err)
		}
		if _, err := newNICStatsClientOn(Config{}, dial, ethtool.Kernel{}); !errors.Is(err, unix.EAFNOSUPPORT) {
			t.Errorf("stats: %v, want EAFNOSUPPORT", err)
		}
	})
}

func TestSlowDriverHoldsUpNobodyElse(t *testing.T) {
	t.Run("B26 a driver that does not answer", func(t *testing.T) {
		asked, answered := make(chan struct{}), make(chan struct{})
		var once sync.Once
		var wg sync.WaitGroup
		wg.Go(func() {
			links(t, driversOf(func(request) answer {
				once.Do(func() { close(asked) })
				<-answered
				return answer{}
			}))
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
