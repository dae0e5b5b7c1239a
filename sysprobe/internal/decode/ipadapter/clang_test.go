package ipadapter

import (
	"fmt"
	"os"
	"testing"

	"telegraf-sysprobe/sysprobe/internal/decode"
	"telegraf-sysprobe/sysprobe/sysprobetest"
)

// TestLayoutsAgainstClang holds the place and the size of every field against
// those that clang gives the structures of testdata/ipadapter.h.
func TestLayoutsAgainstClang(t *testing.T) {
	text, err := os.ReadFile("testdata/ipadapter.h")
	if err != nil {
		t.Fatal(err)
	}
	for target, wordSize := range map[string]int{
		"x86_64-pc-windows-msvc": 8, "aarch64-pc-windows-msvc": 8, "i686-pc-windows-msvc": 4,
	} {
		source := string(text)
		size := func(structure string, n int) {
			source += fmt.Sprintf("_Static_assert(sizeof(struct %[1]s) == %[2]d, \"size of %[1]s\");\n", structure, n)
		}
		place := func(structure, member string, f decode.Field) {
			source += fmt.Sprintf("_Static_assert(__builtin_offsetof(struct %[1]s, %[2]s) == %[3]d, \"place of %[1]s.%[2]s\");\n"+
				"_Static_assert(sizeof(((struct %[1]s *)0)->%[2]s) == %[4]d, \"size of %[1]s.%[2]s\");\n", structure, member, f.At, f.Size)
		}
		l := layoutOf(wordSize)
		a, u := &l.adapter, &l.unicast
		size("adapter", a.size)
		size("unicast", u.size)
		size("row", rowSize)
		place("adapter", "length", l.length)
		place("unicast", "length", l.length)
		for member, f := range map[string]decode.Field{
			"index": a.index, "next": a.next, "adapter_name": a.adapterName, "unicast": a.unicast, "description": a.description,
			"friendly_name": a.friendlyName, "hw": a.hardwareAddr, "hw_len": a.hardwareAddrLen, "flags": a.flags, "mtu": a.mtu,
			"if_type": a.ifType, "oper_status": a.operStatus, "index6": a.index6, "transmit": a.transmitSpeed,
			"receive": a.receiveSpeed, "luid": a.luid,
		} {
			place("adapter", member, f)
		}
		for member, f := range map[string]decode.Field{
			"next": u.next, "address.sockaddr": u.address, "address.length": u.addressLen, "prefix_origin": u.prefixOrigin,
			"suffix_origin": u.suffixOrigin, "dad_state": u.dadState, "valid": u.valid, "preferred": u.preferred, "prefix_len": u.prefixLen,
		} {
			place("unicast", member, f)
		}
		for member, f := range rowFields {
			place("row", member, f)
		}
		place("table", "row[0]", decode.Text(TableHeader, rowSize))
		sysprobetest.CompileC(t, target, source)
	}
}

// rowFields are the places of what tests write into a row.
var rowFields = map[string]decode.Field{
	"luid": decode.U64(0), "index": decode.U32(8), "guid": decode.Text(12, 16), "alias": decode.Text(28, nameBytes),
	"description": decode.Text(28+nameBytes, nameBytes), "hw_len": decode.U32(1056), "hw": decode.Text(1060, 32),
	"permanent": decode.Text(1092, 32), "mtu": decode.U32(1124), "type": decode.U32(1128), "access": decode.U32(1144),
	"flags": decode.U8(1152), "oper_status": decode.U32(1156), "admin_status": decode.U32(1160), "media_state": decode.U32(1164),
	"transmit": decode.U64(1192), "receive": decode.U64(1200),
	"in_octets": decode.U64(1208), "in_ucast": decode.U64(1216), "in_nucast": decode.U64(1224), "in_discards": decode.U64(1232),
	"in_errors": decode.U64(1240), "in_unknown": decode.U64(1248), "in_ucast_octets": decode.U64(1256),
	"in_mcast_octets": decode.U64(1264), "in_bcast_octets": decode.U64(1272),
	"out_octets": decode.U64(1280), "out_ucast": decode.U64(1288), "out_nucast": decode.U64(1296), "out_discards": decode.U64(1304),
	"out_errors": decode.U64(1312), "out_ucast_octets": decode.U64(1320), "out_mcast_octets": decode.U64(1328),
	"out_bcast_octets": decode.U64(1336), "out_qlen": decode.U64(1344),
}
