package caps_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"telegraf-sysprobe/sysprobe/internal/sys/caps"
)

// TestEffective compares with what proc(5) reports of this process.
func TestEffective(t *testing.T) {
	b, err := os.ReadFile("/proc/thread-self/status")
	if err != nil {
		t.Fatal(err)
	}
	var want caps.Set
	for line := range strings.Lines(string(b)) {
		if text, ok := strings.CutPrefix(line, "CapEff:"); ok {
			if _, err := fmt.Sscanf(strings.TrimSpace(text), "%x", &want); err != nil {
				t.Fatal(err)
			}
		}
	}
	if got, err := caps.Effective(); got != want || err != nil {
		t.Errorf("capabilities %x, %v; want %x", got, err, want)
	}
}

func TestSetHas(t *testing.T) {
	s := caps.Set(1<<21 | 1<<38)
	if !s.Has(caps.SysAdmin) || !s.Has(38) || s.Has(caps.SysPtrace) || s.Has(caps.NetAdmin) || s.Has(40) {
		t.Errorf("wrong members of %b", s)
	}
}

func TestSetNames(t *testing.T) {
	if got := caps.Set(0).String(); got != "" {
		t.Errorf("no capability is %q", got)
	}
	if got := (caps.Set(1)<<caps.SysPtrace | 1<<caps.NetAdmin | 1<<40 | 1<<63).String(); got != "CAP_NET_ADMIN,CAP_SYS_PTRACE,CAP_CHECKPOINT_RESTORE,63" {
		t.Errorf("names %q", got)
	}
}
