package rib

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"telegraf-sysprobe/sysprobe/internal/decode"
	"telegraf-sysprobe/sysprobe/sysprobetest"
)

// place is what has to hold of a member of a structure.
func place(structure, member string, f decode.Field) string {
	if f.Size == 0 {
		return ""
	}
	return fmt.Sprintf("_Static_assert(__builtin_offsetof(struct %[1]s, %[2]s) == %[3]d, \"place of %[1]s.%[2]s\");\n"+
		"_Static_assert(sizeof(((struct %[1]s *)0)->%[2]s) == %[4]d, \"size of %[1]s.%[2]s\");\n", structure, member, f.At, f.Size)
}

// places are what has to hold of a header.
func places(structure string, h *header) string {
	text := fmt.Sprintf("_Static_assert(sizeof(struct %[1]s) == %[2]d, \"size of %[1]s\");\n", structure, h.Size) +
		place(structure, "addrs", h.Addrs) + place(structure, "flags", h.Flags) + place(structure, "index", h.Index) +
		place(structure, "header", h.Length) + place(structure, "data", h.DataOffset)
	if h.Data > 0 && h.Data < h.Size {
		text += fmt.Sprintf("_Static_assert(__builtin_offsetof(struct %s, data) == %d, \"place of data\");\n", structure, h.Data)
	}
	return text
}

// placesOfData are what has to hold of struct if_data.
func placesOfData(structure string, d data) string {
	text := ""
	for member, f := range map[string]decode.Field{
		"type": d.Type, "link_state": d.LinkState, "mtu": d.MTU, "baudrate": d.Baudrate, "ipackets": d.InPackets, "ierrors": d.InErrors,
		"opackets": d.OutPackets, "oerrors": d.OutErrors, "collisions": d.Collisions, "ibytes": d.InBytes, "obytes": d.OutBytes,
		"imcasts": d.InMulticast, "omcasts": d.OutMulticast, "iqdrops": d.InDrops, "oqdrops": d.OutDrops, "noproto": d.NoProto,
	} {
		text += place(structure, "ifi_"+member, f)
	}
	return text
}

// TestLayoutsAgainstClang holds the place and the size of every field against
// those that clang gives the structures of testdata/rib.h.
func TestLayoutsAgainstClang(t *testing.T) {
	text, err := os.ReadFile("testdata/rib.h")
	if err != nil {
		t.Fatal(err)
	}
	for target, triple := range sysprobetest.Targets() {
		goos, goarch, _ := strings.Cut(target, "/")
		l, ok := LayoutOf(goos, goarch)
		if !ok {
			t.Errorf("no layout for %s", target)
		}
		source := string(text)
		for structure, from := range map[string]struct {
			headers map[uint8]header
			typ     uint8
		}{
			"link": {l.links, typeInfo}, "link2": {l.links, typeInfo2}, "longlink": {l.longLinks, typeInfo},
			"addr": {l.addrs, typeOldAddr}, "newaddr": {l.addrs, typeNetAddr}, "longaddr": {l.longAddrs, typeOldAddr},
		} {
			h, ok := from.headers[from.typ]
			if structure == "link" && goos == "netbsd" {
				h, ok = l.links[typeNetInfo]
			}
			if ok {
				source += places(structure, &h)
			}
		}
		if a := l.announce; a.Size > 0 {
			source += fmt.Sprintf("_Static_assert(sizeof(struct announce) == %d, \"size of announce\");\n", a.Size) +
				place("announce", "index", a.Index) + place("announce", "name", a.Name) + place("announce", "what", a.What)
		}
		source += placesOfData("data", datas[goos])
		if goos == "darwin" {
			source += placesOfData("data64", datas["darwin 64"])
		}
		if goos != "darwin" {
			// The kernel rounds up to the size of a long, NetBSD to 8.
			long := map[bool]string{false: "sizeof(long)", true: "8"}[goos == "netbsd"]
			source += fmt.Sprintf("_Static_assert(%s == %d, \"rounding\");\n", long, l.align)
		}
		sysprobetest.CompileC(t, triple, source)
	}
}
