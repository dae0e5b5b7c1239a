//go:build linux

package sysprobe

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"telegraf-sysprobe/sysprobe/sysprobetest"
)

// ipDetail is what ip -json -d says of the kind of an interface.
type ipDetail struct {
	Name string `json:"ifname"`
	Link string `json:"link"`
	Info struct {
		Kind string `json:"info_kind"`
		Data struct {
			ID        uint32
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
	got := ipDetail{Name: l.Link.Name, Link: d.LowerName}
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
	})
	h, err := OpenNICStats(&Config{NetNS: ns.name, LinkFacts: ^LinkFacts(0)})
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
		if err := h.Snapshot(&s); err != nil || s.Failed+s.Denied+s.Late > 0 {
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

func TestPeerInAnotherNamespace(t *testing.T) {
	here, there := newNetNS(t), newNetNS(t)
	here.ip("link add v0 type veth peer name v1 netns " + there.name)
	h, err := OpenNICStats(&Config{NetNS: here.name, LinkFacts: WantLinkDetail})
	if err != nil {
		t.Fatal(err)
	}
	closeAfter(t, h)
	var s LinkSnapshot
	if err := h.Snapshot(&s); err != nil {
		t.Fatal(err)
	}
	var peer []struct {
		Index int `json:"ifindex"`
	}
	if err := json.Unmarshal(there.ip("-json link show v1"), &peer); err != nil {
		t.Fatal(err)
	}
	d := s.find(t, "v0").Detail
	if id, known := d.LowerNetNSID.Get(); !known || id < 0 || d.LowerIndex != peer[0].Index || d.LowerName != "" {
		t.Errorf("peer %d %q in namespace %v, want %d in one with an ID", d.LowerIndex, d.LowerName, d.LowerNetNSID, peer[0].Index)
	}
}
