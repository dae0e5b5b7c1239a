package ipadapter

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"testing"

	"telegraf-sysprobe/sysprobe/internal/decode"
	"telegraf-sysprobe/sysprobe/sysprobetest"
)

// TestSocketLayoutsAgainstClang is TestLayoutsAgainstClang of the rows of sockets.
func TestSocketLayoutsAgainstClang(t *testing.T) {
	text, err := os.ReadFile("testdata/sockets.h")
	if err != nil {
		t.Fatal(err)
	}
	for _, target := range []string{"x86_64-pc-windows-msvc", "i686-pc-windows-msvc"} {
		source := string(text)
		for i, structure := range []string{"tcp4", "tcp6", "udp4", "udp6"} {
			l := &socketLayouts[i]
			source += fmt.Sprintf("_Static_assert(sizeof(struct %[1]s) == %[2]d, \"size of %[1]s\");\n", structure, l.size)
			for member, f := range map[string]decode.Field{
				"local": l.local, "local_port": l.localPort, "remote": l.remote, "remote_port": l.remotePort, "state": l.state, "pid": l.pid,
			} {
				if f.Size > 0 {
					source += fmt.Sprintf("_Static_assert(__builtin_offsetof(struct %[1]s, %[2]s) == %[3]d, \"%[1]s.%[2]s\");\n", structure, member, f.At)
				}
			}
		}
		sysprobetest.CompileC(t, target, source)
	}
}

// socketTable is a table with one row for each of sockets.
func socketTable(table SocketTable, sockets ...Socket) []byte {
	l := &socketLayouts[table]
	b := binary.LittleEndian.AppendUint32(nil, uint32(len(sockets)))
	for _, s := range sockets {
		row := make([]byte, l.size)
		put := func(f, port decode.Field, at netip.AddrPort) {
			if f.Size > 0 {
				copy(row[f.At:], at.Addr().AsSlice())
				binary.BigEndian.PutUint16(row[port.At:], at.Port())
				row[port.At+2] = 0xff // the rest of the port is not defined
			}
		}
		put(l.local, l.localPort, s.Local)
		put(l.remote, l.remotePort, s.Remote)
		binary.LittleEndian.PutUint32(row[l.pid.At:], s.PID)
		if l.state.Size > 0 {
			binary.LittleEndian.PutUint32(row[l.state.At:], s.State)
		}
		b = append(b, row...)
	}
	return b
}

func TestDecodeSockets(t *testing.T) {
	four, six := netip.MustParseAddrPort("192.0.2.7:443"), netip.MustParseAddrPort("[2001:db8::7]:8080")
	for table, want := range [][]Socket{
		TCP4: {{Local: four, Remote: netip.MustParseAddrPort("198.51.100.1:50000"), PID: 4242, State: 5}, {Local: four, Remote: four, State: 99}},
		TCP6: {{Local: six, Remote: six, PID: 8, State: 2}},
		UDP4: {{Local: four, PID: 4242}, {Local: four, PID: 1}},
		UDP6: {{Local: six, PID: 7}},
	} {
		b := socketTable(SocketTable(table), want...)
		var got []Socket
		if err := DecodeSockets(b, SocketTable(table), func(s *Socket) { got = append(got, *s) }); err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("table %d: %v, %v, want %v", table, got, err, want)
		}
		for _, n := range []int{0, 3, 4, len(b) - 1} {
			if err := DecodeSockets(b[:n], SocketTable(table), func(*Socket) {}); !errors.Is(err, decode.ErrMalformed) {
				t.Errorf("%d bytes of table %d: %v, want malformed", n, table, err)
			}
		}
		if err := DecodeSockets(socketTable(SocketTable(table)), SocketTable(table), func(*Socket) { t.Error("a row") }); err != nil {
			t.Error(err)
		}
	}
	if err := DecodeSockets(make([]byte, 8), 4, func(*Socket) {}); !errors.Is(err, decode.ErrMalformed) {
		t.Errorf("%v of no table, want malformed", err)
	}
}

func FuzzDecodeSockets(f *testing.F) {
	f.Add(socketTable(TCP6, Socket{Local: netip.MustParseAddrPort("[::1]:1")}), uint8(TCP6))
	f.Add([]byte{255, 255, 255, 255}, uint8(UDP4))
	f.Fuzz(func(t *testing.T, b []byte, table uint8) {
		rows := 0
		err := DecodeSockets(b, SocketTable(table), func(s *Socket) {
			rows++
			if !s.Local.IsValid() {
				t.Errorf("%+v", s)
			}
		})
		if rows > len(b)/12 || err != nil && !errors.Is(err, decode.ErrMalformed) {
			t.Errorf("%d rows of %d bytes, %v", rows, len(b), err)
		}
	})
}
