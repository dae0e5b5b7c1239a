package sysprobe

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestNICEventKind(t *testing.T) {
	checkEnum(t, map[NICEventKind]string{
		NICAdded: "added", NICRemoved: "removed", NICRenamed: "renamed", NICAdminUp: "admin_up", NICAdminDown: "admin_down",
		NICLinkUp: "link_up", NICLinkDown: "link_down", NICMTU: "mtu", NICMAC: "mac", NICMaster: "master",
		NICAddressAdded: "address_added", NICAddressRemoved: "address_removed", NICAddressFlags: "address_flags",
	}, NICAddressFlags+1)
}

func TestNICEventFamily(t *testing.T) {
	for want, e := range map[Family]NICEvent{
		FamilyUnspec: {Kind: NICLinkUp},
		FamilyLink:   {Kind: NICMAC},
		FamilyInet:   {Kind: NICAddressAdded, Address: netip.MustParsePrefix("10.0.0.1/8")},
		FamilyInet6:  {Kind: NICAddressFlags, Address: netip.MustParsePrefix("::1/128")},
	} {
		if got := e.Family(); got != want {
			t.Errorf("%v: family %v, want %v", e.Kind, got, want)
		}
	}
}

// text spells an event as "interface event: old -> new".
func (e *NICEvent) text() string {
	text := e.Interface + " " + e.Kind.String()
	if e.Kind == NICAddressFlags {
		text += " of " + e.Address.String()
	}
	return fmt.Sprintf("%s: %s -> %s", text, e.Old, e.New)
}

// link makes a row.
func link(index int, name string, flags LinkFlags, addrs ...string) InterfaceAddrs {
	row := InterfaceAddrs{Link: Link{Index: index, Name: name, Kind: "veth", Flags: flags, MTU: 1500}}
	for _, text := range addrs {
		p := netip.MustParsePrefix(text)
		a := Addr{IP: p.Addr(), PrefixLen: p.Bits(), Flags: AddrPermanent}
		if a.IP.IsLinkLocalUnicast() {
			a.IP = a.IP.WithZone(name)
		}
		row.Addrs = append(row.Addrs, a)
	}
	return row
}

// enslaved makes a row with a master.
func enslaved(row InterfaceAddrs, index int, name string) InterfaceAddrs {
	row.Link.MasterIndex, row.Link.MasterName = index, name
	return row
}

// TestNICTableOfChosen has events of the interfaces whose name begins with "a",
// and of their addresses that are not tentative.
func TestNICTableOfChosen(t *testing.T) {
	type rows = []InterfaceAddrs
	tentative := link(1, "a", 0, "10.0.0.1/8", "::2/64")
	tentative.Addrs[1].Flags |= AddrTentative
	alternative := link(1, "b", 0, "10.0.0.1/8")
	alternative.Link.AltNames = []string{"a"}
	usable := link(1, "a", 0, "10.0.0.1/8", "::2/64")
	usable.Addrs[1].Flags = AddrPermanent
	for _, tt := range []struct {
		name    string
		was, is rows
		want    []string
	}{
		{"another comes", nil, rows{link(1, "b", FlagUp, "10.0.0.1/8")}, nil},
		{"another changes", rows{link(1, "b", 0, "10.0.0.1/8")}, rows{link(1, "b", FlagUp, "10.0.0.2/8")}, nil},
		{"another goes", rows{link(1, "b", FlagUp, "10.0.0.1/8")}, nil, nil},
		{"comes to be chosen", rows{link(1, "b", FlagUp, "10.0.0.1/8", "fe80::1/64")}, rows{link(1, "a", FlagUp, "10.0.0.1/8", "fe80::1/64")}, []string{
			"a renamed: b -> a", "a added:  -> veth", "a admin_up: down -> up",
			"a address_added:  -> 10.0.0.1/8", "a address_added:  -> fe80::1/64",
		}},
		{"comes to be chosen without one address", rows{link(1, "b", 0, "10.0.0.1/8", "::2/64")}, rows{tentative}, []string{
			"a renamed: b -> a", "a added:  -> veth", "a address_added:  -> 10.0.0.1/8", "a address_added:  -> ::2/64",
			"a address_removed: ::2/64 -> ",
		}},
		{"ceases to be chosen", rows{link(1, "a", FlagUp, "10.0.0.1/8")}, rows{link(1, "b", FlagUp, "10.0.0.1/8")}, []string{
			"a address_removed: 10.0.0.1/8 -> ", "a admin_down: up -> down", "a removed: veth -> ", "b renamed: a -> b",
		}},
		{"chosen for another name", rows{link(1, "b", 0, "10.0.0.1/8")}, rows{alternative}, []string{
			"b added:  -> veth", "b address_added:  -> 10.0.0.1/8",
		}},
		{"an address comes", rows{link(1, "a", 0, "10.0.0.1/8")}, rows{tentative}, nil},
		{"an address begins to pass", rows{tentative}, rows{usable}, []string{"a address_added:  -> ::2/64"}},
		{"an address ceases to pass", rows{usable}, rows{tentative}, []string{"a address_removed: ::2/64 -> "}},
		{"an address that does not pass goes", rows{tentative}, rows{link(1, "a", 0, "10.0.0.1/8")}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			table := nicTable{
				emit: func(NICEvent) {},
				choice: NICChoice{
					Link: func(l *Link) bool { return l.Name[0] == 'a' || len(l.AltNames) > 0 },
					Addr: func(a *Addr) bool { return a.Flags&AddrTentative == 0 },
				},
			}
			table.replace(&AddrSnapshot{Interfaces: tt.was}, table.epoch)
			table.emit = func(e NICEvent) { got = append(got, e.text()) }
			table.replace(&AddrSnapshot{Interfaces: tt.is}, table.epoch)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("events (-want +got):\n%s", diff)
			}
		})
	}
}

func TestNICTableReplace(t *testing.T) {
	const up = FlagUp | FlagRunning
	mtu := link(1, "a", 0)
	mtu.Link.MTU = 9000
	mac := link(1, "a", 0)
	mac.Link.HardwareAddr = HardwareAddrFrom([]byte{2, 0, 0, 0, 0, 1})
	flags := link(1, "a", 0, "10.0.0.1/8", "fe80::1/64")
	flags.Addrs[0].Flags = AddrSecondary
	flags.Addrs[1].Flags |= AddrTentative
	peer := link(1, "a", 0, "10.0.0.1/32")
	peer.Addrs[0].Peer = netip.MustParseAddr("10.0.0.2")
	type rows = []InterfaceAddrs
	// changed makes a row of an interface with another address, kind, or number of
	// changes of its carrier.
	changed := func(name, mac, kind string, changes uint32, addrs ...string) InterfaceAddrs {
		row := link(1, name, 0, addrs...)
		row.Link.HardwareAddr, row.Link.Kind, row.Link.CarrierChanges = HardwareAddrFrom([]byte(mac)), kind, Some(changes)
		return row
	}
	for _, tt := range []struct {
		name    string
		was, is rows
		want    []string
	}{
		{"an index with another kind", rows{changed("a", "123456", "veth", 2)}, rows{changed("a", "123456", "dummy", 2)}, []string{
			"a removed: veth -> ", "a added:  -> dummy",
		}},
		{
			"an index with another name and address",
			rows{changed("a", "123456", "veth", 2, "10.0.0.1/8")},
			rows{changed("b", "123457", "veth", 2, "10.0.0.1/8")},
			[]string{"a address_removed: 10.0.0.1/8 -> ", "a removed: veth -> ", "b added:  -> veth", "b address_added:  -> 10.0.0.1/8"},
		},
		{"an index with a new carrier", rows{changed("a", "123456", "veth", 3)}, rows{changed("a", "123457", "veth", 2)}, []string{
			"a removed: veth -> ", "a added:  -> veth",
		}},
		{"an index with another name", rows{changed("a", "123456", "veth", 3)}, rows{changed("b", "123456", "veth", 4)}, []string{
			"b renamed: a -> b",
		}},
		{"nothing", rows{link(1, "a", up, "10.0.0.1/8")}, rows{link(1, "a", up, "10.0.0.1/8")}, nil},
		{"comes", nil, rows{link(1, "a", up, "10.0.0.1/8")}, []string{
			"a added:  -> veth", "a admin_up: down -> up", "a link_up: down -> up", "a address_added:  -> 10.0.0.1/8",
		}},
		{"goes", rows{link(1, "a", up, "10.0.0.1/8", "fe80::1/64")}, nil, []string{
			"a address_removed: 10.0.0.1/8 -> ", "a address_removed: fe80::1/64 -> ",
			"a admin_down: up -> down", "a link_down: up -> down", "a removed: veth -> ",
		}},
		{"goes and returns", rows{link(1, "a", 0)}, rows{link(2, "a", 0)}, []string{"a removed: veth -> ", "a added:  -> veth"}},
		{"names change places", rows{link(1, "a", 0, "fe80::1/64"), link(2, "b", 0)}, rows{link(1, "b", 0, "fe80::1/64"), link(2, "a", 0)}, []string{
			"b renamed: a -> b", "a renamed: b -> a",
		}},
		{"loses carrier", rows{link(1, "a", up)}, rows{link(1, "a", FlagUp)}, []string{"a link_down: up -> down"}},
		{"mtu", rows{link(1, "a", 0)}, rows{mtu}, []string{"a mtu: 1500 -> 9000"}},
		{"mac", rows{link(1, "a", 0)}, rows{mac}, []string{"a mac:  -> 02:00:00:00:00:01"}},
		{"new master", rows{link(1, "a", 0)}, rows{enslaved(link(1, "a", 0), 2, "br"), link(2, "br", 0)}, []string{
			"a master:  -> br", "br added:  -> veth",
		}},
		{"master gone", rows{link(1, "br", 0), enslaved(link(2, "a", 0), 1, "br")}, rows{link(2, "a", 0)}, []string{
			"br removed: veth -> ", "a master: br -> ",
		}},
		{"unknown master", rows{link(1, "a", 0)}, rows{enslaved(link(1, "a", 0), 7, "")}, []string{"a master:  -> 7"}},
		{"another address", rows{link(1, "a", 0, "10.0.0.1/8", "::2/64")}, rows{link(1, "a", 0, "10.0.0.3/8", "::2/64")}, []string{
			"a address_removed: 10.0.0.1/8 -> ", "a address_added:  -> 10.0.0.3/8",
		}},
		{"another prefix length", rows{link(1, "a", 0, "::2/64")}, rows{link(1, "a", 0, "::2/48")}, []string{
			"a address_removed: ::2/64 -> ", "a address_added:  -> ::2/48",
		}},
		{"peer", rows{link(1, "a", 0)}, rows{peer}, []string{"a address_added:  -> 10.0.0.1/32 peer 10.0.0.2"}},
		{"flags", rows{link(1, "a", 0, "10.0.0.1/8", "fe80::1/64")}, rows{flags}, []string{
			"a address_flags of 10.0.0.1/8: permanent -> secondary",
		}},
		{"order", rows{link(1, "a", 0, "10.0.0.1/8", "10.0.0.2/8")}, rows{link(1, "a", 0, "10.0.0.2/8", "10.0.0.1/8")}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			table := nicTable{emit: func(NICEvent) {}}
			table.replace(&AddrSnapshot{Interfaces: tt.was}, table.epoch)
			table.emit = func(e NICEvent) { got = append(got, e.text()) }
			table.replace(&AddrSnapshot{Interfaces: tt.is}, table.epoch)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("events (-want +got):\n%s", diff)
			}
			wantRows(t, &table, table.epoch, tt.is)
		})
	}
}

// wantRows compares a copy of the table, which is made in used memory.
func wantRows(t *testing.T, table *nicTable, now time.Time, want []InterfaceAddrs) {
	t.Helper()
	s := AddrSnapshot{Interfaces: []InterfaceAddrs{link(9, "x", FlagUp, "10.9.9.9/8"), link(10, "y", 0), link(11, "z", 0)}}
	s.Interfaces[0].Link.AltNames = []string{"w"}
	table.copyTo(&s, now)
	for i := range want {
		if _, known := findInterface(want, want[i].Link.MasterIndex); !known {
			want[i].Link.MasterName = ""
		}
	}
	values := cmpopts.EquateComparable(netip.Addr{}, HardwareAddr{}, Opt[time.Duration]{}, Opt[bool]{}, Opt[uint32]{}, Opt[uint8]{})
	if diff := cmp.Diff(want, s.Interfaces, values, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("table (-want +got):\n%s", diff)
	}
}

// TestNICTableRenames has the zones of addresses follow a notification.
func TestNICTableRenames(t *testing.T) {
	table := nicTable{emit: func(NICEvent) {}}
	table.replace(&AddrSnapshot{Interfaces: []InterfaceAddrs{link(1, "a", 0, "10.0.0.1/8", "fe80::1/64")}}, table.epoch)
	is := link(1, "b", 0, "10.0.0.1/8", "fe80::1/64")
	is.Link.AltNames = []string{"a"}
	table.setLink(&is.Link)
	wantRows(t, &table, table.epoch, []InterfaceAddrs{is})
}

// TestNICTableAges has lifetimes that end while nothing is heard.
func TestNICTableAges(t *testing.T) {
	begun := time.Unix(1000, 0)
	table := nicTable{emit: func(NICEvent) {}, epoch: begun}
	row := link(1, "a", 0, "10.0.0.1/8", "10.0.0.2/8")
	row.Addrs[0].ValidLifetime, row.Addrs[0].PreferredLifetime = Some(100*time.Second), Some(20*time.Second)
	table.replace(&AddrSnapshot{Interfaces: []InterfaceAddrs{row}}, begun.Add(10*time.Second))
	row.Addrs[1].ValidLifetime = Some(50 * time.Second)
	table.setAddr(1, &row.Addrs[1], begun.Add(20*time.Second))
	row.Addrs[0].ValidLifetime, row.Addrs[0].PreferredLifetime = Some(79*time.Second), Some(time.Duration(0))
	row.Addrs[1].ValidLifetime = Some(39 * time.Second)
	wantRows(t, &table, begun.Add(30*time.Second+300*time.Millisecond), []InterfaceAddrs{row})
}
