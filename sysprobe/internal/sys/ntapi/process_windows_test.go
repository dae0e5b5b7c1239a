package ntapi

import (
	"fmt"
	"os"
	"runtime"
	"testing"

	"golang.org/x/sys/windows"

	"telegraf-sysprobe/sysprobe/sysprobetest"
)

// TestForgottenProcess opens processes and does not close them: their handles are
// closed all the same.
func TestForgottenProcess(t *testing.T) {
	const opened = 100
	var handles []windows.Handle
	for range opened {
		p, err := Open(uint32(os.Getpid()), QueryRights)
		if err != nil {
			t.Fatal(err)
		}
		handles = append(handles, p.handle)
		if running, err := p.IsRunning(); err != nil || !running {
			t.Fatalf("this process is running: %v, %v", running, err)
		}
		runtime.KeepAlive(p)
	}
	sysprobetest.Eventually(t, func() string {
		runtime.GC()
		open := 0
		for _, h := range handles {
			if pid, err := windows.GetProcessId(h); err == nil && pid == uint32(os.Getpid()) {
				open++
			}
		}
		if open > opened/2 {
			return fmt.Sprintf("%d of %d handles are open", open, opened)
		}
		return ""
	})
}
