package sysprobe

import (
	"errors"
	"io/fs"
	"math"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestConfigDefaults(t *testing.T) {
	var none *Config
	for name, c := range map[string]*Config{"nil": none, "zero": {}} {
		t.Run(name, func(t *testing.T) {
			got := c.withDefaults()
			if got.ProcRoot != "/proc" || got.SysRoot != "/sys" || got.EtcRoot != "/etc" || got.NetNS != "" {
				t.Errorf("roots %q %q %q, namespace %q", got.ProcRoot, got.SysRoot, got.EtcRoot, got.NetNS)
			}
			if age := time.Since(got.Now()); age < 0 || age > time.Minute {
				t.Errorf("the clock is %v off", age)
			}
		})
	}
}

func TestConfigKeepsWhatIsSet(t *testing.T) {
	then := time.Unix(1, 0)
	c := &Config{ProcRoot: "/p", SysRoot: "/s", EtcRoot: "/e", NetNS: "blue", Now: func() time.Time { return then }}
	got := c.withDefaults()
	if got.ProcRoot != "/p" || got.SysRoot != "/s" || got.EtcRoot != "/e" || got.NetNS != "blue" || got.Now() != then {
		t.Errorf("got %+v", got)
	}
}

func TestConfigFromEnv(t *testing.T) {
	for name, value := range map[string]string{"HOST_PROC": "/host/proc", "HOST_SYS": "/host/sys", "HOST_ETC": "/host/etc"} {
		t.Setenv(name, value)
	}
	got := ConfigFromEnv()
	if got.ProcRoot != "/host/proc" || got.SysRoot != "/host/sys" || got.EtcRoot != "/host/etc" {
		t.Errorf("got %+v", got)
	}
	t.Setenv("HOST_PROC", "")
	if got := ConfigFromEnv().withDefaults().ProcRoot; got != "/proc" {
		t.Errorf("an empty HOST_PROC is %q, want /proc", got)
	}
}

func TestBackendNames(t *testing.T) {
	checkEnum(t, map[Backend]string{BackendAuto: "auto", BackendBPF: "bpf", BackendProcFS: "procfs", BackendNTAPI: "ntapi", BackendSysctl: "sysctl"}, 9)
}

// TestConfigIsChecked passes each value that has no meaning to each function that
// takes a Config.
func TestConfigIsChecked(t *testing.T) {
	foreign := BackendNTAPI
	if runtime.GOOS == "windows" {
		foreign = BackendBPF
	}
	functions := map[string]func(*Config) error{
		"OpenNICAddrs":   func(c *Config) error { _, err := OpenNICAddrs(c); return err },
		"OpenNICStats":   func(c *Config) error { _, err := OpenNICStats(c); return err },
		"OpenNICWatch":   func(c *Config) error { _, err := OpenNICWatch(t.Context(), c); return err },
		"OpenNetNSWatch": func(c *Config) error { _, err := OpenNetNSWatch(c); return err },
		"OpenCPUCount":   func(c *Config) error { _, err := OpenCPUCount(c); return err },
		"OpenProcs":      func(c *Config) error { _, err := OpenProcs(c); return err },
		"OpenExits":      func(c *Config) error { _, err := OpenExits(c); return err },
		"ReadHost":       func(c *Config) error { _, err := ReadHost(c); return err },
		"ReadMemory":     func(c *Config) error { _, err := ReadMemory(c); return err },
		"ReadCPUs":       func(c *Config) error { _, err := ReadCPUs(c); return err },
		"ReadCPUTimes":   func(c *Config) error { _, err := ReadCPUTimes(c); return err },
		"ReadLoad":       func(c *Config) error { _, err := ReadLoad(c); return err },
		"ReadBootTime":   func(c *Config) error { _, err := ReadBootTime(c); return err },
		"ReadCgroupPIDs": func(c *Config) error { _, err := ReadCgroupPIDs(c, 1); return err },
		"ReadSessions":   func(c *Config) error { _, err := ReadSessions(c); return err },
		"PIDs":           func(c *Config) error { _, err := PIDs(c); return err },
		"PIDExists":      func(c *Config) error { _, err := PIDExists(c, 1); return err },
	}
	noNetNS := ErrNotSupported
	if runtime.GOOS == "linux" {
		noNetNS = fs.ErrNotExist
	}
	for _, tt := range []struct {
		config Config
		text   string
		want   error
	}{
		{Config{NetNS: "no-such-namespace"}, "no-such-namespace", noNetNS},
		{Config{Backend: 99}, "Backend 99 is not among [auto", fs.ErrInvalid},
		{Config{Backend: foreign}, "Backend " + foreign.String() + " is not among [auto", ErrNotSupported},
		{Config{Workers: -5}, "Workers -5 is not in the range 0 to 1024", fs.ErrInvalid},
		{Config{Workers: 1025}, "Workers 1025 is not in the range 0 to 1024", fs.ErrInvalid},
		{Config{WatchBuffer: -1}, "WatchBuffer -1 is not in the range 0 to 1073741823", fs.ErrInvalid},
		{Config{WatchBuffer: math.MaxInt}, "is not in the range 0 to 1073741823", fs.ErrInvalid},
		{Config{EthtoolTimeout: -time.Second}, "EthtoolTimeout -1s is negative", fs.ErrInvalid},
	} {
		for name, f := range functions {
			err := f(&tt.config)
			var op *OpError
			if !errors.As(err, &op) || !errors.Is(err, tt.want) || !strings.Contains(err.Error(), tt.text) {
				t.Errorf("%s: %v, want an OpError %q with %v", name, err, tt.text, tt.want)
			}
		}
	}
}

// TestBackendsOfSystems checks that each backend but auto is for one kind of system.
func TestBackendsOfSystems(t *testing.T) {
	for goos, want := range map[string][]Backend{
		"linux": {BackendBPF, BackendProcFS}, "windows": {BackendNTAPI}, "solaris": nil,
		"darwin": {BackendSysctl}, "freebsd": {BackendSysctl}, "netbsd": {BackendSysctl}, "openbsd": {BackendSysctl},
	} {
		for b := range Backend(len(backendNames)) {
			if err := b.check(goos); (err == nil) != (b == BackendAuto || slices.Contains(want, b)) || err != nil && !errors.Is(err, ErrNotSupported) {
				t.Errorf("%v on %s: %v", b, goos, err)
			}
		}
	}
}
