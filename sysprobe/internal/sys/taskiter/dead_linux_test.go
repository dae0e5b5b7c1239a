package taskiter

import (
	"os"
	"os/exec"
	"testing"

	"golang.org/x/sys/unix"

	"telegraf-sysprobe/sysprobe/internal/decode/taskrec"
)

// TestOpenDead lets a pass show the dead, their parents and those to keep: a child of
// the test dies beside one that lives, and the test, which has several threads, has
// a record of its own only where that is asked for.
func TestOpenDead(t *testing.T) {
	needBPF(t)
	it, err := OpenDead(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer it.Close() //nolint:errcheck // TestOpenShares closes
	living, dead := exec.Command("sleep", "600"), exec.Command("true")
	for _, cmd := range []*exec.Cmd{living, dead} {
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		defer func() {
			cmd.Process.Kill() //nolint:errcheck // it may have ended
			cmd.Wait()         //nolint:errcheck // it may have been killed
		}()
	}
	if err := unix.Waitid(unix.P_PID, dead.Process.Pid, nil, unix.WEXITED|unix.WNOWAIT, nil); err != nil {
		t.Fatal(err)
	}
	self := new(Kept)
	self.Add(int32(os.Getpid()))
	sleeper := new(Kept)
	sleeper.Add(int32(living.Process.Pid) + 65536) // the same rest
	for _, tt := range []struct {
		name              string
		kept              *Kept
		living, aloneSelf bool
	}{
		{"none", new(Kept), false, true},
		{"all", nil, true, false},
		{"the parent", self, false, false},
		{"one with the same rest", sleeper, true, true},
		{"none again", new(Kept), false, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var table taskrec.Table
			var processes []taskrec.Process
			err := it.Read(t.Context(), &table, Wants{Kept: tt.kept}, func(part []taskrec.Process) error {
				processes = append(processes, part...)
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			zombie, parent := find(processes, dead.Process.Pid), find(processes, os.Getpid())
			if zombie == nil || !zombie.State.Exited() || zombie.Alone {
				t.Errorf("the zombie is %+v", zombie)
			}
			if parent == nil || parent.Alone != tt.aloneSelf || parent.Live == tt.aloneSelf || parent.Threads < 2 {
				t.Errorf("its parent is %+v, want one with the records of its threads: %v", parent, !tt.aloneSelf)
			}
			if there := find(processes, living.Process.Pid) != nil; there != tt.living {
				t.Errorf("the child that lives is there: %v, want %v", there, tt.living)
			}
			if int(table.Tasks()) < len(processes)+int(parent.Threads)-1 || !tt.living && int(table.Tasks()) <= len(processes) {
				t.Errorf("met %d threads, and %d processes have a record", table.Tasks(), len(processes))
			}
		})
	}
}
