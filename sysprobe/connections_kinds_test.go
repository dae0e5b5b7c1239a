package sysprobe

import (
	"net/netip"
	"strings"
	"testing"
)

// TestConnKinds holds the words of psutil's conn_tmap.
func TestConnKinds(t *testing.T) {
	for text, want := range map[string]ConnKinds{
		"all": KindAll, "inet": KindInet, "inet4": KindTCP4 | KindUDP4, "inet6": KindTCP6 | KindUDP6,
		"tcp": KindTCP4 | KindTCP6, "tcp4": KindTCP4, "tcp6": KindTCP6,
		"udp": KindUDP4 | KindUDP6, "udp4": KindUDP4, "udp6": KindUDP6, "unix": KindUnix, "": 0,
		"inet4,udp6": KindInet4 | KindUDP6,
	} {
		var got ConnKinds
		if err := got.UnmarshalText([]byte(text)); err != nil || got != want {
			t.Errorf("%q is %v, %v, want %v", text, got, err, want)
		}
		if got.String() != text {
			t.Errorf("%d is %q, want %q", got, got, text)
		}
	}
	k := KindTCP
	err := k.UnmarshalText([]byte("tcp,raw"))
	if err == nil || k != KindTCP || !strings.Contains(err.Error(), `"raw"`) || !strings.Contains(err.Error(), "inet6") {
		t.Errorf("%v, %v, want an error that lists the words", k, err)
	}
	if got := (KindUnix | 0x80).String(); got != "unix,0x80" {
		t.Errorf("an unknown kind is %q", got)
	}
}

func TestConnectionFilter(t *testing.T) {
	at := netip.MustParseAddrPort("10.0.0.5:22")
	listener := Connection{Family: FamilyInet, Type: SocketStream, Local: at, Status: ConnListen}
	client := Connection{Family: FamilyInet, Type: SocketStream, Local: netip.MustParseAddrPort("10.0.0.6:4000"), Remote: at, Status: ConnEstablished}
	datagrams := Connection{Family: FamilyInet6, Type: SocketDatagram, Local: netip.MustParseAddrPort("[::1]:22")}
	local := Connection{Family: FamilyUnix, Type: SocketSeqPacket, Path: "/run/x"}
	raw := Connection{Family: FamilyInet, Type: SocketRaw}
	all := []Connection{listener, client, datagrams, local, raw}
	for _, tt := range []struct {
		name   string
		filter ConnectionFilter
		want   []bool
		kinds  ConnKinds // that are asked for
	}{
		{"nothing", ConnectionFilter{}, []bool{true, true, true, true, true}, KindAll},
		{"all", ConnectionFilter{Kinds: KindAll}, []bool{true, true, true, true, false}, KindAll},
		{"kind", ConnectionFilter{Kinds: KindTCP | KindUnix}, []bool{true, true, false, true, false}, KindTCP | KindUnix},
		{"local port", ConnectionFilter{LocalPort: 22}, []bool{true, false, true, false, false}, KindInet},
		{"remote port", ConnectionFilter{RemotePort: 22}, []bool{false, true, false, false, false}, KindInet},
		{"states", ConnectionFilter{Status: []ConnStatus{ConnListen, ConnClose}}, []bool{true, false, false, false, false}, KindTCP},
		{"no state", ConnectionFilter{Status: []ConnStatus{ConnNone}}, []bool{false, false, true, true, true}, KindAll},
		{"together", ConnectionFilter{Kinds: KindInet6, Status: []ConnStatus{ConnListen}}, []bool{false, false, false, false, false}, KindTCP6},
	} {
		for i := range all {
			if got := tt.filter.Matches(&all[i]); got != tt.want[i] {
				t.Errorf("%s: %+v: %t, want %t", tt.name, all[i], got, tt.want[i])
			}
		}
		if got := tt.filter.kinds(); got != tt.kinds {
			t.Errorf("%s asks for %v, want %v", tt.name, got, tt.kinds)
		}
	}
}
