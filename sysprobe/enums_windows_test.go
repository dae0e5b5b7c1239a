package sysprobe

import (
	"testing"

	"golang.org/x/sys/windows"
)

// TestPriorityClassesOfWindows compares with the constants that psutil takes from the
// same header (processthreadsapi.h).
func TestPriorityClassesOfWindows(t *testing.T) {
	for class, want := range map[PriorityClass]int{
		PriorityNormal: windows.NORMAL_PRIORITY_CLASS, PriorityIdle: windows.IDLE_PRIORITY_CLASS, PriorityHigh: windows.HIGH_PRIORITY_CLASS,
		PriorityRealtime: windows.REALTIME_PRIORITY_CLASS, PriorityBelowNormal: windows.BELOW_NORMAL_PRIORITY_CLASS,
		PriorityAboveNormal: windows.ABOVE_NORMAL_PRIORITY_CLASS,
	} {
		if int(class) != want {
			t.Errorf("%v is %#x, want %#x", class, uint16(class), want)
		}
	}
}
