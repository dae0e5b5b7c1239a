package sysprobe

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"telegraf-sysprobe/sysprobe/internal/decode"
	"telegraf-sysprobe/sysprobe/internal/decode/rib"
	"telegraf-sysprobe/sysprobe/sysprobetest"
)

// ribRecording is a recorded table of interfaces and addresses.
type ribRecording struct {
	goos, question, file string
	// want are the interfaces with what was configured: index, name, kind, flags,
	// MTU, hardware address, operational state and addresses.
	want []string
}

// replay returns a kernel that has the table.
func (r *ribRecording) replay(t testing.TB) *sysprobetest.Sysctl {
	t.Helper()
	needLittleEndian(t)
	return &sysprobetest.Sysctl{Answers: map[string][]byte{r.question: sysprobetest.Hex(t, "wire", "rib", r.file)}}
}

// needLittleEndian skips where the recorded bytes would be read in another order.
func needLittleEndian(t testing.TB) {
	t.Helper()
	if binary.NativeEndian.Uint16([]byte{1, 0}) != 1 {
		t.Skip("needs a little-endian machine, as those of the recordings")
	}
}

var ribRecordings = []ribRecording{
	{"freebsd", "4.17.0.0.5.0", "freebsd13-iflistl.hex", freebsdNICs},
	{"freebsd", "4.17.0.0.3.0", "freebsd13-iflist.hex", freebsdNICs},
	{"openbsd", "4.17.0.0.3.0", "openbsd65-iflist.hex", openbsdNICs},
	{"netbsd", "4.34.0.0.5.0", "netbsd79934-iflist.hex", netbsdNICs},
	{"darwin", "4.17.0.0.6.0", "xnu11417-iflist2.hex", darwinNICs},
	{"darwin", "4.17.0.0.3.0", "xnu11417-iflist.hex", darwinNICs},
}

var freebsdNICs = []string{
	"1 lo0 loopback up,loopback,running,multicast mtu 16384  up; 127.0.0.1/8 host; ::1/128 host; fe80::1%lo0/64 link",
	"2 em0 ether up,broadcast,running,multicast,simplex mtu 1500 02:a0:b1:c2:d3:01 up; 192.0.2.5/24 global broadcast 192.0.2.255; " +
		"10.20.30.40/28 global broadcast 10.20.30.47; 2001:db8:12::34/64 global; fe80::a0:b1ff:fec2:d301%em0/64 link",
	"3 em1 ether up,broadcast,multicast,simplex mtu 1500 02:a0:b1:c2:d3:02 down; 198.51.100.1/23 global broadcast 198.51.101.255",
	"4 em2 ether up,broadcast,running,multicast,simplex mtu 9000 02:a0:b1:c2:d3:03 up; 2001:db8:ffff::1/96 global; " +
		"fe80::a0:b1ff:fec2:d303%em2/64 link",
	"5 em3 ether up,broadcast,running,multicast,simplex mtu 1500 02:a0:b1:c2:d3:04 up",
	"6 em4 ether up,broadcast,running,multicast,simplex mtu 1500 02:a0:b1:c2:d3:05 up",
	"7 gif0 gif up,pointopoint,multicast mtu 1280  unknown; 172.16.0.1/32 global peer 172.16.0.2",
	"8 vlan0 vlan broadcast,multicast mtu 1500 00:00:00:00:00:00 down",
	"9 bridge0 bridge broadcast,multicast,simplex mtu 1500 58:9c:fc:10:ff:a3 down",
}

var openbsdNICs = []string{
	"1 lo0 loopback up,loopback,running,multicast mtu 32768  unknown; 127.0.0.1/8 host",
	"2 em0 ether up,broadcast,running,multicast,simplex mtu 1500 02:b0:c1:d2:e3:01 up; 192.0.2.5/24 global broadcast 192.0.2.255; " +
		"10.20.30.40/28 global broadcast 10.20.30.47; 2001:db8:12::34/64 global; fe80::b0:c1ff:fed2:e301%em0/64 link",
	"3 em1 ether broadcast,multicast,simplex mtu 9000 02:b0:c1:d2:e3:02 down; 198.51.100.1/23 global broadcast 198.51.101.255",
	"4 ix0 ether up,broadcast,running,multicast,simplex mtu 1500 02:b0:c1:d2:e3:03 up",
	"5 re0 ether up,broadcast,running,multicast,simplex mtu 1500 02:b0:c1:d2:e3:04 up",
	"6 gif0 gif up,pointopoint,running,multicast mtu 1280  up; 172.16.0.1/32 global peer 172.16.0.2",
}

var netbsdNICs = []string{
	"1 lo0 loopback up,loopback,running,multicast mtu 33624  unknown; 127.0.0.1/8 host; ::1/128 host; fe80::1%lo0/64 link",
	"2 shmif0 ether up,broadcast,running,multicast,simplex mtu 1400 b2:a0:40:b6:60:bb unknown; 192.0.2.5/24 global broadcast 192.0.2.255; " +
		"10.20.30.40/28 global broadcast 10.20.30.47; fe80::b0a0:40ff:feb6:60bb%shmif0/64 link; 2001:db8:12::34/64 global",
	"3 shmif1 ether broadcast,multicast,simplex mtu 1500 b2:a0:47:93:4c:f8 down",
	"4 tap0 ether up,broadcast,running,multicast,simplex mtu 1500 f2:0b:a4:c2:b6:3a unknown; 203.0.113.1/25 global broadcast 203.0.113.127; " +
		"fe80::f00b:a4ff:fec2:b63a%tap0/64 link; 2001:db8:ffff::1/96 global",
	"5 tap1 ether broadcast,multicast,simplex mtu 1500 f2:0b:a4:19:95:16 down",
	"6 gif0 gif up,pointopoint,multicast mtu 1280  unknown; 172.16.0.1/32 global peer 172.16.0.2; fe80::1068:d878:261b:aa69%gif0/64 link",
	"7 bridge0 bridge  mtu 1500  down",
	"8 agr0 void broadcast,multicast,simplex mtu 0  down",
}

var darwinNICs = []string{
	"1 lo0 loopback up,loopback,running,multicast mtu 16384  unknown; 127.0.0.1/8 host; ::1/128 host",
	"4 en0 ether up,broadcast,running,multicast,simplex mtu 1500 02:c0:d1:e2:f3:01 unknown; 192.0.2.5/24 global broadcast 192.0.2.255; " +
		"10.20.30.40/28 global broadcast 10.20.30.47; 2001:db8:12::34/64 global; fe80::c0:d1ff:fee2:f301%en0/64 link",
	"5 en5 ether broadcast,multicast,simplex mtu 9000 02:c0:d1:e2:f3:02 down; 198.51.100.1/23 global broadcast 198.51.101.255",
	"7 en7 ether up,broadcast,running,multicast,simplex mtu 1500 02:c0:d1:e2:f3:03 unknown",
	"9 utun0 void up,pointopoint,running,multicast mtu 1280  unknown; 172.16.0.1/32 global peer 172.16.0.2",
}

// describe writes an interface and its addresses as ribRecording.want has them.
func describe(i *InterfaceAddrs) string {
	l := &i.Link
	text := fmt.Sprintf("%d %s %s %v mtu %d %v %v", l.Index, l.Name, l.Kind, l.Flags, l.MTU, l.HardwareAddr, l.OperState)
	for _, a := range i.Addrs {
		text += fmt.Sprintf("; %v/%d %v", a.IP, a.PrefixLen, a.Scope)
		for _, end := range []struct {
			what string
			ip   netip.Addr
		}{{"broadcast", a.Broadcast}, {"peer", a.Peer}} {
			if end.ip.IsValid() {
				text += fmt.Sprintf(" %s %v", end.what, end.ip)
			}
		}
	}
	return text
}

// TestRIBNICAddrs reads the recorded tables of other systems.
func TestRIBNICAddrs(t *testing.T) {
	for _, r := range ribRecordings {
		t.Run(r.file, func(t *testing.T) {
			c, err := newRIBNICAddrsClient(r.replay(t).Call, r.goos, "amd64")
			if err != nil {
				t.Fatal(err)
			}
			var s AddrSnapshot
			for range 2 { // the second one uses the memory of the first
				if err := c.snapshot(t.Context(), &s); err != nil {
					t.Fatal(err)
				}
				var got []string
				for i := range s.Interfaces {
					got = append(got, describe(&s.Interfaces[i]))
				}
				if diff := cmp.Diff(r.want, got); diff != "" {
					t.Errorf("interfaces (-want +got):\n%s", diff)
				}
			}
		})
	}
}

// TestRIBMalformedRow spoils one message about an interface, which is the only one
// that a snapshot of the others then lacks.
func TestRIBMalformedRow(t *testing.T) {
	r := ribRecordings[4]
	kernel := r.replay(t)
	kernel.Answers[r.question][160] = 0xff // sdl_len, behind if_msghdr2 of lo0
	addrs, err := newRIBNICAddrsClient(kernel.Call, r.goos, "amd64")
	if err != nil {
		t.Fatal(err)
	}
	s := AddrSnapshot{Malformed: 7}
	var got []string
	err = addrs.snapshot(t.Context(), &s)
	for i := range s.Interfaces {
		got = append(got, describe(&s.Interfaces[i]))
	}
	if diff := cmp.Diff(r.want[1:], got); diff != "" || err != nil || s.Malformed != 1 {
		t.Errorf("%v, %d malformed; interfaces (-want +got):\n%s", err, s.Malformed, diff)
	}
	links, err := newRIBNICStatsClient(nicKernel{
		sysctl: kernel.Call, close: func() error { return nil }, goos: r.goos, goarch: "amd64",
		ioctl: func(uint32, []byte, decode.Field, []byte) error { return syscall.EINVAL },
	})
	if err != nil {
		t.Fatal(err)
	}
	var l LinkSnapshot
	if err := links.snapshot(t.Context(), &l, 0); err != nil || len(l.Links) != len(got) || l.Malformed != 1 {
		t.Errorf("%d links, %d malformed, %v; want %d, 1", len(l.Links), l.Malformed, err, len(got))
	}
	w, err := startNoticedNICWatch(t.Context(), (&Config{}).withDefaults(), NICChoice{}, newFakeNotices(), addrs)
	if err != nil {
		t.Fatal(err)
	}
	if stats := w.statistics(); stats.Malformed != 1 || stats.Events != 0 {
		t.Errorf("a watch counts %+v", stats)
	}
	if err := w.close(); err != nil {
		t.Error(err)
	}
}

// TestRIBAddrOfItsOwn gives addresses themselves as broadcast address or peer, as these
// kernels keep them where none was given, and a broadcast address to a network of one.
func TestRIBAddrOfItsOwn(t *testing.T) {
	own, other := netip.MustParseAddr("192.0.2.5"), netip.MustParseAddr("192.0.2.9")
	net, host := netip.MustParseAddr("255.255.255.0"), netip.MustParseAddr("255.255.255.255")
	for name, tc := range map[string]struct {
		raw             rib.Addr
		broadcast, peer netip.Addr
	}{
		"broadcast of itself":       {rib.Addr{IP: own, Mask: net, Broadcast: own}, netip.Addr{}, netip.Addr{}},
		"broadcast of another":      {rib.Addr{IP: own, Mask: net, Broadcast: other}, other, netip.Addr{}},
		"broadcast of a network/32": {rib.Addr{IP: own, Mask: host, Broadcast: other}, netip.Addr{}, netip.Addr{}},
		"peer of itself":            {rib.Addr{IP: own, Mask: host, Peer: own}, netip.Addr{}, netip.Addr{}},
		"peer of another":           {rib.Addr{IP: own, Mask: host, Peer: other}, netip.Addr{}, other},
	} {
		var i InterfaceAddrs
		i.addRIB(&tc.raw)
		if a := i.Addrs[0]; a.IP != own || a.Broadcast != tc.broadcast || a.Peer != tc.peer {
			t.Errorf("%s: broadcast %v, peer %v; want %v, %v", name, a.Broadcast, a.Peer, tc.broadcast, tc.peer)
		}
	}
}

// TestRIBNICAddrsFails takes snapshots after Close, with a context that has ended,
// and of kernels that have no answer.
func TestRIBNICAddrsFails(t *testing.T) {
	open := func(kernel *sysprobetest.Sysctl) *ribNICAddrsClient {
		c, err := newRIBNICAddrsClient(kernel.Call, "openbsd", "arm64")
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	check := func(what string, err, want error) {
		t.Helper()
		var op *OpError
		if !errors.Is(err, want) || !errors.As(err, &op) {
			t.Errorf("%s: %v, want an OpError of %v", what, err, want)
		}
	}
	dst := AddrSnapshot{Interfaces: make([]InterfaceAddrs, 3)}
	denied := &sysprobetest.Sysctl{Errors: map[string]error{"4.17.0.0.3.0": syscall.EPERM}}
	check("a kernel that denies", open(denied).snapshot(t.Context(), &dst), ErrAccessDenied)
	if len(dst.Interfaces) != 0 {
		t.Errorf("after an error there are %d interfaces", len(dst.Interfaces))
	}
	cut := &sysprobetest.Sysctl{Answers: map[string][]byte{"4.17.0.0.3.0": {1, 2, 3}}}
	c := open(cut)
	check("a cut answer", c.snapshot(t.Context(), &dst), ErrMalformed)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	check("an ended context", c.snapshot(ctx, &dst), context.Canceled)
	if err := c.close(); err != nil {
		t.Error(err)
	}
	check("a second close", c.close(), fs.ErrClosed)
	check("a snapshot after close", c.snapshot(t.Context(), &dst), fs.ErrClosed)
	_, err := newRIBNICAddrsClient(cut.Call, "plan9", runtime.GOARCH)
	check("an unknown system", err, ErrNotSupported)
	if !strings.Contains(err.Error(), "plan9") {
		t.Errorf("%v does not name the system", err)
	}
}
