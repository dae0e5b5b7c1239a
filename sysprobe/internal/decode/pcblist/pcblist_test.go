package pcblist

import (
	"encoding/binary"
	"errors"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"telegraf-sysprobe/sysprobe/internal/decode"
	"telegraf-sysprobe/sysprobe/sysprobetest"
)

// The sockets whose records the tests make: there is no recording of these tables.
var (
	listening = inet(0xfffff80003a2d000, 1, 3, "[::]:80", "[::]:0", 1)
	connected = inet(0xfffff80003a2e000, 1, 1, "192.0.2.5:22", "198.51.100.1:50123", 4)
	lingering = inet(0, 0, 1, "192.0.2.5:80", "198.51.100.1:50124", 10)
	unheard   = inet(5, 1, 2, "[fe80:2::1]:1", "[2001:db8::2]:2", 77)
	datagrams = inet(6, 2, 1, "0.0.0.0:514", "0.0.0.0:0", 0)
	nothing   = sysprobetest.PCB{Handle: 7, Type: 1}
	bound     = sysprobetest.PCB{Handle: 8, Type: 1, Path: "/var/run/log"}
	unbound   = sysprobetest.PCB{Handle: 9, Type: 5}
	longest   = sysprobetest.PCB{Handle: 10, Type: 2, Path: strings.Repeat("x", 104)}
)

// inet is a socket of TCP or UDP.
func inet(handle uint64, typ uint16, flags uint8, local, remote string, state uint32) sysprobetest.PCB {
	return sysprobetest.PCB{
		Handle: handle, Type: typ, VFlag: flags, State: state, Local: netip.MustParseAddrPort(local), Remote: netip.MustParseAddrPort(remote),
	}
}

// joined are the records of TCP sockets.
func joined(order sysprobetest.ByteOrder, sockets ...sysprobetest.PCB) (b []byte) {
	for _, p := range sockets {
		b = append(b, p.XTCPCB(order)...)
	}
	return b
}

// wantInternet is what the record of a socket says.
func wantInternet(p sysprobetest.PCB, local string) Socket {
	return Socket{Handle: p.Handle, Type: p.Type, State: p.State, Local: netip.MustParseAddrPort(local), Remote: p.Remote}
}

// TestI14Tables is acceptance case I14: only UDP, only TCP, none, all of them, and
// records whose length is 0, short or huge.
func TestI14Tables(t *testing.T) {
	for _, order := range []sysprobetest.ByteOrder{binary.LittleEndian, binary.BigEndian} {
		head, small := sysprobetest.Generation(order, 64), sysprobetest.Generation(order, 32)
		sized := func(record []byte, size uint64) []byte {
			record = slices.Clone(record)
			order.PutUint64(record, size)
			return record
		}
		first := slices.Concat(head, connected.XTCPCB(order))
		tcp := wantInternet(connected, "192.0.2.5:22")
		for _, tc := range []struct {
			name  string
			table Table
			b     []byte
			want  []Socket
			short int
			err   error
		}{
			{"nothing at all", TCP, nil, nil, 0, nil},
			{"no TCP socket", TCP, slices.Concat(head, head), nil, 0, nil},
			{"no UDP socket", UDP, slices.Concat(head, head), nil, 0, nil},
			{"no UNIX socket", Unix, slices.Concat(small, small), nil, 0, nil},
			{
				"TCP", TCP, slices.Concat(head, joined(order, listening, connected, lingering, unheard, nothing), head),
				[]Socket{
					wantInternet(listening, "[::]:80"), tcp, wantInternet(lingering, "192.0.2.5:80"), wantInternet(unheard, "[fe80::1]:1"),
				},
				0, nil,
			},
			{"UDP", UDP, slices.Concat(head, datagrams.XINPCB(order), head), []Socket{wantInternet(datagrams, "0.0.0.0:514")}, 0, nil},
			{
				"UNIX", Unix, slices.Concat(small, bound.XUNPCB(order), unbound.XUNPCB(order), longest.XUNPCB(order), small),
				[]Socket{
					{Handle: 8, Type: 1, Path: []byte("/var/run/log")}, {Handle: 9, Type: 5}, {Handle: 10, Type: 2, Path: []byte(longest.Path)},
				},
				0, nil,
			},
			{"a table without room for its end", TCP, first, []Socket{tcp}, 0, nil},
			{"UDP records in the place of TCP ones", TCP, slices.Concat(first, datagrams.XINPCB(order), head), []Socket{tcp}, 1, nil},
			{
				"larger records, of a newer system", UDP,
				slices.Concat(head, sized(append(datagrams.XINPCB(order), make([]byte, 16)...), 416), head),
				[]Socket{wantInternet(datagrams, "0.0.0.0:514")},
				0, nil,
			},
			{"what follows the end", TCP, slices.Concat(first, head, connected.XTCPCB(order)), []Socket{tcp}, 0, nil},
			{"length 0", TCP, slices.Concat(first, sized(connected.XTCPCB(order), 0)), []Socket{tcp}, 0, decode.ErrMalformed},
			{"length 7", TCP, slices.Concat(first, sized(connected.XTCPCB(order), 7)), []Socket{tcp}, 0, decode.ErrMalformed},
			{"length beyond the end", TCP, slices.Concat(first, sized(connected.XTCPCB(order), 745)), []Socket{tcp}, 0, decode.ErrMalformed},
			{"huge length", TCP, slices.Concat(first, sized(connected.XTCPCB(order), 1<<63)), []Socket{tcp}, 0, decode.ErrMalformed},
			{"cut", TCP, slices.Concat(first, connected.XTCPCB(order)[:743]), []Socket{tcp}, 0, decode.ErrMalformed},
			{"head of FreeBSD 11", TCP, slices.Concat(small, connected.XTCPCB(order)), nil, 0, decode.ErrMalformed},
		} {
			got, short, err := AppendSockets(nil, tc.b, order, tc.table, "amd64")
			diff := cmp.Diff(tc.want, got, cmp.Comparer(func(a, b netip.AddrPort) bool { return a == b }))
			if diff != "" || short != tc.short || !errors.Is(err, tc.err) {
				t.Errorf("%v, %s: %d short, %v (-want +got):\n%s", order, tc.name, short, err, diff)
			}
		}
	}
}

// TestFiles decodes the table of open files, of which the sockets alone count.
func TestFiles(t *testing.T) {
	for _, order := range []sysprobetest.ByteOrder{binary.LittleEndian, binary.BigEndian} {
		b := slices.Concat(
			sysprobetest.XFile(order, 100, 3, 2, 6), sysprobetest.XFile(order, 100, 4, 1, 6), sysprobetest.XFile(order, 99998, 5, 2, 0xfffff80003a2e000))
		want := []File{{PID: 100, FD: 3, Handle: 6}, {PID: 99998, FD: 5, Handle: 0xfffff80003a2e000}}
		if got, err := AppendSocketFiles(nil, b, order); err != nil || !slices.Equal(got, want) {
			t.Errorf("%v: %v, %v, want %v", order, got, err, want)
		}
		if got, err := AppendSocketFiles(nil, b[:len(b)-1], order); !errors.Is(err, decode.ErrMalformed) || !slices.Equal(got, want[:1]) {
			t.Errorf("%v, cut: %v, %v", order, got, err)
		}
		order.PutUint64(b, 64) // FreeBSD 11
		if got, err := AppendSocketFiles(nil, b, order); !errors.Is(err, decode.ErrMalformed) || len(got) > 0 {
			t.Errorf("%v, short records: %v, %v", order, got, err)
		}
	}
}

// Test386 decodes a record of a 32-bit machine, whose inp_vflag lies 4 bytes earlier.
func Test386(t *testing.T) {
	b := datagrams.XINPCB(binary.LittleEndian)
	b[388], b[392] = b[392], 0
	b = slices.Concat(sysprobetest.Generation(binary.LittleEndian, 64), b)
	for goarch, want := range map[string]int{"386": 1, "amd64": 0, "arm": 0} {
		if got, _, err := AppendSockets(nil, b, binary.LittleEndian, UDP, goarch); err != nil || len(got) != want {
			t.Errorf("%s: %v, %v, want %d sockets", goarch, got, err, want)
		}
	}
}

// FuzzTables decodes any bytes as each table.
func FuzzTables(f *testing.F) {
	order := binary.LittleEndian
	f.Add(slices.Concat(sysprobetest.Generation(order, 64), connected.XTCPCB(order), sysprobetest.Generation(order, 64)), false)
	f.Add(slices.Concat(sysprobetest.Generation(order, 64), datagrams.XINPCB(order)), false)
	f.Add(slices.Concat(sysprobetest.Generation(binary.BigEndian, 32), bound.XUNPCB(binary.BigEndian)), true)
	f.Add(sysprobetest.XFile(order, 1, 2, 2, 3), false)
	f.Fuzz(func(t *testing.T, b []byte, big bool) {
		var order binary.ByteOrder = binary.LittleEndian
		if big {
			order = binary.BigEndian
		}
		for table := range Unix + 1 {
			for _, goarch := range []string{"amd64", "386"} {
				sockets, short, err := AppendSockets(nil, b, order, table, goarch)
				if err != nil && !errors.Is(err, decode.ErrMalformed) || (len(sockets)+short)*33 > len(b) {
					t.Fatal(len(sockets), short, err)
				}
				for _, s := range sockets {
					if len(s.Path) > 104 || s.Local.Addr().Zone() != "" {
						t.Fatalf("%+v", s)
					}
				}
			}
		}
		if files, err := AppendSocketFiles(nil, b, order); err != nil && !errors.Is(err, decode.ErrMalformed) || len(files)*128 > len(b) {
			t.Fatal(len(files), err)
		}
	})
}
