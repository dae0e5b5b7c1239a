package pcblist

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"telegraf-sysprobe/sysprobe/internal/decode"
	"telegraf-sysprobe/sysprobe/sysprobetest"
)

// TestLayoutsAgainstClang holds every place and size against those that clang gives
// the structures of testdata/pcblist.h on each architecture of FreeBSD.
func TestLayoutsAgainstClang(t *testing.T) {
	header, err := os.ReadFile("testdata/pcblist.h")
	if err != nil {
		t.Fatal(err)
	}
	for target, triple := range sysprobetest.Targets() {
		goos, goarch, _ := strings.Cut(target, "/")
		if goos != "freebsd" {
			continue
		}
		source := string(header)
		for table, structs := range map[Table][2]string{TCP: {"xtcpcb", "xinpgen"}, UDP: {"xinpcb", "xinpgen"}, Unix: {"xunpcb", "xunpgen"}} {
			l := layoutOf(table, goarch)
			source += fmt.Sprintf("_Static_assert(sizeof(struct %s) == %d && sizeof(struct %s) == %d, \"size\");\n", structs[0], l.record, structs[1], l.head)
			for member, f := range fields(table, &l) {
				source += place(structs[0], member, f)
			}
		}
		source += "_Static_assert(sizeof(struct xfile) == 128, \"size\");\n" + place("xfile", "xf_pid", decode.U32(8)) +
			place("xfile", "xf_fd", decode.U32(16)) + place("xfile", "xf_type", decode.U16(32)) + place("xfile", "xf_data", decode.U64(56))
		sysprobetest.CompileC(t, triple, source)
	}
}

// fields are the fields of a table by the member of its structure.
func fields(table Table, l *layout) map[string]decode.Field {
	if table == Unix {
		return map[string]decode.Field{
			"xu_socket.xso_so": l.handle, "xu_socket.so_type": l.typ,
			"xu_addr.un.sun_len": l.pathSize, "xu_addr.un.sun_path": l.path,
		}
	}
	inpcb := map[string]decode.Field{
		"xi_socket.xso_so": l.handle, "xi_socket.so_type": l.typ, "inp_vflag": l.vflag,
		"inp_inc.ie_fport": l.remotePort, "inp_inc.ie_lport": l.localPort, "inp_inc.faddr": l.remote, "inp_inc.laddr": l.local,
	}
	if table == UDP {
		return inpcb
	}
	tcp := map[string]decode.Field{"t_state": l.state}
	for member, f := range inpcb {
		tcp["xt_inp."+member] = f
	}
	return tcp
}

// place asserts the place and the size of a member.
func place(structure, member string, f decode.Field) string {
	return fmt.Sprintf("_Static_assert(__builtin_offsetof(struct %s, %s) == %d && sizeof(((struct %[1]s *)0)->%[2]s) == %[4]d, \"%[2]s\");\n",
		structure, member, f.At, f.Size)
}
