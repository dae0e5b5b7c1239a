//go:build linux

package sysprobe

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/netip"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"telegraf-sysprobe/sysprobe/sysprobetest"
)

// randomSets is how many sets of interfaces TestRandomInterfaces makes;
// SYSPROBE_TEST_SETS is another number, SYSPROBE_TEST_SEED the first seed.
const randomSets = 200

// TestRandomInterfaces makes sets of interfaces and addresses by chance, and
// compares what the handles say of each with ip(8) and with psutil.
func TestRandomInterfaces(t *testing.T) {
	sysprobetest.NeedTool(t, "ip")
	python := sysprobetest.NeedPython(t, "psutil")
	sysprobetest.NeedNamespaces(t)
	number := func(variable string, otherwise int) int {
		if n, err := strconv.Atoi(os.Getenv(variable)); err == nil {
			return n
		}
		return otherwise
	}
	first := number("SYSPROBE_TEST_SEED", int(rand.Uint32()>>1))
	psutil := startPsutil(t, python)
	var seen randomCounts
	for seed := first; seed < first+number("SYSPROBE_TEST_SETS", randomSets); seed++ {
		ok := t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) { compareRandomSet(t, seed, psutil, &seen) })
		if !ok {
			break // the others take 20 s each to fail too
		}
	}
	t.Logf("%+v", seen)
}

// randomCounts says what the sets had, so that one can see that they are worth
// comparing.
type randomCounts struct{ Interfaces, IPv4, IPv6, Refused int }

// compareRandomSet makes the set of a seed and compares. It looks again while
// there is a difference: the kernel settles states in its own time.
func compareRandomSet(t *testing.T, seed int, psutil *psutilProcess, seen *randomCounts) {
	ns := newNetNS(t)
	commands := randomCommands(rand.New(rand.NewPCG(uint64(seed), 0)))
	seen.Refused += ns.batchAsFarAsPossible(commands)
	sysprobetest.Eventually(t, func() string {
		addrs, links := ns.snapshotAddrs(), ns.snapshotLinks()
		for _, difference := range []struct{ of, is string }{
			{"addresses (-ip +sysprobe)", diffRandomAddrs(ns, addrs)},
			{"links (-ip +sysprobe)", diffIPLinks(ns.ipJSON("-s -s -d link"), links.Links)},
			{"psutil.net_if_addrs (-psutil +sysprobe)", psutil.diffAddrs(t, ns, addrs)},
			{"psutil.net_if_stats (-psutil +sysprobe)", psutil.diffStats(t, ns, links)},
		} {
			if difference.is != "" {
				return fmt.Sprintf("%s:\n%s\nmade by\n%s", difference.of, difference.is, strings.Join(commands, "\n"))
			}
		}
		seen.count(addrs)
		return ""
	})
}

// count adds the addresses of a set.
func (c *randomCounts) count(s *AddrSnapshot) {
	c.Interfaces += len(s.Interfaces)
	for i := range s.Interfaces {
		for _, a := range s.Interfaces[i].Addrs {
			if a.IP.Is4() {
				c.IPv4++
			} else {
				c.IPv6++
			}
		}
	}
}

// batchAsFarAsPossible runs commands of ip(8) of which some may be refused, and
// returns how many were.
func (ns *netNS) batchAsFarAsPossible(commands []string) int {
	ns.tb.Helper()
	cmd := exec.Command("ip", "-force", "-n", ns.name, "-batch", "-")
	cmd.Stdin = strings.NewReader(strings.Join(commands, "\n") + "\n")
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		ns.tb.Fatal(err)
	}
	return strings.Count(string(out), "Command failed")
}

// randomCommands returns commands of ip(8) that make a set of interfaces.
func randomCommands(r *rand.Rand) []string {
	commands := []string{"link set lo " + pick(r, "up", "down")}
	names := []string{"lo"}
	add := func(name, format string, args ...any) {
		commands = append(commands, fmt.Sprintf(format, args...))
		names = append(names, name)
	}
	for i := range 1 + r.IntN(5) {
		name := fmt.Sprintf("%s%d", pick(r, "eth", "x.y-", "a@b!", "é"), i)
		switch pick(r, "veth", "bridge", "tun", "tap", "macvlan", "vxlan", "ifb") {
		case "veth":
			add(name, "link add %s type veth peer name p%d", name, i)
			names = append(names, fmt.Sprintf("p%d", i))
		case "bridge":
			add(name, "link add %s type bridge stp_state %d", name, r.IntN(2))
			if port := names[r.IntN(len(names))]; port != "lo" && r.IntN(2) == 0 {
				commands = append(commands, fmt.Sprintf("link set %s master %s", port, name))
			}
		case "tun":
			add(name, "tuntap add dev %s mode tun", name)
		case "tap":
			add(name, "tuntap add dev %s mode tap", name)
		case "macvlan":
			add(name, "link add %s link %s type macvlan mode %s", name, names[r.IntN(len(names))], pick(r, "bridge", "private", "vepa"))
		case "vxlan":
			add(name, "link add %s type vxlan id %d dstport 4789 remote 192.0.2.1", name, 1+i)
		case "ifb":
			add(name, "link add %s type ifb", name)
		}
	}
	for i, name := range names[1:] {
		commands = append(commands, randomState(r, name, i)...)
	}
	for i := range r.IntN(12) {
		name := names[r.IntN(len(names))]
		if r.IntN(2) == 0 {
			commands = append(commands, randomIPv4(r, name, i))
		} else {
			commands = append(commands, randomIPv6(r, name, i))
		}
	}
	return commands
}

// pick returns one of words.
func pick(r *rand.Rand, words ...string) string { return words[r.IntN(len(words))] }

// maybe returns words in one of three cases.
func maybe(r *rand.Rand, format string, args ...any) string {
	if r.IntN(3) > 0 {
		return ""
	}
	return " " + fmt.Sprintf(format, args...)
}

// randomState returns commands that change an interface.
func randomState(r *rand.Rand, name string, i int) []string {
	commands := []string{"link set " + name + maybe(r, "mtu %d", 1280+r.IntN(200)) + maybe(r, "txqueuelen %d", r.IntN(2000)) +
		maybe(r, "address 02:00:00:00:%02x:%02x", r.IntN(256), i) + maybe(r, `alias "rack %d, port %d"`, r.IntN(9), i) +
		maybe(r, "arp off") + maybe(r, "promisc on") + maybe(r, "allmulticast on") + " " + pick(r, "up", "up", "down")}
	for n := range r.IntN(3) {
		commands = append(commands, fmt.Sprintf("link property add dev %s altname a-name-longer-than-others-%d-%d", name, i, n))
	}
	return commands
}

// randomIPv4 returns a command that adds an address. Only those have a
// broadcast address that can (A05, A36).
func randomIPv4(r *rand.Rand, name string, i int) string {
	command := fmt.Sprintf("addr add 10.%d.%d.%d", r.IntN(3), i, 1+r.IntN(200))
	length := pick(r, "0", "8", "24", "24", "30", "31", "32")
	switch {
	case r.IntN(4) == 0:
		command += fmt.Sprintf(" peer 10.9.%d.1/%s", i, length)
	case length == "32":
		command += "/32" + maybe(r, "brd +") // which is its own
	default:
		command += "/" + length + pick(r, "", "", " brd +", fmt.Sprintf(" brd 10.250.%d.255", i))
	}
	if strings.IndexByte(name, '@') < 0 {
		command += maybe(r, "label %s:%d", name, i)
	}
	return command + randomRest(r, name)
}

// randomIPv6 returns a command that adds an address, mostly one that is used
// at once.
func randomIPv6(r *rand.Rand, name string, i int) string {
	command := fmt.Sprintf("addr add 2001:db8:%x::%x", i, 1+r.IntN(0xffff))
	if r.IntN(4) == 0 {
		command += fmt.Sprintf(" peer 2001:db8:ffff::%x", i)
	}
	return command + "/" + pick(r, "0", "48", "64", "64", "127", "128") + randomRest(r, name) +
		maybe(r, "mngtmpaddr") + maybe(r, "home") + pick(r, " nodad", " nodad", "")
}

// randomRest returns what addresses of both families may have.
func randomRest(r *rand.Rand, name string) string {
	return maybe(r, "scope %s", pick(r, "link", "host", "global", "200")) + maybe(r, "metric %d", 1+r.IntN(2000)) +
		maybe(r, "noprefixroute") + " dev " + name +
		maybe(r, "valid_lft %d preferred_lft %d", 5000+r.IntN(5000), pickNumber(r, 0, 1000, 4000))
}

// pickNumber returns one of numbers.
func pickNumber(r *rand.Rand, numbers ...int) int { return numbers[r.IntN(len(numbers))] }

// flaggedAddr is an ipAddr with the flags that addresses made at random have.
type flaggedAddr struct {
	ipAddr
	NoDAD         bool `json:"nodad"`
	NoPrefixRoute bool `json:"noprefixroute"`
	MngTmpAddr    bool `json:"mngtmpaddr"`
	Home          bool `json:"home"`
	DADFailed     bool `json:"dadfailed"`
}

// diffRandomAddrs compares with ip(8).
func diffRandomAddrs(ns *netNS, s *AddrSnapshot) string {
	var links []struct {
		Name  string        `json:"ifname"`
		Addrs []flaggedAddr `json:"addr_info"`
	}
	if err := json.Unmarshal(ns.ip("-json addr"), &links); err != nil {
		ns.tb.Fatal(err)
	}
	want, got := map[string][]flaggedAddr{}, map[string][]flaggedAddr{}
	for _, l := range links {
		for _, a := range l.Addrs {
			a.Dynamic = false // the same as a lifetime
			if a.Broadcast == a.Local {
				a.Broadcast = "" // A05
			}
			a.Valid, a.Preferred = a.Valid/10, a.Preferred/10
			want[l.Name] = append(want[l.Name], a)
		}
	}
	for _, i := range s.Interfaces {
		for _, a := range i.Addrs {
			is := strings.Split(a.Flags.Text(a.Family()), ",")
			got[i.Link.Name] = append(got[i.Link.Name], flaggedAddr{
				ipAddr: ipAddrOf(a), NoDAD: slices.Contains(is, "nodad"), NoPrefixRoute: slices.Contains(is, "noprefixroute"),
				MngTmpAddr: slices.Contains(is, "mngtmpaddr"), Home: slices.Contains(is, "home"), DADFailed: slices.Contains(is, "dadfailed"),
			})
		}
	}
	return cmp.Diff(want, got, cmp.AllowUnexported(flaggedAddr{}))
}

// psutilProgram answers, for the path of a network namespace in each line, with
// the addresses and the states of its interfaces.
const psutilProgram = `
import ctypes, json, os, psutil, sys
libc = ctypes.CDLL(None, use_errno=True)
for line in sys.stdin:
    fd = os.open(line.strip(), os.O_RDONLY)
    if libc.setns(fd, 0x40000000):
        raise OSError(ctypes.get_errno(), "setns")
    os.close(fd)
    print(json.dumps({
        "addrs": {name: [dict(a._asdict(), family=int(a.family)) for a in rows] for name, rows in psutil.net_if_addrs().items()},
        "stats": {name: dict(s._asdict(), duplex=int(s.duplex)) for name, s in psutil.net_if_stats().items()},
    }), flush=True)
`

// psutilProcess is a Python that runs psutilProgram.
type psutilProcess struct {
	in  io.Writer
	out *bufio.Reader
}

// psutilAddr is a row of net_if_addrs, psutilStats one of net_if_stats.
type (
	psutilAddr struct {
		Family                           int
		Address, Netmask, Broadcast, PTP string
	}
	psutilStats struct {
		IsUp   bool
		Duplex int
		Speed  uint32
		MTU    uint32
		Flags  string
	}
)

// startPsutil starts the program with a Python. It ends with the test.
func startPsutil(t *testing.T, python string) *psutilProcess {
	t.Helper()
	cmd := exec.Command(python, "-c", psutilProgram)
	cmd.Stderr = os.Stderr
	in, out := piped(t, cmd)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.Close() //nolint:errcheck // it may have ended
		if err := cmd.Wait(); err != nil {
			t.Errorf("psutil: %v", err)
		}
	})
	return &psutilProcess{in: in, out: bufio.NewReader(out)}
}

// ask returns what psutil says of a namespace.
func (p *psutilProcess) ask(t *testing.T, ns *netNS) (addrs map[string][]psutilAddr, stats map[string]psutilStats) {
	t.Helper()
	if _, err := fmt.Fprintln(p.in, "/run/netns/"+ns.name); err != nil {
		t.Fatal(err)
	}
	line, err := p.out.ReadBytes('\n')
	if err != nil {
		t.Fatal(err)
	}
	answer := struct {
		Addrs map[string][]psutilAddr
		Stats map[string]psutilStats
	}{}
	if err := json.Unmarshal(line, &answer); err != nil {
		t.Fatal(err)
	}
	return answer.Addrs, answer.Stats
}

// diffAddrs compares with net_if_addrs, except for what that is known to do:
//   - it names a row by the label of the address (A09);
//   - where the kernel has no broadcast address it shows the own one (A04, A05,
//     A07), since glibc does;
//   - of an interface that can broadcast it loses the peer of an IPv4 address
//     and shows that of an IPv6 address as broadcast address (A10);
//   - on a point-to-point interface an address without a peer has itself for
//     one, for the same reason, and one with a broadcast address has that.
func (p *psutilProcess) diffAddrs(t *testing.T, ns *netNS, s *AddrSnapshot) string {
	want, _ := p.ask(t, ns)
	got := map[string][]psutilAddr{}
	for i := range s.Interfaces {
		l := &s.Interfaces[i].Link
		if l.HardwareAddr.Len() > 0 {
			got[l.Name] = append(got[l.Name], psutilAddr{Family: int(FamilyLink), Address: l.HardwareAddr.String()})
		}
		for _, a := range s.Interfaces[i].Addrs {
			name := l.Name
			if a.Label != "" {
				name = a.Label
			}
			got[name] = append(got[name], psutilAddrOf(l, &a))
		}
	}
	for _, rows := range want {
		for n := range rows {
			if rows[n].Family == int(FamilyLink) { // ours is in Link.Broadcast
				rows[n].Broadcast, rows[n].PTP = "", ""
			}
		}
	}
	return cmp.Diff(want, got, cmpopts.SortSlices(func(a, b psutilAddr) bool {
		return a.Address+a.Netmask+a.Broadcast+a.PTP < b.Address+b.Netmask+b.Broadcast+b.PTP
	}))
}

// psutilAddrOf is the row that psutil makes of an address, its mistakes
// included.
func psutilAddrOf(l *Link, a *Addr) psutilAddr {
	text := func(ip netip.Addr) string {
		if !ip.IsValid() {
			return ""
		}
		return ip.String()
	}
	row := psutilAddr{Family: int(a.Family()), Address: text(a.IP), Netmask: text(a.Netmask())}
	other := a.Peer
	if !other.IsValid() && a.IP.Is4() {
		other = a.IP // IFA_ADDRESS, which the kernel has in any case
	}
	if a.Broadcast.IsValid() {
		other = a.Broadcast
	}
	switch {
	case l.Flags&FlagBroadcast != 0:
		row.Broadcast = text(other)
	case l.Flags&FlagPointToPoint != 0:
		row.PTP = text(other)
	}
	return row
}

// diffStats compares with net_if_stats.
func (p *psutilProcess) diffStats(t *testing.T, ns *netNS, s *LinkSnapshot) string {
	_, want := p.ask(t, ns)
	got := map[string]psutilStats{}
	for i := range s.Links {
		l := &s.Links[i]
		var flags []string
		for flag := range strings.SplitSeq(l.Link.Flags.String(), ",") {
			if flag != "lower_up" && flag != "dormant" && flag != "echo" { // which psutil does not know
				flags = append(flags, flag)
			}
		}
		got[l.Link.Name] = psutilStats{
			IsUp: l.Link.Flags.IsUp(), Duplex: int(l.Duplex), Speed: l.Speed.Or(0), MTU: l.Link.MTU, Flags: strings.Join(flags, ","),
		}
	}
	return cmp.Diff(want, got)
}
