//go:build linux

package sysprobe

import (
	"testing"

	"telegraf-sysprobe/sysprobe/sysprobetest"
)

// BenchmarkNICAddrs1001 reads the 2,002 addresses of 1,001 interfaces.
func BenchmarkNICAddrs1001(b *testing.B) {
	ns := benchNetNS(b)
	h, err := OpenNICAddrs(ns.config())
	if err != nil {
		b.Fatal(err)
	}
	closeAfter(b, h)
	var s AddrSnapshot
	b.ReportAllocs()
	for b.Loop() {
		if err := h.Snapshot(b.Context(), &s); err != nil {
			b.Fatal(err)
		}
	}
	if len(s.Interfaces) != 1001 {
		b.Fatalf("got %d interfaces, want 1001", len(s.Interfaces))
	}
}

// BenchmarkNICStats1001 reads the state, speed and counters of 1,001
// interfaces.
func BenchmarkNICStats1001(b *testing.B) {
	ns := benchNetNS(b)
	h, err := OpenNICStats(ns.config())
	if err != nil {
		b.Fatal(err)
	}
	closeAfter(b, h)
	var s LinkSnapshot
	if err := h.Snapshot(b.Context(), &s, 0); err != nil { // which asks for the ports, and later ones do not
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := h.Snapshot(b.Context(), &s, 0); err != nil {
			b.Fatal(err)
		}
	}
	if len(s.Links) != 1001 || s.Ethtool != nil {
		b.Fatalf("got %d interfaces, want 1001; ethtool: %v", len(s.Links), s.Ethtool)
	}
}

// benchNetNS makes a namespace with 500 veth pairs and lo.
func benchNetNS(b *testing.B) *netNS {
	b.Helper()
	sysprobetest.NeedRoot(b)
	ns := newNetNS(b)
	ns.manyPairs(500)
	return ns
}
