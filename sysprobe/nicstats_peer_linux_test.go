//go:build linux

package sysprobe

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"telegraf-sysprobe/sysprobe/internal/decode/ethnl"
	"telegraf-sysprobe/sysprobe/internal/decode/nlmsg"
	"telegraf-sysprobe/sysprobe/internal/sys/ethtool"
	"telegraf-sysprobe/sysprobe/internal/sys/nlconn"
	"telegraf-sysprobe/sysprobe/sysprobetest"
)

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

// negotiated adds that autonegotiation is on to a message about link modes.
func negotiated(m message) message {
	m.Data = nlmsg.AppendAttr(m.Data, binary.NativeEndian, 2, []byte{1})
	return m
}

// withPeer adds the modes of the other end to a message about link modes.
func withPeer(m message, modes ...int) message {
	var mask uint32
	for _, bit := range modes {
		mask |= 1 << bit
	}
	value := binary.NativeEndian.AppendUint32(nil, mask)
	m.Data = nlmsg.AppendAttr(m.Data, binary.NativeEndian, 4, nlmsg.AppendAttr(nil, binary.NativeEndian, 4, value))
	return m
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

// driversOf are drivers that answer as the function says, of a kernel without
// what the library asks for.
func driversOf(answers func(request) answer) ethtool.Kernel {
	return driversOn(func() (nlconn.Socket, uint16, error) { return sysprobetest.NewNetlinkPeer(answers), testFamily, nil })
}

// driversOn are drivers behind the sockets that dial makes.
func driversOn(dial func() (nlconn.Socket, uint16, error)) ethtool.Kernel {
	return ethtool.Kernel{Dial: dial, Client: func() (ethtool.Client, error) { return nil, ErrNotSupported }}
}

// links makes a snapshot of interfaces 1 to 3 with the answers of their drivers.
func links(t *testing.T, drivers ethtool.Kernel) *LinkSnapshot {
	t.Helper()
	route := dialer(func(request) answer {
		return answer{Messages: []message{linkMessage(1, "a"), linkMessage(2, "b"), linkMessage(3, "c")}}
	})
	c, err := newNICStatsClientOn((*Config)(nil).withDefaults(), route, drivers)
	if err != nil {
		t.Fatal(err)
	}
	s := &LinkSnapshot{Denied: 9, Failed: 9, Ethtool: errors.New("of the snapshot before")}
	if err := c.snapshot(t.Context(), s, 0); err != nil {
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
			s := links(t, driversOf(tt.kernel.answer))
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
			s := links(t, driversOn(func() (nlconn.Socket, uint16, error) { return nil, 0, os.NewSyscallError("socket", tt.err) }))
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
		s := links(t, driversOf(func(request) answer { return answer{Cut: 16 + 4, Err: io.ErrClosedPipe} }))
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
		{"as fast as can be", negotiated(modesMessage(1, 1000, 1, 3, 5)), told{mbit(1000), DuplexFull, mbit(1000), Some(false)}},
		{"below the best mode", negotiated(modesMessage(1, 100, 1, 3, 5)), told{mbit(100), DuplexFull, mbit(1000), Some(true)}},
		{"half duplex where full could be", negotiated(modesMessage(1, 1000, 0, 4, 5)), told{mbit(1000), DuplexHalf, mbit(1000), Some(true)}},
		{"half duplex is all there is", negotiated(modesMessage(1, 100, 0, 0, 2)), told{mbit(100), DuplexHalf, mbit(100), Some(false)}},
		{"half duplex at an unknown speed", negotiated(modesMessage(1, 0, 0, 5)), told{none, DuplexHalf, mbit(1000), Some(true)}},
		{"modes beyond the table", negotiated(modesMessage(1, 400000, 1, 85, 120, 150)), told{mbit(400000), DuplexFull, mbit(800000), Some(true)}},
		{"nothing is negotiated, as by vmxnet3", modesMessage(1, 1000, 1, 5, 12), told{mbit(1000), DuplexFull, mbit(10000), Opt[bool]{}}},
		{"forced, and the other end names its modes", withPeer(modesMessage(1, 100, 1, 3, 5), 3, 5), told{mbit(100), DuplexFull, mbit(1000), Some(true)}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			others := []message{modesMessage(99, 1, 1), {Type: testFamily, Data: []byte{77, 1, 0, 0, 1}}} // no interface, no reply
			kernel := &ethtoolKernel{dump: answer{Messages: append(others, tt.m)}}
			s := links(t, driversOf(kernel.answer))
			l := s.Links[0]
			got := told{l.Speed, l.Duplex, l.SpeedMax, l.Degraded}
			if got != tt.want {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
		})
	}
	t.Run("nothing is degraded without a carrier", func(t *testing.T) {
		for _, link := range []Link{{Flags: FlagUp}, {Flags: FlagUp, Carrier: Some(false)}, {Carrier: Some(true)}} {
			l := LinkStats{Link: link, Speed: mbit(100), Duplex: DuplexHalf}
			if got := degraded(&l, ethnl.Best{Speed: 1000, Full: true}); got.Known() {
				t.Errorf("degraded = %v, want absent", got)
			}
		}
	})
}

// fixtures is an answer of what is recorded, or made by hand, in the byte order
// of this machine.
func fixtures(t *testing.T, format string, names ...string) answer {
	t.Helper()
	var a answer
	for _, name := range names {
		for b := sysprobetest.Hex(t, "wire", format, name+".hex"); len(b) > 0; {
			m, rest, err := nlmsg.Next(b, binary.LittleEndian)
			if err != nil {
				t.Fatal(err)
			}
			a.Messages = append(a.Messages, message{Type: m.Type, Data: m.Data})
			b = rest
		}
	}
	return a
}

// TestNICStatsOptionalFacts is about what no interface at hand has.
func TestNICStatsOptionalFacts(t *testing.T) {
	if binary.NativeEndian.Uint16([]byte{1, 0}) != 1 {
		t.Skip("needs a little-endian machine: the fixtures are of one")
	}
	var down bool
	route := dialer(func(request) answer {
		m := linkMessage(2, "eth0")
		if down {
			m.Data = nlmsg.AppendAttr(m.Data, binary.NativeEndian, 33, []byte{0})
		}
		a := fixtures(t, "rtnl", "link-bond", "link-bond-slave", "link-vlan", "link-ipvlan", "link-gre", "link-infiniband")
		a.Messages = append(a.Messages, m, linkMessage(3, "eth3"))
		return a
	})
	kernel := func(r request) answer {
		switch ethnl.Command(r.Data) {
		case ethnl.CmdLinkModesGet:
			return fixtures(t, "ethnl", "linkmodes-800g")
		case ethnl.CmdLinkStateGet:
			return fixtures(t, "ethnl", "linkstate-training")
		case ethnl.CmdFECGet:
			return fixtures(t, "ethnl", "fec-rs")
		}
		return answer{}
	}
	snapshot := func(want LinkFacts) (*LinkSnapshot, *LinkStats) {
		t.Helper()
		c, err := newNICStatsClientOn((*Config)(nil).withDefaults(), route, driversOf(kernel))
		if err != nil {
			t.Fatal(err)
		}
		var s LinkSnapshot
		for range 2 { // into the memory of the first
			if err := errors.Join(c.snapshot(t.Context(), &s, want), s.Ethtool); err != nil || s.Failed != 0 {
				t.Fatalf("%v, %d failed", err, s.Failed)
			}
		}
		return &s, s.find(t, "eth0")
	}
	t.Run("none is there unless asked for", func(t *testing.T) {
		s, l := snapshot(0)
		if len(l.Supported)+len(l.Advertised)+len(l.Peer)+len(l.FECModes) > 0 || l.SQI.Known() || l.FECActive.Known() {
			t.Errorf("got %+v", l)
		}
		if d := s.find(t, "bond0").Detail; d != (LinkDetail{}) {
			t.Errorf("got %+v", d)
		}
	})
	t.Run("modes that nothing knows are not lost", func(t *testing.T) {
		_, l := snapshot(WantLinkModes)
		want := "Autoneg,FIBRE,Pause,BASER,200000baseKR4/Full,400000baseKR4/Full,800000baseCR8/Full,800000baseKR8/Full," +
			"800000baseSR8/Full,800000baseVR4/Full,bit150"
		if got := l.Supported.String(); got != want || l.Advertised.String() != want {
			t.Errorf("supported %s, advertised %v; want %s", got, l.Advertised, want)
		}
		if got, want := l.Peer.String(), "Autoneg,200000baseKR4/Full,400000baseKR4/Full,800000baseCR8/Full,bit150"; got != want {
			t.Errorf("peer %s, want %s", got, want)
		}
		if l.Speed != Some[uint32](400000) || l.SpeedMax != Some[uint32](800000) || l.SpeedOffered != Some[uint32](800000) || l.Degraded != Some(true) {
			t.Errorf("speed %v of %v, of %v offered, degraded %v", l.Speed, l.SpeedMax, l.SpeedOffered, l.Degraded)
		}
	})
	t.Run("error correction", func(t *testing.T) {
		_, l := snapshot(WantFEC)
		if l.FECModes.String() != "None,RS,BASER" || l.FECAuto != Some(true) || l.FECActive != Some[LinkMode](50) {
			t.Errorf("modes %v, auto %v, active %v", l.FECModes, l.FECAuto, l.FECActive)
		}
	})
	t.Run("why a link is down", func(t *testing.T) {
		_, l := snapshot(WantLinkState)
		if l.SQI != Some[uint32](3) || l.SQIMax != Some[uint32](7) || l.DownReason.Known() || l.DownDetail.Known() {
			t.Errorf("SQI %v of %v, reason %v of a link with a carrier", l.SQI, l.SQIMax, l.DownReason)
		}
		down = true
		_, l = snapshot(WantLinkState)
		down = false
		if l.DownReason != Some(DownTraining) || l.DownDetail != Some[uint8](2) {
			t.Errorf("reason %v, detail %v", l.DownReason, l.DownDetail)
		}
		// ETHTOOL_A_LINKSTATE_LINK says no where a driver cannot tell.
		if !l.Link.Flags.IsUp() {
			t.Error("the link state of ethtool decides what is up")
		}
	})
	t.Run("kinds", func(t *testing.T) {
		s, _ := snapshot(WantLinkDetail)
		for name, want := range map[string]LinkDetail{
			"eth0": {},
			"ib0":  {},
			"gre1": {LowerIndex: 2, LowerName: "eth0"},
			"bond0": {
				BondMode: Some(BondActiveBackup), BondActiveSlave: Some[uint32](3), BondActiveSlaveName: "eth3", BondMIIMon: Some[uint32](100),
			},
			"eth1":     {BondSlaveState: Some(BondSlaveBackup), BondSlaveMII: Some(MIIDown), BondSlaveFailures: Some[uint32](2)},
			"eth0.100": {LowerIndex: 2, LowerName: "eth0", VLANID: Some[uint32](100), VLANProtocol: Some(VLAN8021AD)},
			"ipvl0":    {LowerIndex: 2, LowerNetNSID: Some[int32](5), IPVLANMode: Some(IPVLANL3S)},
		} {
			if got := s.find(t, name).Detail; got != want {
				t.Errorf("%s: %+v, want %+v", name, got, want)
			}
		}
		if got := s.find(t, "ib0").Link; got.Kind != "infiniband" || len(got.HardwareAddr.String()) != 59 {
			t.Errorf("ib0: kind %s, address %v", got.Kind, got.HardwareAddr)
		}
	})
}

func TestNICStatsFromMisbehavingKernels(t *testing.T) {
	attr := func(typ uint16, b []byte) []byte { return nlmsg.AppendAttr(nil, binary.NativeEndian, typ, b) }
	kind := func(name string, data []byte) []byte {
		return attr(18, append(attr(1, append([]byte(name), 0)), attr(2, data)...))
	}
	with := func(m message, attrs ...[]byte) message {
		for _, a := range attrs {
			m.Data = append(m.Data, a...)
		}
		return m
	}
	deep := []byte{1, 2, 3, 4}
	for range 500 {
		deep = attr(1, deep)
	}
	for _, tt := range []struct {
		name   string
		links  answer
		want   []string
		failed int
		err    error
	}{
		{"B29 no links are none, and no totals of zeros", answer{}, []string{}, 0, nil},
		{"B21 B22 names are attributes: nothing in them divides", answer{Messages: []message{
			linkMessage(1, "eth0:1"), linkMessage(2, "eth1:100 1 2"),
		}}, []string{"eth0:1", "eth1:100 1 2"}, 0, nil},
		{
			"attributes of next year",
			answer{Messages: []message{with(linkMessage(1, "a"), attr(999, make([]byte, 9000)), attr(18, attr(88, deep)))}},
			[]string{"a"},
			0, nil,
		},
		{"nested too deep", answer{Messages: []message{with(linkMessage(1, "a"), kind("vlan", deep)), linkMessage(2, "b")}}, []string{"a", "b"}, 0, nil},
		{
			"kind data cut: the detail is absent and counted",
			answer{Messages: []message{with(linkMessage(1, "a"), kind("vlan", []byte{8, 0, 1, 0, 1})), linkMessage(2, "b")}},
			[]string{"a", "b"},
			1, nil,
		},
		{"oversized attribute", answer{Messages: []message{with(linkMessage(1, "a"), []byte{0xff, 0xff, 3, 0})}}, []string{}, 0, ErrMalformed},
		{"truncated dump", answer{Messages: []message{linkMessage(1, "a")}, Cut: 5}, []string{}, 0, ErrMalformed},
		{"interrupted for ever", answer{Messages: []message{linkMessage(1, "a")}, Interrupted: true}, []string{}, 0, ErrInterrupted},
	} {
		t.Run(tt.name, func(t *testing.T) {
			cfg := (*Config)(nil).withDefaults()
			c, err := newNICStatsClientOn(cfg, dialer(func(request) answer { return tt.links }), driversOn(func() (nlconn.Socket, uint16, error) {
				return nil, 0, unix.ENOENT
			}))
			if err != nil {
				t.Fatal(err)
			}
			s := LinkSnapshot{Links: make([]LinkStats, 3)}
			if err := c.snapshot(t.Context(), &s, WantLinkDetail); !errors.Is(err, tt.err) {
				t.Errorf("err = %v, want %v", err, tt.err)
			}
			got := []string{}
			for _, l := range s.Links {
				got = append(got, l.Link.Name)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" || s.Failed != tt.failed {
				t.Errorf("%d failed, want %d; links (-want +got):\n%s", s.Failed, tt.failed, diff)
			}
		})
	}
}

func TestInterfacesThatMoveBetweenDumps(t *testing.T) {
	rows := []message{linkMessage(1, "a"), linkMessage(2, "b")}
	modes := []message{modesMessage(1, 100, 1), modesMessage(2, 200, 1)}
	c, err := newNICStatsClientOn((*Config)(nil).withDefaults(),
		dialer(func(request) answer { return answer{Messages: rows} }),
		driversOf(func(r request) answer { return (&ethtoolKernel{dump: answer{Messages: modes}}).answer(r) }))
	if err != nil {
		t.Fatal(err)
	}
	var s LinkSnapshot
	for _, tt := range []struct {
		name        string
		rows, modes []message
		want        []string
	}{
		{"both", rows, modes, []string{"a 100 full", "b 200 full"}},
		{"gone before drivers were asked: what is known of the link", rows, modes[:1], []string{"a 100 full", "b 0 unknown"}},
		{"gone", rows[:1], modes[:1], []string{"a 100 full"}},
		{"came before drivers were asked", rows[:1], modes, []string{"a 100 full"}},
		{"back", rows, modes, []string{"a 100 full", "b 200 full"}},
		{"names exchanged", []message{linkMessage(1, "b"), linkMessage(2, "a")}, modes, []string{"b 100 full", "a 200 full"}},
		{"another interface of a used name", []message{linkMessage(3, "a")}, nil, []string{"a 0 unknown"}},
	} {
		rows, modes = tt.rows, tt.modes
		if err := c.snapshot(t.Context(), &s, 0); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(tt.want, speeds(&s)); diff != "" || s.Late != 0 {
			t.Errorf("%s: %d late; links (-want +got):\n%s", tt.name, s.Late, diff)
		}
	}
}
