package drivers

import (
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"telegraf-sysprobe/sysprobe"
	"telegraf-sysprobe/sysprobe/sysprobetest"
)

// shown is what a row says of an interface that is set up.
type shown struct {
	Kind        string
	Up          bool
	State       string
	Speed       string // and duplex, as "10000/full"; empty where neither is known
	Lower, Peer string
}

// kindCase is a kind of interface that a kernel of Debian's has.
type kindCase struct {
	name    string
	since   release
	modules string   // that nobody else loads, as of emulated hardware: it is in the first network namespace
	make    []string // arguments of ip(8)
	want    shown    // zero: only what ip(8) says is compared
}

// release is a version of Linux.
type release struct{ major, minor int }

// isAtLeast reports whether r is other or newer.
func (r release) isAtLeast(other release) bool {
	return r.major > other.major || r.major == other.major && r.minor >= other.minor
}

// runningRelease is that of the running kernel.
func runningRelease(t *testing.T) release {
	t.Helper()
	var name unix.Utsname
	if err := unix.Uname(&name); err != nil {
		t.Fatal(err)
	}
	var r release
	if _, err := fmt.Sscanf(unix.ByteSliceToString(name.Release[:]), "%d.%d", &r.major, &r.minor); err != nil {
		t.Fatal(err)
	}
	return r
}

// kindCases has every kind that a kernel of Debian's has and that needs no card.
// A kind that a case makes for another one below comes before it.
func kindCases(running release) []kindCase {
	tun := "10/full"
	if running.isAtLeast(release{6, 12}) {
		tun = "10000/full"
	}
	return slices.Concat([]kindCase{
		{name: "lo", want: shown{Kind: "loopback", Up: true, State: "unknown"}},
		{name: "base", make: []string{"link add base type dummy"}, want: shown{Kind: "dummy", Up: true, State: "unknown"}},
		{name: "base2", make: []string{"link add base2 type dummy"}, want: shown{Kind: "dummy", Up: true, State: "unknown"}},
		{name: "base3", make: []string{"link add base3 type dummy"}, want: shown{Kind: "dummy", Up: true, State: "unknown"}},
		{name: "ifb3", make: []string{"link add ifb3 type ifb"}, want: shown{Kind: "ifb", Up: true, State: "unknown"}},
		{name: "vcan30", make: []string{"link add vcan30 type vcan"}, want: shown{Kind: "vcan", Up: true, State: "unknown"}},
		{name: "nlmon32", make: []string{"link add nlmon32 type nlmon"}, want: shown{Kind: "nlmon", Up: true, State: "unknown"}},
		{name: "vsockmon33", make: []string{"link add vsockmon33 type vsockmon"}, want: shown{Kind: "vsockmon", Up: true, State: "unknown"}},
		{name: "wg26", make: []string{"link add wg26 type wireguard"}, want: shown{Kind: "wireguard", Up: true, State: "unknown"}},
		{name: "tun27", make: []string{"tuntap add dev tun27 mode tun"}, want: shown{Kind: "tun", State: "down", Speed: tun}},
		{name: "tun28", make: []string{"tuntap add dev tun28 mode tun"}, want: shown{Kind: "tun", Up: true, State: "up", Speed: tun}},
		{name: "tap29", make: []string{"tuntap add dev tap29 mode tap"}, want: shown{Kind: "tun", State: "down", Speed: tun}},
		{name: "ovpn41", since: release{6, 16}, modules: "ovpn", make: []string{"link add ovpn41 type ovpn"}, want: shown{Kind: "ovpn", State: "down"}},
	}, pairCases(), masterCases(), stackedCases(), tunnelCases(), hardwareCases())
}

// pairCases are made in pairs.
func pairCases() []kindCase {
	return []kindCase{
		{
			name: "veth4", make: []string{"link add veth4 type veth peer name veth4p", "link set veth4p up"},
			want: shown{Kind: "veth", Up: true, State: "up", Speed: "10000/full", Peer: "veth4p"},
		},
		{
			name: "veth5", make: []string{"link add veth5 type veth peer name veth5p"},
			want: shown{Kind: "veth", State: "lowerlayerdown", Speed: "10000/full", Peer: "veth5p"},
		},
		{
			name: "vxcan31", make: []string{"link add vxcan31 type vxcan peer name vxcan31p", "link set vxcan31p up"},
			want: shown{Kind: "vxcan", Up: true, State: "up", Peer: "vxcan31p"},
		},
		{
			name: "netkit40", since: release{6, 7}, make: []string{"link add netkit40 type netkit", "link set nk0 up"},
			want: shown{Kind: "netkit", Up: true, State: "up", Peer: "nk0"},
		},
	}
}

// masterCases have members, or none yet.
func masterCases() []kindCase {
	return []kindCase{
		{name: "br6", make: []string{"link add br6 type bridge"}, want: shown{Kind: "bridge", Up: true, State: "unknown"}},
		{
			name: "br7", make: []string{"link add br7 type bridge", "link add port7 type dummy", "link set port7 master br7", "link set port7 up"},
			want: shown{Kind: "bridge", Up: true, State: "up"},
		},
		{name: "bond8", make: []string{"link add bond8 type bond mode balance-rr"}, want: shown{Kind: "bond", State: "down"}},
		{
			name: "bond9", make: []string{"link add bond9 type bond mode active-backup", "link add slave9 type dummy", "link set slave9 master bond9"},
			want: shown{Kind: "bond", Up: true, State: "up"},
		},
		{name: "team10", make: []string{"link add team10 type team"}, want: shown{Kind: "team", State: "down"}},
		{name: "vrf34", make: []string{"link add vrf34 type vrf table 34"}, want: shown{Kind: "vrf", Up: true, State: "up"}},
		{
			name: "hsr35", since: release{6, 12},
			make: []string{
				"link add hsra type dummy", "link add hsrb type dummy", "link set hsra up", "link set hsrb up",
				"link add hsr35 type hsr slave1 hsra slave2 hsrb",
			},
			want: shown{Kind: "hsr", Up: true, State: "up"},
		},
		{name: "bat37", make: []string{"link add bat37 type batadv"}, want: shown{Kind: "batadv", Up: true, State: "unknown"}},
	}
}

// stackedCases run over one other interface.
func stackedCases() []kindCase {
	over := func(name, kind, lower, state, options string) kindCase {
		command := strings.TrimSpace(fmt.Sprintf("link add link %s name %s type %s %s", lower, name, kind, options))
		return kindCase{name: name, make: []string{command}, want: shown{Kind: kind, Up: true, State: state, Lower: lower}}
	}
	down := over("vlan12", "vlan", "veth5", "lowerlayerdown", "id 12")
	down.want.Up, down.want.Speed = false, "10000/full"
	return []kindCase{
		over("vlan11", "vlan", "base", "up", "id 11"),
		down,
		over("mvl13", "macvlan", "base", "up", ""),
		over("mvt14", "macvtap", "base", "up", ""),
		over("ipv15", "ipvlan", "base2", "unknown", "mode l2"), // not beside a macvlan
		over("msec36", "macsec", "base3", "up", ""),            // nor is this
		{
			name: "xfrm25", make: []string{"link add xfrm25 type xfrm dev base if_id 25"},
			want: shown{Kind: "xfrm", Up: true, State: "unknown", Lower: "base"},
		},
	}
}

// tunnelCases run over whatever the routes say.
func tunnelCases() []kindCase {
	const v4, v6 = "local 192.0.2.1 remote 192.0.2.", "local 2001:db8::1 remote 2001:db8::"
	tunnel := func(name, kind, options string) kindCase {
		return kindCase{
			name: name, make: []string{"link add " + name + " type " + kind + " " + options},
			want: shown{Kind: kind, Up: true, State: "unknown"},
		}
	}
	gtp := tunnel("gtp39", "gtp", "role sgsn")
	gtp.since = release{5, 18} // without sockets of its maker
	return []kindCase{
		tunnel("vx16", "vxlan", "id 16 dstport 4789"),
		tunnel("gnv17", "geneve", "id 17 remote 192.0.2.17"),
		tunnel("gre18", "gre", v4+"18"),
		tunnel("gtap19", "gretap", v4+"19"),
		tunnel("gre620", "ip6gre", v6+"20"),
		tunnel("ipip21", "ipip", v4+"21"),
		tunnel("sit22", "sit", v4+"22"),
		tunnel("tnl623", "ip6tnl", v6+"23"),
		tunnel("vti24", "vti", v4+"24 key 24"),
		gtp,
	}
}

// hardwareCases are of hardware that the kernel emulates.
func hardwareCases() []kindCase {
	return []kindCase{
		{name: "wlan0", modules: "mac80211_hwsim", want: shown{Kind: "ether", State: "down"}},
		{name: "hwsim0", modules: "mac80211_hwsim", want: shown{Kind: "ieee802.11/radiotap", Up: true, State: "unknown"}},
		{name: "usb0", modules: "dummy_hcd g_ether cdc_ether", make: []string{"link set usb1 up"}, want: shown{Kind: "ether", Up: true, State: "up"}},
		{name: "usb1", modules: "dummy_hcd g_ether cdc_ether"}, // half duplex or none, a carrier after a while or none: 6.1 to 7.3 differ
		{name: "wpan0", modules: "mac802154_hwsim", want: shown{Kind: "ieee802.15.4", Up: true, State: "unknown"}},
		{
			name: "lowpan46", modules: "mac802154_hwsim", make: []string{"link add link wpan0 name lowpan46 type lowpan"},
			want: shown{Kind: "lowpan", Up: true, State: "unknown", Lower: "wpan0"},
		},
	}
}

// namespace is where a case is: the name that ip-netns(8) has for it.
func (c *kindCase) namespace() string {
	if c.modules != "" {
		return ""
	}
	return "kinds"
}

// create makes the interface and sets it up. It returns an error where the kernel
// lacks the kind.
func (c *kindCase) create() error {
	for module := range strings.FieldsSeq(c.modules) {
		if out, err := exec.Command("modprobe", module).CombinedOutput(); err != nil {
			return fmt.Errorf("modprobe %s: %s", module, out)
		}
	}
	for _, command := range append(slices.Clone(c.make), "link set "+c.name+" up") {
		args := strings.Fields(command)
		if ns := c.namespace(); ns != "" {
			args = append([]string{"-n", ns}, args...)
		}
		if err := c.run(args); err != nil {
			return err
		}
	}
	return nil
}

// run runs ip(8). It waits for a device of emulated hardware, which the kernel finds
// some time after its module is there.
func (c *kindCase) run(args []string) error {
	const patience, pause = 20 * time.Second, 50 * time.Millisecond
	for until := time.Now().Add(patience); ; time.Sleep(pause) {
		out, err := exec.Command("ip", args...).CombinedOutput()
		if err == nil {
			return nil
		}
		if c.modules == "" || time.Now().After(until) || !strings.Contains(string(out), "Cannot find device") {
			return fmt.Errorf("ip %s: %s", strings.Join(args, " "), out)
		}
	}
}

// holdTun attaches a program to the tun device, which it has the carrier from, until
// the end of the test.
func holdTun(t *testing.T, namespace, name string) {
	t.Helper()
	opened := make(chan error)
	file := -1
	go func() {
		runtime.LockOSThread() // and never unlocked: the thread ends with the goroutine
		opened <- func() error {
			ns, err := unix.Open("/run/netns/"+namespace, unix.O_RDONLY|unix.O_CLOEXEC, 0)
			if err != nil {
				return err
			}
			defer unix.Close(ns) //nolint:errcheck // it is read
			if err := unix.Setns(ns, unix.CLONE_NEWNET); err != nil {
				return err
			}
			if file, err = unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_CLOEXEC, 0); err != nil {
				return err
			}
			request, err := unix.NewIfreq(name)
			if err != nil {
				return err
			}
			request.SetUint16(unix.IFF_TUN | unix.IFF_NO_PI)
			return unix.IoctlIfreq(file, unix.TUNSETIFF, request)
		}()
	}()
	err := <-opened
	if file >= 0 {
		t.Cleanup(func() {
			if err := unix.Close(file); err != nil {
				t.Error(err)
			}
		})
	}
	if err != nil {
		t.Errorf("%s: %v", name, err)
	}
}

// ipLinks is what ip(8) says of the interfaces of a namespace, by name, in the shape
// of a row.
func ipLinks(t *testing.T, namespace string) map[string]ipLink {
	t.Helper()
	command := "ip -d -json link"
	if namespace != "" {
		command = "ip -n " + namespace + " -d -json link"
	}
	var list []struct {
		ipLink

		State string `json:"operstate"`
		Flags []string
		Info  struct {
			Kind string `json:"info_kind"`
		} `json:"linkinfo"`
	}
	if err := json.Unmarshal([]byte(run(t, command)), &list); err != nil {
		t.Fatal(err)
	}
	links := map[string]ipLink{}
	for _, l := range list {
		link := l.ipLink
		link.State, link.Kind = strings.ToLower(l.State), l.Info.Kind
		link.Up = slices.Contains(l.Flags, "UP") && slices.Contains(l.Flags, "LOWER_UP") && !slices.Contains(l.Flags, "DORMANT")
		links[link.Name] = link
	}
	return links
}

// ipLink is an interface as ip(8) shows it.
type ipLink struct {
	Name        string `json:"ifname"`
	Index       int    `json:"ifindex"`
	MTU         uint32
	Promiscuity uint32
	Link        string // what it runs over, or the other end
	Master      string
	ParentBus   string
	ParentDev   string
	State       string `json:"-"`
	Kind        string `json:"-"` // of rtnetlink
	Up          bool   `json:"-"`
}

// ipLinkOf spells a row as ip(8) does, but for the kind of an interface that was not
// made through rtnetlink.
func ipLinkOf(l *sysprobe.LinkStats, rtnetlinkKind string) ipLink {
	w := ipLink{
		Name: l.Link.Name, Index: l.Link.Index, MTU: l.Link.MTU, Promiscuity: l.Promiscuity.Or(0), Link: l.Detail.PeerName + l.Detail.LowerName,
		Master: l.Link.MasterName, ParentBus: l.ParentBus, ParentDev: l.ParentDev, State: l.Link.OperState.String(), Up: l.Link.Flags.IsUp(),
	}
	if rtnetlinkKind != "" {
		w.Kind = l.Link.Kind
	}
	return w
}

// shownOf is what a row says.
func shownOf(l *sysprobe.LinkStats) shown {
	w := shown{Kind: l.Link.Kind, Up: l.Link.Flags.IsUp(), State: l.Link.OperState.String(), Lower: l.Detail.LowerName, Peer: l.Detail.PeerName}
	if speed, known := l.Speed.Get(); known || l.Duplex != sysprobe.DuplexUnknown {
		w.Speed = fmt.Sprintf("%d/%s", speed, l.Duplex)
	}
	return w
}

// compare returns how the row of a case differs from what is expected and from what
// ip(8) says.
func (c *kindCase) compare(t *testing.T, h *sysprobe.NICStats) string {
	t.Helper()
	var s sysprobe.LinkSnapshot
	if err := errors.Join(h.Snapshot(t.Context(), &s, sysprobe.WantLinkDetail), s.Ethtool); err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(s.Links, func(l sysprobe.LinkStats) bool { return l.Link.Name == c.name })
	if i < 0 {
		return "there is no row"
	}
	l, told := &s.Links[i], ipLinks(t, c.namespace())[c.name]
	problem := cmp.Diff(told, ipLinkOf(l, told.Kind))
	if problem != "" {
		problem = "(-ip +sysprobe):\n" + problem
	}
	if got := shownOf(l); c.want != (shown{}) && got != c.want {
		problem += fmt.Sprintf("got  %+v\nwant %+v\n", got, c.want)
	}
	if l.Degraded.Or(false) {
		problem += "it is degraded, and has nothing to be degraded from"
	}
	if l.Duplex == sysprobe.DuplexHalf && l.Autoneg.Or(false) {
		problem += "it is in half duplex as negotiated, and has nobody to negotiate with"
	}
	return problem
}

// TestEveryKind makes every kind that Debian's kernels have, and holds the rows
// against ip(8) and against what is expected: what the README of the plugin nicstats
// says of each kind.
func TestEveryKind(t *testing.T) {
	needPCI(t) // machines without have fewer modules
	run(t, "ip netns add kinds")
	t.Cleanup(func() { run(t, "ip netns del kinds") })
	handles := map[string]*sysprobe.NICStats{}
	for _, ns := range []string{"", "kinds"} {
		h, err := sysprobe.OpenNICStats(&sysprobe.Config{NetNS: ns})
		if err != nil {
			t.Fatal(err)
		}
		closeAfter(t, h)
		handles[ns] = h
	}
	running := runningRelease(t)
	cases := kindCases(running)
	failures := map[string]error{}
	for i := range cases {
		failures[cases[i].name] = cases[i].create()
	}
	holdTun(t, "kinds", "tun28")
	for i := range cases {
		c := &cases[i]
		t.Run(c.name, func(t *testing.T) {
			if err := failures[c.name]; err != nil {
				if !running.isAtLeast(c.since) {
					t.Skipf("needs Linux %d.%d: %v", c.since.major, c.since.minor, err)
				}
				t.Fatal(err)
			}
			sysprobetest.Eventually(t, func() string { return c.compare(t, handles[c.namespace()]) })
		})
	}
}
