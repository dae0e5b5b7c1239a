package rib

import (
	"encoding/binary"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"telegraf-sysprobe/sysprobe/internal/decode"
	"telegraf-sysprobe/sysprobe/sysprobetest"
)

// TestIfDataOfNetBSD decodes what the kernel said of each interface by another call,
// SIOCGIFDATA, which has the same structure: the configuration holds for those too that
// have no address and are not in the dump.
func TestIfDataOfNetBSD(t *testing.T) {
	answers := sysprobetest.HexDir(t, "wire", "ifdata")
	d := decoderOf(t, "netbsd79934-iflist")
	f := datas["netbsd"]
	for _, want := range systems["netbsd79934"].links() {
		name := string(want.Name)
		b, ok := answers["netbsd79934-"+name]
		if !ok || string(decode.BeforeNUL(b[:16])) != name {
			t.Errorf("no answer about %s", name)
			continue
		}
		got := Link{Index: want.Index, Name: want.Name, Flags: want.Flags}
		d.data(&got, &f, decode.NewRecord(b[16:], d.Order))
		got.Counters, want.HWAddr = Counters{}, nil
		if diff := cmp.Diff(want, got, values); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// TestNamesOfOpenBSD holds the names and indexes of the dump against those that the kernel
// said by NET_RT_IFNAMES.
func TestNamesOfOpenBSD(t *testing.T) {
	const size = 20 // struct if_nameindex_msg of net/if.h
	b := sysprobetest.Hex(t, "wire", "ifnames", "openbsd65.hex")
	names := map[uint32]string{}
	for ; len(b) >= size; b = b[size:] {
		names[binary.LittleEndian.Uint32(b)] = strings.TrimRight(string(b[4:size]), "\x00")
	}
	var dump Table
	if err := decoderOf(t, "openbsd65-iflist").Dump(&dump, sysprobetest.Hex(t, "wire", "rib", "openbsd65-iflist.hex")); err != nil {
		t.Fatal(err)
	}
	got := map[uint32]string{}
	for _, l := range dump.Links {
		got[l.Index] = string(l.Name)
	}
	if diff := cmp.Diff(names, got); diff != "" || len(names) != 6 || len(b) > 0 {
		t.Errorf("%d bytes left (-NET_RT_IFNAMES +NET_RT_IFLIST):\n%s", len(b), diff)
	}
}
