package sysctl_test

import (
	"encoding/binary"
	"errors"
	"slices"
	"syscall"
	"testing"
	"time"

	"telegraf-sysprobe/sysprobe/internal/decode"
	"telegraf-sysprobe/sysprobe/internal/decode/kinfo"
	"telegraf-sysprobe/sysprobe/internal/sys/sysctl"
	"telegraf-sysprobe/sysprobe/sysprobetest"
)

// page is the answer for the size of a page.
var page = binary.NativeEndian.AppendUint32(nil, 4096)

// open returns the process table of a kernel with these answers.
func open(t *testing.T, goos string, answers map[string][]byte) *sysctl.Processes {
	t.Helper()
	if binary.NativeEndian.Uint16([]byte{1, 0}) != 1 {
		t.Skip("needs a little-endian machine, as those of the recordings")
	}
	answers["6.7"] = page
	p, err := sysctl.NewProcesses((&sysprobetest.Sysctl{Answers: answers}).Call, goos, "amd64")
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// recorded is a recorded process table.
func recorded(t *testing.T, file string) []byte {
	t.Helper()
	return sysprobetest.Hex(t, "wire", "kinfo", file)
}

// TestProcesses reads the recorded tables, each by its name. The PIDs are in their
// order, whatever that of the kernel is.
func TestProcesses(t *testing.T) {
	for _, tc := range []struct {
		goos, name, file string
		pids             []int32
	}{
		{"freebsd", "1.14.8", "freebsd13-proc.hex", []int32{4321, 4400, 5000, 5001, 99998}},
		{"openbsd", "1.66.1073741831.0.616.1048576", "openbsd65-threads.hex", []int32{1, 4321, 4400, 5000, 99998}},
		{"netbsd", "1.47.0.0.680.1048576", "netbsd79934-all.hex", []int32{0, 1, 2, 3, 4, 5, 6}},
		{"darwin", "1.14.0.0", "xnu11417-all.hex", []int32{4321, 4400, 5000, 99998}},
	} {
		t.Run(tc.goos, func(t *testing.T) {
			p := open(t, tc.goos, map[string][]byte{tc.name: recorded(t, tc.file)})
			for range 2 {
				rows, err := p.All()
				if err != nil {
					t.Fatal(err)
				}
				var pids []int32
				for i := range rows {
					pids = append(pids, rows[i].PID)
				}
				if !slices.Equal(pids, tc.pids) {
					t.Errorf("got %v, want %v", pids, tc.pids)
				}
			}
		})
	}
}

// TestOneProcess asks for processes that are there and that are not, which each
// system says in its way.
func TestOneProcess(t *testing.T) {
	for _, tc := range []struct {
		goos, name, file string
		pid              int32
		gone             string // the name for PID 777, which has an empty answer
		threads          uint32
	}{
		{"freebsd", "1.14.1.4321", "freebsd13-pid.hex", 4321, "", 3},
		{"openbsd", "1.66.1073741825.4321.616.1048576", "openbsd65-pid.hex", 4321, "1.66.1073741825.777.616.1048576", 0},
		{"netbsd", "1.47.1.1.680.1048576", "netbsd79934-pid1.hex", 1, "1.47.1.777.680.1048576", 2},
	} {
		t.Run(tc.goos, func(t *testing.T) {
			kernel := &sysprobetest.Sysctl{
				Answers: map[string][]byte{tc.name: recorded(t, tc.file), "6.7": page},
				Errors:  map[string]error{"1.14.1.777": syscall.ESRCH},
			}
			if tc.gone != "" {
				kernel.Answer(tc.gone, []byte{})
			}
			p, err := sysctl.NewProcesses(kernel.Call, tc.goos, "amd64")
			if err != nil {
				t.Fatal(err)
			}
			got, err := p.One(tc.pid)
			if err != nil || got.PID != tc.pid || got.Threads.Or(0) != tc.threads {
				t.Errorf("got %d with %d threads, %v; want %d with %d", got.PID, got.Threads.Or(0), err, tc.pid, tc.threads)
			}
			if _, err := p.One(777); !errors.Is(err, syscall.ESRCH) {
				t.Errorf("a process that is not there: %v, want ESRCH", err)
			}
		})
	}
}

func TestBootTime(t *testing.T) {
	wide := binary.LittleEndian.AppendUint64(nil, 1_700_000_000)
	narrow := binary.LittleEndian.AppendUint32(nil, 1_700_000_000)
	for _, tc := range []struct {
		goos, name string
		answer     []byte
		want       time.Duration // after the second 1,700,000,000
		err        error
	}{
		{"freebsd", "1.21", binary.LittleEndian.AppendUint64(wide, 999_999), 999_999 * time.Microsecond, nil},
		{"freebsd", "1.21", binary.LittleEndian.AppendUint32(narrow, 5), 5 * time.Microsecond, nil},
		{"openbsd", "1.21", binary.LittleEndian.AppendUint32(wide, 7), 7 * time.Microsecond, nil},
		{"darwin", "1.21", binary.LittleEndian.AppendUint64(wide, 0xdeadbeef00000008), 8 * time.Microsecond, nil},
		{"netbsd", "1.83", binary.LittleEndian.AppendUint64(wide, 999_999_999), 999_999_999, nil},
		{"freebsd", "1.21", binary.LittleEndian.AppendUint64(wide, 1_000_000), 0, decode.ErrMalformed},
		{"freebsd", "1.21", wide[:7], 0, decode.ErrMalformed},
		{"freebsd", "1.83", nil, 0, syscall.EINVAL},
	} {
		got, err := open(t, tc.goos, map[string][]byte{tc.name: tc.answer}).BootTime()
		if !errors.Is(err, tc.err) || err == nil && !got.Equal(time.Unix(1_700_000_000, 0).Add(tc.want)) {
			t.Errorf("%s %x: %v, %v; want %v, %v", tc.goos, tc.answer, got, err, tc.want, tc.err)
		}
	}
}

// TestArgs reads command lines and environments in the form of each system. They
// are made by hand.
func TestArgs(t *testing.T) {
	vector := binary.LittleEndian.AppendUint64(nil, 0x7000)
	vector = binary.LittleEndian.AppendUint64(vector, 0x7005)
	vector = append(binary.LittleEndian.AppendUint64(vector, 0), "nginx\x00-g\x00"...)
	copy(vector[8:], binary.LittleEndian.AppendUint64(nil, 0x7006))
	mac := append(binary.LittleEndian.AppendUint32(nil, 2), "/bin/nginx\x00\x00\x00nginx\x00-g\x00A=1\x00\x00"...)
	for _, tc := range []struct {
		goos      string
		args, env string
		answer    []byte
		wantEnv   []string
	}{
		{"freebsd", "1.14.7.9", "1.14.35.9", []byte("nginx\x00-g\x00"), nil},
		{"netbsd", "1.48.9.1", "1.48.9.3", []byte("nginx\x00-g\x00"), nil},
		{"openbsd", "1.55.9.1", "1.55.9.3", vector, nil},
		{"darwin", "1.49.9", "", mac, []string{"A=1"}},
	} {
		answers := map[string][]byte{tc.args: tc.answer}
		want := []string{"nginx", "-g"}
		if tc.env != "" {
			answers[tc.env], tc.wantEnv = tc.answer, want
		}
		p := open(t, tc.goos, answers)
		if got, err := p.Args(9); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: %q, %v; want %q", tc.goos, got, err, want)
		}
		if got, err := p.Environ(9); err != nil || !slices.Equal(got, tc.wantEnv) {
			t.Errorf("environment of %s: %q, %v; want %q", tc.goos, got, err, tc.wantEnv)
		}
		if _, err := p.Args(10); !errors.Is(err, syscall.EINVAL) {
			t.Errorf("%s: %v, want EINVAL", tc.goos, err)
		}
	}
}

// TestPsutil2250NetBSDBusy is psutil's bug 2250: NetBSD says EBUSY about a process
// that executes a program. It is asked again, and not without an end.
func TestPsutil2250NetBSDBusy(t *testing.T) {
	for _, tc := range []struct {
		busy int
		want error
	}{{0, nil}, {3, nil}, {1 << 30, decode.ErrInterrupted}} {
		left := 0
		answers := &sysprobetest.Sysctl{Answers: map[string][]byte{"6.7": page, "1.48.9.1": []byte("sh\x00"), "1.48.9.3": []byte("A=1\x00")}}
		p, err := sysctl.NewProcesses(func(name []int32, b []byte) (int, error) {
			if left--; left >= 0 {
				return 0, syscall.EBUSY
			}
			return answers.Call(name, b)
		}, "netbsd", "amd64")
		if err != nil {
			t.Fatal(err)
		}
		for ask, want := range map[string]string{"Args": "sh", "Environ": "A=1"} {
			left = tc.busy
			got, err := map[string]func(int32) ([]string, error){"Args": p.Args, "Environ": p.Environ}[ask](9)
			if !errors.Is(err, tc.want) || err == nil && !slices.Equal(got, []string{want}) {
				t.Errorf("%s, busy %d times: %q, %v; want %q, %v", ask, tc.busy, got, err, want, tc.want)
			}
		}
	}
}

func TestProcessesFail(t *testing.T) {
	none := func([]int32, []byte) (int, error) { return 0, syscall.EPERM }
	if _, err := sysctl.NewProcesses(none, "linux", "amd64"); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("another system: %v", err)
	}
	if _, err := sysctl.NewProcesses(none, "freebsd", "amd64"); !errors.Is(err, syscall.EPERM) {
		t.Errorf("no size of a page: %v", err)
	}
	whole := recorded(t, "freebsd13-proc.hex")
	rows, err := open(t, "freebsd", map[string][]byte{"1.14.8": whole[:len(whole)-1]}).All()
	if !errors.Is(err, decode.ErrMalformed) || len(rows) != 4 || rows[0].State != kinfo.StateZombie && rows[0].PID == 4400 {
		t.Errorf("of a cut table %d rows, %v; want the 4 whole ones", len(rows), err)
	}
}

// TestCwd asks for working directories, which FreeBSD answers with an open file.
func TestCwd(t *testing.T) {
	file := sysprobetest.KinfoFile{Type: 1, FD: -1, Kind: 2, Path: "/home/alice"}.Record(binary.LittleEndian)
	for goos, name := range map[string]string{"freebsd": "1.14.42.77", "netbsd": "1.48.77.6", "openbsd": "1.78.77"} {
		answer := []byte("/home/alice\x00\x00")
		if goos == "freebsd" {
			answer = file
		}
		p := open(t, goos, map[string][]byte{name: answer})
		if path, err := p.Cwd(77); path != "/home/alice" || err != nil {
			t.Errorf("%s: %q, %v", goos, path, err)
		}
		if path, err := p.Cwd(78); err == nil {
			t.Errorf("%s: %q of a process that is not there", goos, path)
		}
	}
}
