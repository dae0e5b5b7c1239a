package sysprobe

import (
	"testing"
	"time"
)

// TestCreated has starts since boot, since 1970, and none.
func TestCreated(t *testing.T) {
	boot := time.Unix(1_000_000, 0)
	for goos, want := range map[string]time.Time{
		"linux": time.Unix(1_000_001, 500e6), "windows": time.Unix(1_000_001, 500e6), "freebsd": time.Unix(1_000_001, 500e6),
		"openbsd": time.Unix(1_000_001, 500e6), "netbsd": time.Unix(1, 500e6), "darwin": time.Unix(1, 500e6),
	} {
		if got := (ProcID{PID: 1, Start: 150}).since(epochOf(goos, boot)); !got.Equal(want) {
			t.Errorf("%s: %v, want %v", goos, got, want)
		}
	}
	if got := (ProcID{PID: 1, Start: StartUnknown}).Created(boot); !got.IsZero() {
		t.Errorf("of no start: %v", got)
	}
	if got := (ProcID{PID: 1, Start: 1}).since(epochOf("linux", time.Time{})); !got.IsZero() {
		t.Errorf("since no boot: %v", got)
	}
}
