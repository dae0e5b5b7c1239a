package drivers

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/mdlayher/genetlink"
	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"
)

// TestRecord leaves what this kernel answers about cards and other interfaces
// in the directory "recorded", in the format of testdata/wire.
func TestRecord(t *testing.T) {
	if err := os.MkdirAll(filepath.Join(os.Getenv(machineVariable), "recorded"), 0o755); err != nil {
		t.Fatal(err)
	}
	s, names := openStats(t), interfaces(t)
	if slices.Contains(names, "e1000e") {
		up(t, s, "e1000e", "rtl8139", "pcnet", "e1000")
		run(t, "ethtool -s e1000e speed 100 duplex half autoneg off")
		defer run(t, "ethtool -s e1000e autoneg on")
		up(t, s, "e1000e", "vlan7")
	}
	route, err := netlink.Dial(unix.NETLINK_ROUTE, nil)
	if err != nil {
		t.Fatal(err)
	}
	closeAfter(t, route)
	generic, err := netlink.Dial(unix.NETLINK_GENERIC, nil)
	if err != nil {
		t.Fatal(err)
	}
	closeAfter(t, generic)
	family, err := genetlink.NewConn(generic).GetFamily("ethtool")
	if err != nil {
		t.Fatal(err)
	}
	record(t, "link", "RTM_GETLINK", names, ifinfo, func(name string) ([]netlink.Message, error) {
		body := nlAttr(make([]byte, unix.SizeofIfInfomsg), unix.IFLA_IFNAME, append([]byte(name), 0))
		request := netlink.Message{Header: netlink.Header{Type: unix.RTM_GETLINK, Flags: netlink.Request}, Data: body}
		return route.Execute(request)
	})
	for command, kind := range map[byte]string{4: "linkmodes", 6: "linkstate"} {
		record(t, kind, "ETHTOOL_MSG_"+strings.ToUpper(kind)+"_GET", names, ethnlKinds[kind], func(name string) ([]netlink.Message, error) {
			header := nlAttr(nil, 2, append([]byte(name), 0))                    // ETHTOOL_A_HEADER_DEV_NAME
			header = nlAttr(header, 3, binary.NativeEndian.AppendUint32(nil, 1)) // ..._FLAGS: compact bit sets
			body := nlAttr([]byte{command, 1, 0, 0}, 1|unix.NLA_F_NESTED, header)
			request := netlink.Message{Header: netlink.Header{Type: netlink.HeaderType(family.ID), Flags: netlink.Request}, Data: body}
			return generic.Execute(request)
		})
	}
}

// interfaces are those to record: all that are not like another one.
func interfaces(t *testing.T) []string {
	t.Helper()
	if names := cards(t); !slices.Contains(names, "e1000e") {
		return append(names, "lo")
	}
	return append([]string{"e1000e", "rtl8139", "pcnet", "virtio"}, makeKinds(t)...)
}

// typeMask is NLA_TYPE_MASK.
const typeMask = 0x3fff

// nlAttr appends an attribute.
func nlAttr(b []byte, kind uint16, value []byte) []byte {
	b = binary.NativeEndian.AppendUint16(b, uint16(4+len(value)))
	b = binary.NativeEndian.AppendUint16(b, kind)
	b = append(b, value...)
	return append(b, make([]byte, -len(value)&3)...)
}

// record asks for each interface and writes a file.
func record(t *testing.T, file, request string, names []string, schema schema, ask func(name string) ([]netlink.Message, error)) {
	t.Helper()
	var release unix.Utsname
	if err := unix.Uname(&release); err != nil {
		t.Fatal(err)
	}
	var body strings.Builder
	var told []string
	for _, name := range names {
		answers, err := ask(name)
		if err != nil {
			t.Logf("%s of %s: %v", request, name, err)
			continue
		}
		told = append(told, name)
		for _, m := range answers {
			m.Header.PID, m.Header.Sequence = 0, 7
			if schema.generic {
				m.Header.Type = 21
			}
			body.WriteByte('\n')
			schema.message(&body, m)
		}
	}
	text := fmt.Sprintf("# %s: %s. Linux %s, %s.\n%s", request, strings.Join(told, ", "),
		unix.ByteSliceToString(release.Release[:]), unix.ByteSliceToString(release.Machine[:]), body.String())
	path := filepath.Join(os.Getenv(machineVariable), "recorded", file+".hex")
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// schema names the attributes of a message.
type schema struct {
	generic bool // after a genlmsghdr, not an ifinfomsg
	attrs   attrs
}

type attrs map[uint16]attr

type attr struct {
	name   string
	nested attrs
}

// message writes a message in lines.
func (s schema) message(w *strings.Builder, m netlink.Message) {
	h, order, length := m.Header, binary.NativeEndian, unix.SizeofNlMsghdr+len(m.Data)
	raw := order.AppendUint32(nil, uint32(length))
	raw = order.AppendUint16(raw, uint16(h.Type))
	raw = order.AppendUint16(raw, uint16(h.Flags))
	raw = order.AppendUint32(raw, h.Sequence)
	raw = order.AppendUint32(raw, h.PID)
	line(w, "", raw, fmt.Sprintf("nlmsghdr: length %d, type %d, flags %#x, seq %d, port %d", length, h.Type, uint16(h.Flags), h.Sequence, h.PID))
	size, text := unix.SizeofIfInfomsg, "ifinfomsg: "
	if s.generic {
		size, text = 4, fmt.Sprintf("genlmsghdr: command %d, version %d", m.Data[0], m.Data[1])
	} else {
		text += fmt.Sprintf("type %d, index %d, flags %#x", order.Uint16(m.Data[2:]), order.Uint32(m.Data[4:]), order.Uint32(m.Data[8:]))
	}
	line(w, "", m.Data[:size], text)
	s.attrs.write(w, "", m.Data[size:])
}

// write writes attributes, one a line.
func (known attrs) write(w *strings.Builder, indent string, b []byte) {
	for len(b) >= 4 {
		length, kind := int(binary.NativeEndian.Uint16(b)), binary.NativeEndian.Uint16(b[2:])
		end := min(len(b), (length+3)&^3)
		a, ok := known[kind&typeMask]
		if !ok {
			a.name = fmt.Sprintf("attribute %d", kind&typeMask)
		}
		if a.nested != nil {
			line(w, indent, b[:4], a.name)
			a.nested.write(w, indent+"  ", b[4:length])
		} else {
			line(w, indent, b[:end], a.name+valueText(b[4:length]))
		}
		b = b[end:]
	}
}

// valueText is what a value is, as far as one can tell from its length and look.
func valueText(v []byte) string {
	switch {
	case len(v) == 1:
		return fmt.Sprintf(" %d", v[0])
	case len(v) > 1 && v[len(v)-1] == 0 && strings.Trim(string(v[:len(v)-1]), "abcdefghijklmnopqrstuvwxyz0123456789-:.") == "" && v[0] != 0:
		return fmt.Sprintf(" %q", v[:len(v)-1])
	case len(v) == 2:
		return fmt.Sprintf(" %d", binary.NativeEndian.Uint16(v))
	case len(v) == 4:
		return fmt.Sprintf(" %d", binary.NativeEndian.Uint32(v))
	}
	return ""
}

// line writes octets in groups of four, and what they are.
func line(w *strings.Builder, indent string, b []byte, comment string) {
	for first := true; first || len(b) > 0; first = false {
		n := min(len(b), 16)
		var groups []string
		for row := b[:n]; len(row) > 0; row = row[min(4, len(row)):] {
			groups = append(groups, hex.EncodeToString(row[:min(4, len(row))]))
		}
		text := indent + strings.Join(groups, " ")
		if first {
			text = fmt.Sprintf("%-40s # %s", text, comment)
		}
		w.WriteString(text + "\n")
		b = b[n:]
	}
}
