package sysprobe

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"telegraf-sysprobe/sysprobe/sysprobetest"
)

// mediaRecording is what drivers said of their media, by interface, at the recorded
// table.
type mediaRecording struct {
	ribRecording

	request uint32
	media   map[string]string // files
	words   map[string][]uint64
	want    []string
}

var mediaRecordings = []mediaRecording{
	{
		ribRecordings[0], 0xc030698b,
		map[string]string{
			"em0": "freebsd13-em0-xmedia.hex", "em1": "freebsd13-em1-xmedia.hex", "em2": "freebsd13-em2-xmedia.hex",
			"em3": "freebsd13-em3-xmedia.hex", "em4": "freebsd13-em4-xmedia.hex",
		},
		map[string][]uint64{
			"em0": {0x20, 0x100030, 0x200026, 0x100026}, "em2": {0x20, 0x100835}, "em3": {0x200026}, "em4": {0x101832},
		},
		[]string{
			"lo0: up, speed absent unknown, autoneg absent, at most absent, degraded absent",
			"em0: up, speed 1000 full, autoneg true, at most 1000, degraded absent",
			"em1: no, speed absent unknown, autoneg true, at most absent, degraded absent",
			"em2: up, speed 25000 full, autoneg true, at most 25000, degraded absent",
			"em3: up, speed 100 half, autoneg false, at most 100, degraded absent",
			"em4: up, speed 400000 full, autoneg false, at most 400000, degraded absent",
			"gif0: no, speed absent unknown, autoneg absent, at most absent, degraded absent",
			"vlan0: no, speed absent unknown, autoneg absent, at most absent, degraded absent",
			"bridge0: no, speed absent unknown, autoneg absent, at most absent, degraded absent",
		},
	},
	{
		ribRecordings[2], 0xc0406938,
		map[string]string{
			"em0": "openbsd65-em0.hex", "em1": "openbsd65-em1.hex", "ix0": "openbsd65-ix0.hex", "re0": "openbsd65-re0.hex",
		},
		map[string][]uint64{"em0": {0x100, 0x10000000110, 0x10000000122}},
		[]string{
			"lo0: up, speed absent unknown, autoneg absent, at most absent, degraded absent",
			"em0: up, speed 1000 full, autoneg true, at most 2500, degraded absent",
			"em1: no, speed absent unknown, autoneg true, at most absent, degraded absent",
			"ix0: up, speed 25000 full, autoneg false, at most absent, degraded absent",
			"re0: up, speed 100 half, autoneg false, at most absent, degraded absent",
			"gif0: up, speed absent unknown, autoneg absent, at most absent, degraded absent",
		},
	},
	{
		ribRecordings[3], 0xc0306936,
		map[string]string{"tap0": "netbsd79934-tap0-1000t.hex", "tap1": "netbsd79934-tap1.hex"},
		nil,
		[]string{
			"lo0: up, speed absent unknown, autoneg absent, at most absent, degraded absent",
			"shmif0: up, speed absent unknown, autoneg absent, at most absent, degraded absent",
			"shmif1: no, speed absent unknown, autoneg absent, at most absent, degraded absent",
			"tap0: up, speed absent unknown, autoneg false, at most absent, degraded absent",
			"tap1: no, speed absent unknown, autoneg true, at most absent, degraded absent",
			"gif0: no, speed absent unknown, autoneg absent, at most absent, degraded absent",
			"bridge0: no, speed absent unknown, autoneg absent, at most absent, degraded absent",
			"agr0: no, speed absent unknown, autoneg absent, at most absent, degraded absent",
		},
	},
}

// drivers returns the drivers that answer as recorded. Those of other interfaces
// have no medium.
func (r *mediaRecording) drivers(t *testing.T) *sysprobetest.Ioctl {
	drivers := &sysprobetest.Ioctl{
		Answers: map[string][]byte{}, Lists: map[string][]byte{}, Errors: map[string]error{},
	}
	for _, name := range []string{"lo0", "gif0", "vlan0", "bridge0", "shmif0", "shmif1", "agr0"} {
		drivers.Errors[sysprobetest.IoctlName(r.request, name)] = syscall.EINVAL
		drivers.Errors[sysprobetest.IoctlName(0xc0306938, name)] = syscall.EINVAL
	}
	for name, file := range r.media {
		request := sysprobetest.IoctlName(r.request, name)
		drivers.Answers[request] = sysprobetest.Hex(t, "wire", "ifmedia", file)
		for _, word := range r.words[name] {
			if r.goos == "openbsd" {
				drivers.Lists[request] = binary.LittleEndian.AppendUint64(drivers.Lists[request], word)
			} else {
				drivers.Lists[request] = binary.LittleEndian.AppendUint32(drivers.Lists[request], uint32(word))
			}
		}
	}
	return drivers
}

// open opens a client of the recorded kernel.
func (r *mediaRecording) open(t *testing.T, drivers *sysprobetest.Ioctl) *ribNICStatsClient {
	t.Helper()
	c, err := newRIBNICStatsClient(nicKernel{
		sysctl: r.replay(t).Call, ioctl: drivers.Call, close: func() error { return nil }, goos: r.goos, goarch: "amd64",
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// value writes an optional value.
func value[T any](o Opt[T]) string {
	if v, known := o.Get(); known {
		return fmt.Sprint(v)
	}
	return "absent"
}

// TestI11I12RIBNICStats reads recorded tables and media, I11 and I12.
func TestI11I12RIBNICStats(t *testing.T) {
	for _, r := range mediaRecordings {
		t.Run(r.goos, func(t *testing.T) {
			c := r.open(t, r.drivers(t))
			var s LinkSnapshot
			for range 2 {
				if err := c.snapshot(t.Context(), &s, 0); err != nil || s.Denied+s.Failed+s.Late > 0 {
					t.Fatalf("%v; %d denied, %d failed", err, s.Denied, s.Failed)
				}
				var got []string
				for i := range s.Links {
					l := &s.Links[i]
					up := map[bool]string{true: "up", false: "no"}[l.Link.Flags.IsUp()]
					got = append(got, fmt.Sprintf("%s: %s, speed %s %v, autoneg %s, at most %s, degraded %s",
						l.Link.Name, up, value(l.Speed), l.Duplex, value(l.Autoneg), value(l.SpeedMax), value(l.Degraded)))
				}
				if diff := cmp.Diff(r.want, got); diff != "" {
					t.Errorf("links (-want +got):\n%s", diff)
				}
			}
		})
	}
}

// TestRIBCounters checks that what a system does not count is absent, and that
// macOS, which rounds the counters of bytes, has none.
func TestRIBCounters(t *testing.T) {
	for _, tc := range []struct {
		r    *ribRecording
		link int
		want string
	}{
		{&ribRecordings[2], 1, "packets 1002 2002, errors 1 2, bytes 4294967298 8589934594, drops 7 8, multicast 5, collisions 4"},
		{&ribRecordings[4], 1, "packets 4294968300 2004, errors 1 2, bytes absent absent, drops 7 absent, multicast 5, collisions 4"},
		{&ribRecordings[3], 2, "packets 0 0, errors 0 0, bytes 0 0, drops 0 absent, multicast 0, collisions 0"},
	} {
		r := mediaRecording{ribRecording: *tc.r}
		drivers := &sysprobetest.Ioctl{Errors: map[string]error{}}
		for _, request := range []uint32{0xc0406938, 0xc02c6948, 0xc02c6938, 0xc0306936} {
			for _, name := range []string{"lo0", "em0", "en0", "shmif0", "shmif1"} {
				drivers.Errors[sysprobetest.IoctlName(request, name)] = syscall.EINVAL
			}
		}
		var s LinkSnapshot
		if err := r.open(t, drivers).snapshot(t.Context(), &s, 0); err != nil || len(s.Links) <= tc.link {
			t.Fatalf("%s: %d links, %v", r.goos, len(s.Links), err)
		}
		n, _ := s.Links[tc.link].Counters.Get()
		got := fmt.Sprintf("packets %d %d, errors %d %d, bytes %s %s, drops %s %s, multicast %s, collisions %s",
			n.RxPackets, n.TxPackets, n.RxErrors, n.TxErrors, value(n.RxBytes), value(n.TxBytes),
			value(n.RxDropped), value(n.TxDropped), value(n.Multicast), value(n.Collisions))
		if got != tc.want || n.Details.Known() {
			t.Errorf("%s: %s, details %v; want %s", r.goos, got, n.Details.Known(), tc.want)
		}
	}
}

// TestI13RIBNICStatsFails is I13, a driver that fails, one that denies, and the errors
// of a snapshot as a whole.
func TestI13RIBNICStatsFails(t *testing.T) {
	r := mediaRecordings[0]
	drivers := r.drivers(t)
	delete(drivers.Answers, sysprobetest.IoctlName(r.request, "em1")) // ENXIO of every request
	for name, err := range map[string]error{"em2": syscall.EIO, "em3": syscall.EPERM} {
		drivers.Errors[sysprobetest.IoctlName(r.request, name)] = err
		drivers.Errors[sysprobetest.IoctlName(0xc0306938, name)] = err
	}
	c := r.open(t, drivers)
	var s LinkSnapshot
	if err := c.snapshot(t.Context(), &s, 0); err != nil || s.Failed != 1 || s.Denied != 1 || len(s.Links) != 8 {
		t.Errorf("%d links, %d failed, %d denied, %v; want 8 without em1, 1, 1", len(s.Links), s.Failed, s.Denied, err)
	}
	for i := range s.Links {
		if s.Links[i].Link.Name == "em1" {
			t.Error("em1, which is gone, has a row")
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := c.snapshot(ctx, &s, 0); !errors.Is(err, context.Canceled) || len(s.Links) > 0 {
		t.Errorf("with an ended context %d links, %v", len(s.Links), err)
	}
	if err := c.close(); err != nil {
		t.Error(err)
	}
	if err := c.close(); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("a second close: %v", err)
	}
	if err := c.snapshot(t.Context(), &s, 0); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("after close: %v", err)
	}
}

// TestRIBNames gives interfaces a description and groups, each its own.
func TestRIBNames(t *testing.T) {
	r := mediaRecordings[0]
	drivers := r.drivers(t)
	drivers.Answers[sysprobetest.IoctlName(0xc020692a, "em0")] = nil
	drivers.Lists[sysprobetest.IoctlName(0xc020692a, "em0")] = []byte("uplink\x00")
	for name, groups := range map[string]string{"lo0": "all\x00lo", "em0": "all\x00egress", "em2": "all"} {
		var list []byte
		for group := range strings.SplitSeq(groups, "\x00") {
			list = append(list, make([]byte, 16)...)
			copy(list[len(list)-16:], group)
		}
		drivers.Answers[sysprobetest.IoctlName(0xc0286988, name)] = nil
		drivers.Lists[sysprobetest.IoctlName(0xc0286988, name)] = list
	}
	c := r.open(t, drivers)
	var s LinkSnapshot
	for range 2 {
		if err := c.snapshot(t.Context(), &s, 0); err != nil {
			t.Fatal(err)
		}
		got := map[string]string{}
		for i := range s.Links {
			if l := &s.Links[i]; l.Link.Alias != "" || len(l.Groups) > 0 {
				got[l.Link.Name] = fmt.Sprintf("%s %q", l.Link.Alias, l.Groups)
			}
		}
		want := map[string]string{"lo0": ` ["all" "lo"]`, "em0": `uplink ["all" "egress"]`, "em2": ` ["all"]`}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("names (-want +got):\n%s", diff)
		}
	}
}

// TestRIBMediaIsNewer gives a link a medium that no table has: its speed is the one
// that the driver gave to the network stack.
func TestRIBMediaIsNewer(t *testing.T) {
	r := mediaRecordings[0]
	drivers := r.drivers(t)
	answer := drivers.Answers[sysprobetest.IoctlName(r.request, "em0")]
	binary.LittleEndian.PutUint32(answer[28:], 0x10783e) // ifm_active
	var s LinkSnapshot
	if err := r.open(t, drivers).snapshot(t.Context(), &s, 0); err != nil {
		t.Fatal(err)
	}
	if l := &s.Links[1]; l.Speed != Some(uint32(1000)) || l.Duplex != DuplexFull {
		t.Errorf("%s has %s Mbit/s, %v; want 1000, full", l.Link.Name, value(l.Speed), l.Duplex)
	}
}

// TestRIBMediaHasNoDefault gives a link of NetBSD a medium that no table has, beside the
// 10 Mbit/s that its kernel takes an Ethernet for, and one of NetBSD 9.
func TestRIBMediaHasNoDefault(t *testing.T) {
	r := mediaRecordings[2]
	for active, want := range map[uint32]string{0x10003f: "absent full", 0x10003d: "2500 full", 0x100023: "10 full"} {
		drivers := r.drivers(t)
		answer := drivers.Answers[sysprobetest.IoctlName(r.request, "tap0")]
		binary.LittleEndian.PutUint32(answer[24:], 3) // ifm_status
		binary.LittleEndian.PutUint32(answer[28:], active)
		var s LinkSnapshot
		if err := r.open(t, drivers).snapshot(t.Context(), &s, 0); err != nil {
			t.Fatal(err)
		}
		l := &s.Links[3]
		if got := fmt.Sprintf("%s %v", value(l.Speed), l.Duplex); got != want || l.Link.Name != "tap0" {
			t.Errorf("%s of %#x: %s, want %s", l.Link.Name, active, got, want)
		}
	}
}
