//go:build linux

package sysprobe

import (
	"encoding/binary"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"telegraf-sysprobe/sysprobe/internal/decode/nlmsg"
	"telegraf-sysprobe/sysprobe/internal/decode/rtnl"
	"telegraf-sysprobe/sysprobe/internal/sys/nlconn"
)

// BenchmarkNICWatch1001 copies the kept table of 1,001 interfaces with 2,002
// addresses.
func BenchmarkNICWatch1001(b *testing.B) {
	w := benchNetNS(b).watch(nil)
	var s AddrSnapshot
	b.ReportAllocs()
	for b.Loop() {
		if err := w.Snapshot(b.Context(), &s); err != nil {
			b.Fatal(err)
		}
	}
	if len(s.Interfaces) != 1001 {
		b.Fatalf("got %d interfaces, want 1001", len(s.Interfaces))
	}
}

// BenchmarkNICWatchEvent is what the notification of one change costs, of an
// address that comes and goes in a table of 1,001 interfaces.
func BenchmarkNICWatchEvent(b *testing.B) {
	k := &watchedKernel{notes: make(chan note, 1)}
	c := nicWatchClient{notices: nlconn.NewWatch(k), kernel: &nicAddrsClient{links: &linkReader{names: interner{}}}}
	c.cfg = (&Config{}).withDefaults()
	c.table.emit = c.note
	for i := range 1001 {
		c.table.setLink(&Link{Index: i + 1, Name: "eth0"})
	}
	m := addrMessage(500, "eth0")
	in := [2][]byte{}
	for i, typ := range []uint16{rtnl.TypeNewAddr, unix.RTM_DELADDR} {
		in[i] = nlmsg.Append(nil, binary.NativeEndian, nlmsg.Message{Header: nlmsg.Header{Type: typ}, Data: m.Data})
	}
	c.pending = c.pending[:0]
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		k.notes <- note{datagram: in[i%2]}
		if err := c.notices.Receive(); err != nil {
			b.Fatal(err)
		}
		if err := c.apply(); err != nil {
			b.Fatal(err)
		}
		if len(c.pending) != 1 {
			b.Fatalf("%d events, want 1", len(c.pending))
		}
		c.pending = c.pending[:0]
	}
}

// BenchmarkNICWatchLatency is the time from a change to its event, and of the
// change itself: two system calls.
func BenchmarkNICWatchLatency(b *testing.B) {
	ns, w := newWatchedNetNS(b, nil)
	ns.do(func() error {
		sock, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			return err
		}
		defer unix.Close(sock) //nolint:errcheck // nothing was written
		request, err := unix.NewIfreq("lo")
		if err != nil {
			return err
		}
		var longest time.Duration
		n := 0
		for b.Loop() {
			request.SetUint32(uint32(2000 + n%2))
			begun := time.Now()
			if err := unix.IoctlIfreq(sock, unix.SIOCSIFMTU, request); err != nil {
				return err
			}
			<-w.Events()
			longest = max(longest, time.Since(begun))
			n++
		}
		b.ReportMetric(float64(longest.Nanoseconds()), "longest-ns")
		return nil
	})
}
