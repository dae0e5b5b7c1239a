package procfs

import (
	"errors"
	"strings"
	"testing"

	"telegraf-sysprobe/sysprobe/internal/decode"
)

const sandboxStatus = "Name:\tx\nCapInh:\t0000000000000000\nCapPrm:\t0000000000000400\nCapEff:\t000001fffeffffff\nCapBnd:\t000001ffffffffff\n" +
	"CapAmb:\t0000000000000000\nNoNewPrivs:\t1\nSeccomp:\t2\nSeccomp_filters:\t3\n"

func TestDecodeSandbox(t *testing.T) {
	got, err := DecodeSandbox([]byte(sandboxStatus))
	want := Sandbox{Effective: 0x1fffeffffff, Permitted: 0x400, Bounding: 0x1ffffffffff, NoNewPrivileges: true, Seccomp: 2}
	if err != nil || got != want {
		t.Errorf("%+v, %v, want %+v", got, err, want)
	}
	for _, text := range []string{"", "Name:\tx\n", "CapEff:\tx\n", "CapEff:\n", strings.Replace(sandboxStatus, "NoNewPrivs:\t1", "NoNewPrivs:\tx", 1)} {
		if got, err := DecodeSandbox([]byte(text)); !errors.Is(err, decode.ErrMalformed) || got != (Sandbox{}) {
			t.Errorf("%q: %+v, %v", text, got, err)
		}
	}
}

func FuzzDecodeSandbox(f *testing.F) { fuzz(f, DecodeSandbox, sandboxStatus, "CapEff:\t0\n") }

const mountInfo = "22 27 0:21 / /proc rw,relatime - proc proc rw\n" +
	"23 27 0:22 / /sys rw shared:2 - sysfs sysfs rw\nbroken\n" +
	"90 22 0:50 / /proc rw,nosuid shared:9 master:1 - proc proc rw,hidepid=invisible,subset=pid\n"

func TestFindMount(t *testing.T) {
	for _, tt := range []struct {
		target, fsType, want string
		found                bool
	}{
		{"/proc", "proc", "rw,nosuid,rw,hidepid=invisible,subset=pid", true},
		{"/sys", "sysfs", "rw,rw", true},
		{"/proc", "sysfs", "", false},
		{"/pro", "proc", "", false},
	} {
		if got, found := FindMount([]byte(mountInfo), tt.target, tt.fsType); got != tt.want || found != tt.found {
			t.Errorf("%s of type %s: %q, %v", tt.target, tt.fsType, got, found)
		}
	}
}

func FuzzFindMount(f *testing.F) {
	f.Add([]byte(mountInfo), "/proc")
	f.Fuzz(func(t *testing.T, b []byte, target string) {
		if options, found := FindMount(b, target, "proc"); !found && options != "" {
			t.Errorf("%q, and nothing was found", options)
		}
	})
}
