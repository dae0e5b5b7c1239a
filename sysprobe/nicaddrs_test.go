package sysprobe

import (
	"net/netip"
	"testing"
)

func TestAddrNetmask(t *testing.T) {
	for _, tt := range []struct {
		ip     string
		prefix int
		want   string
		family Family
	}{
		{"10.1.2.3", 24, "255.255.255.0", FamilyInet},
		{"172.16.0.1", 0, "0.0.0.0", FamilyInet}, // A07
		{"192.0.2.7", 32, "255.255.255.255", FamilyInet},
		{"10.0.0.1", 9, "255.128.0.0", FamilyInet},
		{"2001:db8::5", 64, "ffff:ffff:ffff:ffff::", FamilyInet6},
		{"fc00::1", 128, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", FamilyInet6},
		{"fe80::1%d0", 10, "ffc0::", FamilyInet6},
		{"10.0.0.1", 33, "invalid IP", FamilyInet},
		{"10.0.0.1", -1, "invalid IP", FamilyInet},
	} {
		a := Addr{IP: netip.MustParseAddr(tt.ip), PrefixLen: tt.prefix}
		if got := a.Netmask().String(); got != tt.want {
			t.Errorf("%s/%d: mask %s, want %s", tt.ip, tt.prefix, got, tt.want)
		}
		if got := a.Family(); got != tt.family {
			t.Errorf("%s: family %v, want %v", tt.ip, got, tt.family)
		}
	}
	if got := (Addr{}); got.Family() != FamilyUnspec || got.Netmask().IsValid() {
		t.Errorf("no address: family %v, mask %v", got.Family(), got.Netmask())
	}
}
