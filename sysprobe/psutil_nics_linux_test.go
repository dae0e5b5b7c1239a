package sysprobe

import (
	"encoding/json"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"telegraf-sysprobe/sysprobe/sysprobetest"
)

// psutilNICs is what psutil says of the interfaces of a namespace.
type psutilNICs struct {
	// Addrs are address, netmask, broadcast and ptp behind the family, by interface.
	Addrs map[string][][]any
	Stats map[string]psutilNIC
}

type psutilNIC struct {
	IsUp               bool
	Duplex, Speed, MTU int
	Flags              string
}

const psutilNICScript = `import json, psutil
print(json.dumps(dict(
    Addrs={n: [[int(a.family), a.address, a.netmask, a.broadcast, a.ptp] for a in rows] for n, rows in psutil.net_if_addrs().items()},
    Stats={n: dict(IsUp=s.isup, Duplex=int(s.duplex), Speed=s.speed, MTU=s.mtu, Flags=s.flags) for n, s in psutil.net_if_stats().items()})))`

// TestNICsAgreeWithPsutil compares addresses and states in a namespace with one
// interface of each kind. What differs:
//   - psutil names an address by its label, which is no interface (A09).
//   - glibc, and so psutil, has the own address for the broadcast address of one that was
//     added without (A04), and takes the peer for it where the interface can broadcast
//     (A10).
//   - psutil before 8 leaves out interfaces without any address; theirs have a link
//     address of length 0 here.
//   - lower_up is beyond psutil's 16 bits of flags.
func TestNICsAgreeWithPsutil(t *testing.T) {
	python := sysprobetest.NeedPython(t, "psutil")
	ns := newNetNSWithEverything(t)
	var theirs psutilNICs
	check(t, json.Unmarshal(ns.exec(python, "-c", psutilNICScript), &theirs))
	got := psutilNICs{Addrs: map[string][][]any{}, Stats: map[string]psutilNIC{}}
	for _, nic := range ns.snapshotAddrs().Interfaces {
		for _, a := range nic.Addrs {
			name := nic.Link.Name
			if a.Label != "" {
				name = a.Label
			}
			got.Addrs[name] = append(got.Addrs[name], addrAsPsutil(&nic.Link, &a))
		}
		if l := &nic.Link; l.HardwareAddr.Len() > 0 {
			row := []any{17.0, l.HardwareAddr.String(), nil, nil, nil}
			if l.Flags&FlagBroadcast != 0 {
				row[3] = l.Broadcast.String()
			}
			got.Addrs[l.Name] = append(got.Addrs[l.Name], row)
		}
	}
	for _, l := range ns.snapshotLinks().Links {
		flags := strings.Split(l.Link.Flags.String(), ",")
		got.Stats[l.Link.Name] = psutilNIC{
			IsUp: l.Link.Flags.IsUp(), Duplex: int(l.Duplex), Speed: int(l.Speed.Or(0)), MTU: int(l.Link.MTU),
			Flags: strings.Join(slices.DeleteFunc(flags, func(f string) bool { return f == "lower_up" }), ","),
		}
	}
	for _, rows := range theirs.Addrs {
		for i := range rows {
			if rows[i][0] == 17.0 && rows[i][3] == "00:00:00:00:00:00" {
				rows[i][3] = nil
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(theirs.Addrs)) {
		if diff := cmp.Diff(theirs.Addrs[name], got.Addrs[name]); diff != "" {
			t.Errorf("addresses of %s (-psutil +got):\n%s", name, diff)
		}
	}
	if diff := cmp.Diff(theirs.Stats, got.Stats); diff != "" {
		t.Errorf("states (-psutil +got):\n%s", diff)
	}
	if len(theirs.Stats) < 8 || len(theirs.Addrs) < 8 {
		t.Errorf("psutil sees %d and %d interfaces only", len(theirs.Stats), len(theirs.Addrs))
	}
}

// addrAsPsutil is the row of psutil for an address, with what glibc makes of it.
func addrAsPsutil(l *Link, a *Addr) []any {
	text := func(ip netip.Addr) any {
		if !ip.IsValid() {
			return nil
		}
		return ip.String()
	}
	row := []any{float64(a.Family()), text(a.IP), text(a.Netmask()), nil, nil}
	switch {
	case l.Flags&FlagPointToPoint != 0:
		row[4] = text(a.Peer)
	case l.Flags&FlagBroadcast == 0:
	case a.Broadcast.IsValid():
		row[3] = text(a.Broadcast)
	case a.Family() == FamilyInet && a.Peer.IsValid():
		row[3] = text(a.Peer)
	case a.Family() == FamilyInet:
		row[3] = text(a.IP)
	case a.Peer.IsValid():
		row[3] = text(a.Peer)
	}
	return row
}
