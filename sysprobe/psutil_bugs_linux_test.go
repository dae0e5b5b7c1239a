package sysprobe

import (
	"errors"
	"math"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"telegraf-sysprobe/sysprobe/internal/decode/ipadapter"
	"telegraf-sysprobe/sysprobe/internal/decode/ntinfo"
	"telegraf-sysprobe/sysprobe/sysprobetest"
)

// The five bugs that psutil 3.0 announced as fixed, each for the systems on which the
// code can have it. They have psutil's numbers.

// TestPsutil512 reads tables of TCP, of UDP, of both and of neither. FreeBSD's psutil
// took the state of a UDP socket from the TCP socket before it, or from nowhere.
func TestPsutil512(t *testing.T) {
	const titles = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
	row := func(state string) string {
		return titles + "0: 0100007F:1F90 00000000:0000 " + state + " 0:0 0:0 0 0 0 42\n"
	}
	for _, tt := range []struct {
		name, tcp, udp string
		want           []ConnStatus
	}{
		{"TCP alone", row("0A"), titles, []ConnStatus{ConnListen}},
		{"UDP alone", titles, row("07"), []ConnStatus{ConnNone}},
		{"UDP with a state of TCP", titles, row("01"), []ConnStatus{ConnNone}},
		{"UDP behind TCP", row("01"), row("07"), []ConnStatus{ConnEstablished, ConnNone}},
		{"a state that TCP has not", row("7F"), row("07"), []ConnStatus{127, ConnNone}},
		{"neither", titles, titles, nil},
		{"empty files", "", "", nil},
	} {
		t.Run("Linux "+tt.name, func(t *testing.T) {
			tree := sysprobetest.NewProcTree(t)
			tree.Add(sysprobetest.Process{PID: 1, Comm: "x"})
			tree.Link("1/fd/3", "socket:[42]")
			tree.Write("1/net/tcp", tt.tcp)
			tree.Write("1/net/udp", tt.udp)
			found, err := openProcess(t, openTable(t, tree.Root), 1).Connections(t.Context())
			check(t, err)
			if len(found.Sockets) != len(tt.want) || found.Malformed != 0 {
				t.Fatalf("%+v, want %v", found, tt.want)
			}
			for i, want := range tt.want {
				if found.Sockets[i].Status != want {
					t.Errorf("socket %d: %v, want %v", i, found.Sockets[i].Status, want)
				}
			}
		})
	}
	found, err := openKinfoProcess(t, 4321).table.connectionsBy(newPCBAnswers().reader(t.Context()), ConnectionFilter{})
	check(t, err)
	udp := 0
	for _, c := range found.Sockets { // behind sockets of TCP that are connected
		if c.Type == SocketDatagram && c.Family != FamilyUnix {
			if udp++; c.Status != ConnNone {
				t.Errorf("FreeBSD: %+v, want no state", c)
			}
		}
	}
	if udp == 0 || len(found.Sockets) < 5 {
		t.Errorf("FreeBSD: %d sockets of UDP among %d", udp, len(found.Sockets))
	}
	at := netip.MustParseAddrPort("127.0.0.1:8080")
	for table, want := range map[ipadapter.SocketTable]ConnStatus{
		ipadapter.TCP4: ConnEstablished, ipadapter.UDP4: ConnNone, ipadapter.UDP6: ConnNone,
	} {
		row := ipadapter.Socket{Local: at, Remote: at, State: 5}
		if got := socketOfWindows(&row, table).Status; got != want {
			t.Errorf("Windows table %v: %v, want %v", table, got, want)
		}
	}
}

// TestPsutil593 reads regions at the highest addresses. FreeBSD's psutil wrote the two
// numbers into 30 bytes; see TestKinfoFiles for
// ours of FreeBSD.
func TestPsutil593(t *testing.T) {
	tree := sysprobetest.NewProcTree(t)
	tree.Add(sysprobetest.Process{PID: 10, Comm: "x"})
	long := "/" + strings.Repeat("x", 4000)
	tree.Write("10/smaps", "ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0 [vsyscall]\nSize: 4 kB\n"+
		"fffffffffffff000-ffffffffffffffff rw-p ffffffffffffffff 00:00 18446744073709551615 "+long+"\nRss: 4 kB\n")
	regions, err := openProcess(t, openTable(t, tree.Root), 10).MemoryMaps(t.Context())
	check(t, err)
	if len(regions) != 2 || regions[0].Start != 0xffffffffff600000 || regions[0].Path != "[vsyscall]" ||
		regions[1].End != math.MaxUint64 || regions[1].Offset != math.MaxUint64 || regions[1].Path != long {
		t.Errorf("regions %+v", regions)
	}
}

// TestPsutil606 tells the end of a process from that of its parent. psutil took both
// for a process without a parent.
func TestPsutil606(t *testing.T) {
	tree := sysprobetest.NewProcTree(t)
	for _, p := range []sysprobetest.Process{{PID: 50, Start: 5}, {PID: 100, PPID: 50, Start: 9}} {
		tree.Add(p)
	}
	p := openProcess(t, openTable(t, tree.Root), 100)
	if parent, err := p.Parent(t.Context()); err != nil || parent != Some(ProcID{PID: 50, Start: 5}) {
		t.Errorf("both live: %v, %v", parent, err)
	}
	tree.Add(sysprobetest.Process{PID: 50, Start: 10})
	if parent, err := p.Parent(t.Context()); err != nil || parent.Known() {
		t.Errorf("its PID is used again: %v, %v, want none", parent, err)
	}
	tree.Remove("50")
	if parent, err := p.Parent(t.Context()); err != nil || parent.Known() {
		t.Errorf("the parent is gone: %v, %v, want none", parent, err)
	}
	tree.Remove("100")
	if parent, err := p.Parent(t.Context()); !errors.Is(err, ErrNoSuchProcess) {
		t.Errorf("the process itself is gone: %v, %v, want ErrNoSuchProcess", parent, err)
	}
	kinfo := openKinfoProcess(t, 4321)
	kinfo.vanish()
	if parent, err := kinfo.parent(t.Context()); !errors.Is(err, ErrNoSuchProcess) {
		t.Errorf("on FreeBSD: %v, %v, want ErrNoSuchProcess", parent, err)
	}
}

// TestPsutil614 counts the cores of two sockets with four each, of two threads each, of
// which psutil said that there are two.
func TestPsutil614(t *testing.T) {
	var cpuinfo strings.Builder
	for cpu := range 16 {
		cpuinfo.WriteString("processor\t: " + strconv.Itoa(cpu) + "\nphysical id\t: " + strconv.Itoa(cpu%2) +
			"\nsiblings\t: 8\ncore id\t\t: " + strconv.Itoa(cpu/2%4) + "\ncpu cores\t: 4\n\n")
	}
	want := HostCPUs{Logical: Some(16), Cores: Some(8), Sockets: Some(2)}
	tree, sys := sysprobetest.NewProcTree(t), t.TempDir()
	tree.Write("cpuinfo", cpuinfo.String())
	if got, err := ReadCPUs(&Config{ProcRoot: tree.Root, SysRoot: sys}); err != nil || got != want {
		t.Errorf("by cpuinfo %+v, %v, want %+v", got, err, want)
	}
	for cpu := range 16 {
		dir := filepath.Join(sys, "devices/system/cpu/cpu"+strconv.Itoa(cpu), "topology")
		check(t, os.MkdirAll(dir, 0o755))
		siblings := strconv.Itoa(cpu%8) + "," + strconv.Itoa(cpu%8+8)
		for name, text := range map[string]string{"core_cpus_list": siblings, "thread_siblings_list": siblings, "physical_package_id": strconv.Itoa(cpu % 2)} {
			check(t, os.WriteFile(filepath.Join(dir, name), []byte(text+"\n"), 0o600))
		}
	}
	check(t, os.WriteFile(filepath.Join(sys, "devices/system/cpu/online"), []byte("0-15\n"), 0o600))
	if got, err := ReadCPUs(&Config{ProcRoot: tree.Root, SysRoot: sys}); err != nil || got != want {
		t.Errorf("by sysfs %+v, %v, want %+v", got, err, want)
	}
}

// TestPsutil628 has names with blanks and parentheses, of processes and of threads:
// psutil cut them, and still takes the fields behind the first parenthesis for those of
// a thread. A snapshot of Windows has names with them too.
func TestPsutil628(t *testing.T) {
	for _, name := range []string{"foo bar", "foo) (bar", ")", "(", "", ") R 1 1", ")) Z 1 2 3", "a\nb", "\xff\xfe ) S"} {
		t.Run(strconv.Quote(name), func(t *testing.T) {
			tree := sysprobetest.NewProcTree(t)
			process := sysprobetest.Process{PID: 100, PPID: 7, Comm: name, Start: 3, UserTicks: 300, SystemTicks: 100}
			tree.Add(process)
			tree.AddThread(100, process)
			procs := openTable(t, tree.Root)
			p := snapshotOf(t, procs, WantName).Find(100)
			if p == nil || p.Comm != name || p.Name != name || p.State != StateSleeping || p.PPID != 7 || p.UserTime != ticks(300) {
				t.Fatalf("row %+v", p)
			}
			threads, err := openProcess(t, procs, 100).Threads(t.Context())
			check(t, err)
			if len(threads) != 1 || threads[0].Name != name || threads[0].State != StateSleeping || threads[0].UserTime != ticks(300) {
				t.Errorf("threads %+v", threads)
			}
		})
	}
	example := ntExample()
	i := slices.IndexFunc(example, func(p ntinfo.Process) bool { return p.PID == 4 })
	example[i].Name = utf16le("a) (b.exe")
	if p := ntSnapshot(&ntTable{}, WantName, example).Find(4); p == nil || p.Name != "a) (b.exe" {
		t.Errorf("Windows: %+v", p)
	}
}
