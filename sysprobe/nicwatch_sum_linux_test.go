//go:build linux

package sysprobe

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"telegraf-sysprobe/sysprobe/sysprobetest"
)

// facts are the parts of a table that events describe.
type facts map[string]bool

// factsOf returns the facts in a table.
func factsOf(s *AddrSnapshot) facts {
	f := facts{}
	for i := range s.Interfaces {
		l := &s.Interfaces[i].Link
		f[fmt.Sprint(l.Index, " name ", l.Name)] = true
		if l.Flags&FlagUp != 0 {
			f[fmt.Sprint(l.Index, " admin")] = true
		}
		if l.Flags.IsUp() {
			f[fmt.Sprint(l.Index, " link")] = true
		}
		for n := range s.Interfaces[i].Addrs {
			f[fmt.Sprint(l.Index, " ", s.Interfaces[i].Addrs[n].text())] = true
		}
	}
	return f
}

// apply changes the facts as an event describes. It returns a description of an
// event that adds a fact twice, or removes one that does not exist.
func (f facts) apply(e *NICEvent) string {
	var gone, come string
	switch e.Kind {
	case NICAdded:
		come = "name " + e.Interface
	case NICRemoved:
		gone = "name " + e.Interface
	case NICRenamed:
		gone, come = "name "+e.Old, "name "+e.New
	case NICAdminUp:
		come = "admin"
	case NICAdminDown:
		gone = "admin"
	case NICLinkUp:
		come = "link"
	case NICLinkDown:
		gone = "link"
	case NICAddressAdded, NICAddressRemoved:
		gone, come = e.Old, e.New
	}
	gone, come = fmt.Sprint(e.Index, " ", gone), fmt.Sprint(e.Index, " ", come)
	empty := fmt.Sprint(e.Index, " ")
	if gone != empty && !f[gone] || come != empty && f[come] {
		return fmt.Sprintf("%s: %q was there: %t, %q was there: %t", e.text(), gone, f[gone], come, f[come])
	}
	delete(f, gone)
	f[come] = true
	delete(f, empty)
	return ""
}

// follow applies all that happens until the facts are those of the kernel.
func (f facts) follow(t *testing.T, ns *netNS, w *NICWatch) {
	t.Helper()
	deadline := time.After(30 * time.Second)
	for {
		select {
		case e := <-w.Events():
			if wrong := f.apply(&e); wrong != "" {
				t.Error(wrong)
			}
			continue
		case <-time.After(50 * time.Millisecond):
		case <-deadline:
			t.Fatalf("events and kernel differ (-kernel +events):\n%s", cmp.Diff(factsOf(ns.snapshotAddrs()), f))
		}
		if cmp.Equal(factsOf(ns.snapshotAddrs()), f) {
			return
		}
	}
}

// TestNICWatchTable makes random changes. The table has to follow them to the
// order of addresses, and so have the events.
func TestNICWatchTable(t *testing.T) {
	ns, w := newWatchedNetNS(t, nil)
	ns.exec("sh", "-c", "echo 1 > /proc/sys/net/ipv4/conf/all/promote_secondaries")
	f := factsOf(w.table(t))
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0)) //nolint:gosec // a test that can be repeated
	rounds := 20
	if testing.Short() {
		rounds = 4
	}
	for range rounds {
		var commands []string
		for range 30 {
			commands = append(commands, randomChange(r))
		}
		ns.tryBatch(commands)
		f.follow(t, ns, w)
		sysprobetest.Eventually(t, func() string { return diffTables(ns.snapshotAddrs(), w.table(t)) })
		if t.Failed() {
			t.Fatalf("after\n%s", strings.Join(commands, "\n"))
		}
	}
}

// randomChange is a command of ip(8), which may fail.
func randomChange(r *rand.Rand) string {
	pick := func(texts ...string) string { return texts[r.IntN(len(texts))] }
	dev := pick("a", "b", "c") + pick("0", "1")
	scope := pick("", "", " scope link", " scope host", " scope site")
	v4 := fmt.Sprintf("10.0.%d.%d/%s", r.IntN(2), 1+r.IntN(5), pick("24", "24", "16", "32"))
	v6 := pick("2001:db8::", "fe80::", "fec0::") + fmt.Sprintf("%x/64", 1+r.IntN(4))
	switch r.IntN(16) {
	case 0:
		return fmt.Sprintf("link add a%[1]d type veth peer name b%[1]d", r.IntN(2))
	case 1:
		return fmt.Sprintf("link add c%d type bridge", r.IntN(2))
	case 2:
		return "link del " + dev
	case 3:
		return "link set " + dev + " name " + pick("a0", "b1", "c0")
	case 4, 5:
		return "link set " + dev + pick(" up", " up", " down")
	case 6:
		return "link set " + dev + pick(" master c0", " nomaster", " mtu 1400", " mtu 1500")
	case 7, 8, 9:
		return "addr add " + v4 + " dev " + dev + scope
	case 10, 11, 12:
		return "addr add " + v6 + " dev " + dev + " nodad" + pick("", "", " preferred_lft 0")
	case 13:
		return "addr add 10.1.0.1 peer 10.1.0." + pick("2/32", "3/32", "4/24") + " dev " + dev
	case 14:
		return "addr del " + v4 + " dev " + dev
	default:
		return "addr del " + v6 + " dev " + dev
	}
}

// tryBatch runs commands of ip(8) of which some may fail.
func (ns *netNS) tryBatch(commands []string) {
	ns.tb.Helper()
	cmd := exec.Command("ip", "-n", ns.name, "-force", "-batch", "-")
	cmd.Stdin = strings.NewReader(strings.Join(commands, "\n") + "\n")
	var failed *exec.ExitError
	if err := cmd.Run(); err != nil && !errors.As(err, &failed) {
		ns.tb.Fatal(err)
	}
}

// TestNICWatchOverflow lets the kernel drop notifications of 10,000 changes.
func TestNICWatchOverflow(t *testing.T) {
	ns, w := newWatchedNetNS(t, func(c *Config) { c.WatchBuffer = 4096 })
	f := factsOf(w.table(t))
	ns.ip("link add d0 type veth peer name d0p")
	var commands []string
	for i := range 10000 {
		ip := fmt.Sprintf("10.%d.%d.1/32 dev d0", i/2%5000/256, i/2%5000%256)
		commands = append(commands, "addr "+[]string{"add ", "del "}[i%2]+ip)
	}
	for i := range 100 {
		commands = append(commands, fmt.Sprintf("addr add 10.99.0.%d/32 dev d0", i))
	}
	ns.batch(commands)
	f.follow(t, ns, w)
	if diff := diffTables(ns.snapshotAddrs(), w.table(t)); diff != "" {
		t.Errorf("table (-kernel +watch):\n%s", diff)
	}
	if got := w.Stats(); got.Overflows == 0 {
		t.Errorf("nothing was dropped: %+v", got)
	}
	w.last(t, ns)
}

// TestNICWatchPromotes has secondary addresses become primary, which moves them
// before those that remain secondary.
func TestNICWatchPromotes(t *testing.T) {
	ns, w := newWatchedNetNS(t, nil)
	ns.exec("sh", "-c", "echo 1 > /proc/sys/net/ipv4/conf/all/promote_secondaries")
	f := factsOf(w.table(t))
	for _, commands := range [][]string{
		{"addr add 10.0.0.1/24 dev lo", "addr add 10.0.1.1/24 dev lo", "addr add 10.0.0.2/24 dev lo", "addr add 10.0.1.2/24 dev lo"},
		{"addr del 10.0.1.1/24 dev lo"},
		{"addr add 10.0.1.3/24 dev lo", "addr add 10.0.0.3/24 dev lo"},
		{"addr del 10.0.0.1/24 dev lo"},
	} {
		ns.batch(commands)
		f.follow(t, ns, w)
		sysprobetest.Eventually(t, func() string { return diffTables(ns.snapshotAddrs(), w.table(t)) })
	}
}
