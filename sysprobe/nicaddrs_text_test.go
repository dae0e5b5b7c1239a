package sysprobe

import (
	"net/netip"
	"testing"
)

// TestAddrString compares with the words of ip-address(8).
func TestAddrString(t *testing.T) {
	for want, a := range map[string]Addr{
		"none": {},
		"inet 192.0.2.1/24 brd 192.0.2.255 scope global": {
			IP: netip.MustParseAddr("192.0.2.1"), PrefixLen: 24, Broadcast: netip.MustParseAddr("192.0.2.255"), Scope: ScopeGlobal,
		},
		"inet 192.0.2.1 peer 192.0.2.2/32 scope link": {
			IP: netip.MustParseAddr("192.0.2.1"), PrefixLen: 32, Peer: netip.MustParseAddr("192.0.2.2"), Scope: ScopeLink,
		},
		"inet6 fe80::1%eth0/64 scope link": {IP: netip.MustParseAddr("fe80::1%eth0"), PrefixLen: 64, Scope: ScopeLink},
	} {
		if got := a.String(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
