package sysprobe

import (
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
	checkEnum(t, map[Backend]string{BackendAuto: "auto", BackendBPF: "bpf", BackendProcFS: "procfs"}, 3)
}
