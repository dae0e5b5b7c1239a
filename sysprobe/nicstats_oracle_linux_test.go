//go:build linux

package sysprobe

import (
	stdcmp "cmp"
	"encoding/json"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"telegraf-sysprobe/sysprobe/sysprobetest"
)

// ipDetail is what ip -json -d says of the kind of an interface.
type ipDetail struct {
	Name string `json:"ifname"`
	Link string `json:"link"`

	Promiscuity      uint32
	AllMulti         uint32
	ProtoDown        bool     `json:"proto_down"`
	ProtoDownReasons []string `json:"proto_down_reason"`
	ParentBus        string
	ParentDev        string

	Info struct {
		Kind string `json:"info_kind"`
		Data struct {
			ID        uint32
			Link      string
			Mode      string
			STP       uint8 `json:"stp_state"`
			Filtering uint8 `json:"vlan_filtering"`
		} `json:"info_data"`
		Port struct {
			State string
		} `json:"info_slave_data"`
	} `json:"linkinfo"`
}

// ipDetailOf spells a link as ip(8) does.
func ipDetailOf(l *LinkStats) ipDetail {
	d := &l.Detail
	got := ipDetail{
		Name: l.Link.Name, Link: stdcmp.Or(d.PeerName, d.LowerName),
		Promiscuity: l.Promiscuity.Or(99), AllMulti: l.AllMulti.Or(99), ProtoDown: l.ProtoDown.Or(false),
		ParentBus: l.ParentBus, ParentDev: l.ParentDev,
	}
	if reasons, known := l.ProtoDownReasons.Get(); known {
		got.ProtoDownReasons = strings.Split(reasons.String(), ",")
	}
	if l.Link.Kind == "vxlan" { // ip(8) has no generic link of it
		got.Link, got.Info.Data.Link = "", d.LowerName
	}
	if l.Link.Kind != "loopback" && l.Link.Kind != "ether" {
		got.Info.Kind = l.Link.Kind
	}
	got.Info.Data.ID = d.VXLANID.Or(0)
	if mode, known := d.MACVLANMode.Get(); known {
		got.Info.Data.Mode = mode.String()
	}
	got.Info.Data.STP = uint8(d.BridgeSTP.Or(0))
	if d.BridgeVLANFiltering.Or(false) {
		got.Info.Data.Filtering = 1
	}
	if state, known := d.BridgePortState.Get(); known {
		got.Info.Port.State = state.String()
	}
	return got
}

func TestOracleIPLinkDetail(t *testing.T) {
	ns := newNetNSWithEverything(t)
	ns.batch([]string{
		"link add ifb0 type ifb",
		"link add br1 type bridge stp_state 1",
		"link add p0 type veth peer name p1",
		"link set p0 master br1", // and down: disabled
		"link add mac1 link p1 type macvlan mode private",
		"link add vx1 type vxlan id 16777215 dstport 4790 dev d0",
		"link set vx1 protodown on",
		"link set vx1 protodown_reason 3 on",
		"link set vx1 protodown_reason 5 on",
		"link set mac0 promisc on",
		"link set mac0 allmulticast on",
	})
	h, err := OpenNICStats(ns.config())
	if err != nil {
		t.Fatal(err)
	}
	closeAfter(t, h)
	var s LinkSnapshot
	sysprobetest.Eventually(t, func() string { // ports of bridges take their time to forward
		var want, got []ipDetail
		if err := json.Unmarshal(ns.ip("-json -d link"), &want); err != nil {
			t.Fatal(err)
		}
		if err := h.Snapshot(t.Context(), &s, ^LinkFacts(0)); err != nil || s.Failed+s.Denied+s.Late > 0 {
			t.Fatalf("%v, %d failed, %d denied, %d late", err, s.Failed, s.Denied, s.Late)
		}
		for i := range want {
			if want[i].Info.Kind == "tun" { // whose mode is not ours
				want[i].Info.Data.Mode = ""
			}
		}
		for i := range s.Links {
			got = append(got, ipDetailOf(&s.Links[i]))
		}
		if diff := cmp.Diff(want, got); diff != "" {
			return "details (-ip +sysprobe):\n" + diff
		}
		return ""
	})
}

// TestSnifferCounts sniffs as tcpdump(8) does, which sets no flag that is shown.
func TestSnifferCounts(t *testing.T) {
	ns := newNetNSWithPair(t)
	var sniffer int
	ns.do(func() (err error) {
		d0, err := net.InterfaceByName("d0")
		if err != nil {
			return err
		}
		if sniffer, err = unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0); err != nil {
			return err
		}
		request := unix.PacketMreq{Ifindex: int32(d0.Index), Type: unix.PACKET_MR_PROMISC}
		return unix.SetsockoptPacketMreq(sniffer, unix.SOL_PACKET, unix.PACKET_ADD_MEMBERSHIP, &request)
	})
	for _, want := range []uint32{1, 0} {
		for _, l := range ns.snapshotLinks().Links {
			if l.Link.Name == "d0" && (l.Promiscuity != Some(want) || strings.Contains(l.Link.Flags.String(), "promisc")) {
				t.Errorf("%s has promiscuity %s and flags %s; want %d and no flag", l.Link.Name, l.Promiscuity, l.Link.Flags, want)
			}
		}
		if want == 1 {
			if err := unix.Close(sniffer); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// TestDriverOfCards holds the driver of each interface of this machine against
// /sys/class/net.
func TestDriverOfCards(t *testing.T) {
	h, err := OpenNICStats(nil)
	if err != nil {
		t.Fatal(err)
	}
	closeAfter(t, h)
	var s LinkSnapshot
	for range 2 { // read, and kept
		if err := h.Snapshot(t.Context(), &s, 0); err != nil {
			t.Fatal(err)
		}
		for _, l := range s.Links {
			want := ""
			if target, err := os.Readlink(filepath.Join("/sys/class/net", l.Link.Name, "device/driver")); err == nil {
				want = filepath.Base(target)
			}
			if l.Driver != want {
				t.Errorf("%s, which is %s on %q, has the driver %q, want %q", l.Link.Name, l.ParentDev, l.ParentBus, l.Driver, want)
			}
		}
	}
}

func TestPeerInAnotherNamespace(t *testing.T) {
	here, there := newNetNS(t), newNetNS(t)
	here.ip("link add v0 type veth peer name v1 netns " + there.name)
	h, err := OpenNICStats(here.config())
	if err != nil {
		t.Fatal(err)
	}
	closeAfter(t, h)
	var s LinkSnapshot
	if err := h.Snapshot(t.Context(), &s, WantLinkDetail); err != nil {
		t.Fatal(err)
	}
	var peer []struct {
		Index int `json:"ifindex"`
	}
	if err := json.Unmarshal(there.ip("-json link show v1"), &peer); err != nil {
		t.Fatal(err)
	}
	d := s.find(t, "v0").Detail
	if id, known := d.PeerNetNSID.Get(); !known || id < 0 || d.PeerIndex != peer[0].Index || d.PeerName != "" || d.LowerIndex != 0 {
		t.Errorf("%+v; want the peer %d in a namespace with an ID", d, peer[0].Index)
	}
}

// TestLowerOfTunnels reads tunnels over a device and over none, here and in
// another namespace than they were made in, where the kernel sends their own
// index as that of the interface below.
func TestLowerOfTunnels(t *testing.T) {
	here, there := newNetNSWithPair(t), newNetNS(t)
	here.batch([]string{
		"link add over type vxlan id 42 dev d0 remote 192.0.2.9 dstport 4789",
		"link add far type vxlan id 43 dev d0 remote 192.0.2.9 dstport 4790",
		"link add none type vxlan id 44 remote 192.0.2.9 dstport 4791",
		"link add external type vxlan external dstport 4792",
		"link set far netns " + there.name,
		"link set none netns " + there.name,
	})
	d0 := here.snapshotLinks().find(t, "d0").Link.Index
	for _, tt := range []struct {
		ns    *netNS
		name  string
		lower int
		text  string
		away  bool
		id    Opt[uint32]
	}{
		{here, "over", d0, "d0", false, Some[uint32](42)},
		{there, "far", d0, "", true, Some[uint32](43)},
		{there, "none", 0, "", false, Some[uint32](44)},
		{here, "external", 0, "", false, Opt[uint32]{}},
	} {
		h, err := OpenNICStats(tt.ns.config())
		if err != nil {
			t.Fatal(err)
		}
		closeAfter(t, h)
		var s LinkSnapshot
		if err := h.Snapshot(t.Context(), &s, WantLinkDetail); err != nil {
			t.Fatal(err)
		}
		d := s.find(t, tt.name).Detail
		if d.LowerIndex != tt.lower || d.LowerName != tt.text || d.LowerNetNSID.Known() != tt.away || d.VXLANID != tt.id || d.PeerIndex != 0 {
			t.Errorf("%s: %+v; want lower %d %q, in another namespace: %v, ID %v", tt.name, d, tt.lower, tt.text, tt.away, tt.id)
		}
	}
}
