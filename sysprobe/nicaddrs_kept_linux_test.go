//go:build linux

package sysprobe

import (
	"errors"
	"fmt"
	"io/fs"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"telegraf-sysprobe/sysprobe/internal/decode/rtnl"
)

// notices are linkNotices whose answer the test sets.
type notices struct {
	quiet  bool
	err    error
	closed int
}

func (n *notices) Drain() (quiet bool, err error) { return n.quiet, n.err }

func (n *notices) Close() error {
	n.closed++
	return nil
}

func TestLinksAreKeptWhileQuiet(t *testing.T) {
	dumps, second := 0, "b"
	dial := dialer(func(r request) answer {
		if r.Type == rtnl.TypeGetLink {
			dumps++
			return answer{Messages: []message{linkMessage(1, "a"), linkMessage(2, second)}}
		}
		return answer{Messages: []message{addrMessage(1, "a"), addrMessage(2, "x")}}
	})
	c, err := newNICAddrsClientOn(Config{}, dial)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Unix(1000, 0)
	n := &notices{quiet: true}
	c.kept.keepWhileQuiet(n, Config{WatchVerify: time.Minute, Now: func() time.Time { return now }})
	for _, step := range []struct {
		name   string
		change func()
		dumps  int
		second string
	}{
		{"first", func() {}, 1, "b"},
		{"quiet", func() { second = "c" }, 1, "b"},
		{"a notification", func() { n.quiet = false }, 2, "c"},
		{"quiet again", func() { n.quiet = true }, 2, "c"},
		{"notifications fail", func() { n.err = unix.EBADF }, 3, "c"},
		{"notifications work again", func() { n.err = nil }, 3, "c"},
		{"time to verify", func() { now, second = now.Add(time.Minute), "d" }, 4, "d"},
		{"just verified", func() { now = now.Add(time.Minute - 1) }, 4, "d"},
		{"never verified", func() { now, c.kept.verify = now.Add(time.Hour), -1 }, 4, "d"},
	} {
		step.change()
		s := AddrSnapshot{Interfaces: make([]InterfaceAddrs, 3)} // of a snapshot before
		if err := c.snapshot(t.Context(), &s); err != nil {
			t.Fatal(err)
		}
		if dumps != step.dumps {
			t.Errorf("%s: %d dumps of links, want %d", step.name, dumps, step.dumps)
		}
		want := []string{"a: a 10.0.0.1", step.second + ": x 10.0.0.2"}
		if diff := cmp.Diff(want, names(&s)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", step.name, diff)
		}
	}
	for _, want := range []error{nil, fs.ErrClosed} {
		if err := c.close(); !errors.Is(err, want) || n.closed != 1 {
			t.Errorf("close: %v, want %v; the subscription is closed %d times, want once", err, want, n.closed)
		}
	}
}

// An address whose interface is not among the kept links is of an interface that
// is new, even where no notification of it has arrived.
func TestKeptLinksAreReadAnewForAnUnknownInterface(t *testing.T) {
	dumps, links := 0, []message{linkMessage(1, "a")}
	addrs := []message{addrMessage(1, "a")}
	dial := dialer(func(r request) answer {
		if r.Type == rtnl.TypeGetLink {
			dumps++
			return answer{Messages: links}
		}
		return answer{Messages: addrs}
	})
	c, err := newNICAddrsClientOn(Config{}, dial)
	if err != nil {
		t.Fatal(err)
	}
	c.kept.keepWhileQuiet(&notices{quiet: true}, (&Config{}).withDefaults())
	var s AddrSnapshot
	if err := c.snapshot(t.Context(), &s); err != nil {
		t.Fatal(err)
	}
	links, addrs = append(links, linkMessage(2, "b")), append(addrs, addrMessage(2, "b"))
	if err := c.snapshot(t.Context(), &s); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"a: a 10.0.0.1", "b: b 10.0.0.2"}, names(&s)); diff != "" || dumps != 2 {
		t.Errorf("%d dumps of links, want 2; (-want +got):\n%s", dumps, diff)
	}
}

// The kernel notifies of every change that a snapshot shows: a handle that keeps
// links has the same rows as one that was opened a moment ago.
func TestKeptLinksFollowTheKernel(t *testing.T) {
	ns := newNetNSWithPair(t)
	h, err := OpenNICAddrs(ns.config())
	if err != nil {
		t.Fatal(err)
	}
	closeAfter(t, h)
	if h.client.kept.notices == nil {
		t.Fatal("no subscription to links")
	}
	var kept AddrSnapshot
	for _, change := range []string{
		"link set d0 mtu 1400",
		"link set d0 alias uplink",
		"link property add dev d0 altname thisisaverylongaltname",
		"link property add dev d0 altname another",
		"link property del dev d0 altname thisisaverylongaltname",
		"link set d0 address 02:00:00:00:00:01",
		"link set d0 txqueuelen 17",
		"link set d0 promisc on",
		"link set d0 allmulticast on",
		"link set d0 arp off",
		"link add br0 type bridge",
		"link set d0 master br0",
		"link set d0 nomaster",
		"link set d0p down",
		"link set d0p name renamed", // before Linux 6.2 not while it is up
		"link set renamed up",
		"addr add 192.0.2.1/24 dev renamed",
		"link add link d0 name mac0 type macvlan mode bridge",
		"link del mac0",
		"link set lo down",
		"link set d0 broadcast 02:ff:ff:ff:ff:ff",
		"tuntap add tap0 mode tap",
		"link set d0 down",
		"link set d0 alias below",
		"link del d0",
		"link del tap0",
		"link del br0",
		"link set lo up",
	} {
		ns.ip(change)
		var diff string
		for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(20 * time.Millisecond) {
			if err := h.Snapshot(t.Context(), &kept); err != nil {
				t.Fatal(err)
			}
			diff = diffTables(ns.snapshotAddrs(), &kept)
			if diff == "" || time.Now().After(deadline) {
				break
			}
		}
		if diff != "" {
			t.Fatalf("%s: fresh and kept differ (-fresh +kept):\n%s", change, diff)
		}
	}
	read := h.client.kept.read
	ns.ip("addr add 192.0.2.2/24 dev lo")
	if err := h.Snapshot(t.Context(), &kept); err != nil || !h.client.kept.read.Equal(read) {
		t.Errorf("an address made the links be read again (%v)", err)
	}
}

// TestKeptLinksThatAreDown changes an interface of which the kernel notifies nobody,
// where few enough are down to be asked for one by one.
func TestKeptLinksThatAreDown(t *testing.T) {
	ns := newNetNSWithPair(t)
	for _, name := range []string{"b0", "b1", "b2", "b3", "b4", "b5"} {
		ns.ip("link add " + name + " up type bridge")
	}
	ns.ip("link set lo up")
	ns.ip("link set d0p up")
	ns.ip("link set d0 down master b0")
	h, err := OpenNICAddrs(ns.config())
	if err != nil {
		t.Fatal(err)
	}
	closeAfter(t, h)
	// What is above is notified of for up to a second, which must not make a dump.
	if err := h.client.kept.close(); err != nil {
		t.Fatal(err)
	}
	h.client.kept.notices = &notices{quiet: true}
	var s AddrSnapshot
	d0 := func() string {
		t.Helper()
		if err := h.Snapshot(t.Context(), &s); err != nil {
			t.Fatal(err)
		}
		l := s.find(t, "d0").Link
		return fmt.Sprintf("%q %q of %s", l.Alias, l.AltNames, l.MasterName)
	}
	d0()
	before := h.client.kept.read
	for _, tt := range []struct{ change, want string }{
		{"link set d0 alias AD", `"AD" [] of b0`},
		{"link property add dev d0 altname altd", `"AD" ["altd"] of b0`},
		{"link property del dev d0 altname altd", `"AD" [] of b0`},
	} {
		ns.ip(tt.change)
		if got := d0(); got != tt.want || !h.client.kept.read.Equal(before) {
			t.Errorf("%s: %s, want %s; all links dumped: %v", tt.change, got, tt.want, !h.client.kept.read.Equal(before))
		}
	}
}
