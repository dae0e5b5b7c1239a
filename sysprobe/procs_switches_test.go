package sysprobe

import "testing"

// TestThreadSwitches follows threads that begin and end, one of which gets the ID
// of another.
func TestThreadSwitches(t *testing.T) {
	thread := func(tid int32, voluntary, involuntary uint64) threadSwitch {
		return threadSwitch{tid, ProcSwitches{voluntary, involuntary}}
	}
	var threads threadSwitches
	for i, step := range []struct {
		live []threadSwitch
		want ProcSwitches
	}{
		{[]threadSwitch{thread(1, 10, 1), thread(5, 100, 2), thread(9, 1000, 3)}, ProcSwitches{1110, 6}},
		{[]threadSwitch{thread(1, 11, 1), thread(9, 1001, 3)}, ProcSwitches{1112, 6}},
		{[]threadSwitch{thread(1, 11, 1), thread(7, 5, 0), thread(9, 2, 2)}, ProcSwitches{1119, 8}}, // 9 is another one
		{[]threadSwitch{thread(1, 12, 1)}, ProcSwitches{1120, 8}},
		{nil, ProcSwitches{1120, 8}},
	} {
		if got := threads.update(step.live); got != step.want {
			t.Errorf("step %d: %v, want %v", i, got, step.want)
		}
	}
}
