package nicaddrs

import (
	"net/netip"
	"testing"

	"telegraf-sysprobe/sysprobe"
)

// TestGlobalAddresses tells the addresses that a host is to keep from those that come
// with a link or go by themselves.
func TestGlobalAddresses(t *testing.T) {
	for _, tt := range []struct {
		ip    string
		scope sysprobe.AddrScope
		flags sysprobe.AddrFlags
		want  bool
	}{
		{"192.0.2.1", sysprobe.ScopeGlobal, 0, true},
		{"192.0.2.2", sysprobe.ScopeGlobal, sysprobe.AddrSecondary, true},
		{"10.0.0.1", sysprobe.ScopeSite, 0, true},
		{"127.0.0.1", sysprobe.ScopeHost, 0, false},
		{"169.254.7.7", sysprobe.ScopeLink, 0, false},
		{"169.254.7.8", sysprobe.ScopeGlobal, 0, false},
		{"192.0.2.3", sysprobe.ScopeLink, 0, false},
		{"2001:db8::1", sysprobe.ScopeGlobal, 0, true},
		{"2001:db8::2", sysprobe.ScopeGlobal, sysprobe.AddrDeprecated, true},
		{"2001:db8::3", sysprobe.ScopeGlobal, sysprobe.AddrTemporary, false},
		{"2001:db8::4", sysprobe.ScopeGlobal, sysprobe.AddrDADFailed, false},
		{"fe80::1", sysprobe.ScopeLink, 0, false},
		{"::1", sysprobe.ScopeHost, 0, false},
	} {
		a := address{addr: &sysprobe.Addr{IP: netip.MustParseAddr(tt.ip), Scope: tt.scope, Flags: tt.flags}}
		if got := a.isGlobal(); got != tt.want {
			t.Errorf("%s of scope %s with %q is global: %v", tt.ip, tt.scope, a.addr.Flags.Text(a.addr.Family()), got)
		}
	}
	if (address{link: &sysprobe.Link{}}).isGlobal() {
		t.Error("a link-layer address is global")
	}
}
