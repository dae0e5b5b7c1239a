package sysprobe

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTree(t *testing.T) {
	row := func(pid, ppid int32, start uint64) Proc { return Proc{ID: ProcID{pid, start}, PPID: ppid} }
	s := &ProcSnapshot{Procs: []Proc{
		row(1, 0, 0),
		row(2, 1, 10),
		row(3, 1, 20),
		row(4, 2, 30),
		row(5, 6, 40), row(6, 5, 40), // a loop
		row(7, 6, 50),    // hangs from it
		row(8, 8, 60),    // its own parent
		row(9, 4, 30),    // in the same tick as its parent
		row(10, 9, 25),   // older than its parent: the PID was used again
		row(11, 999, 70), // of a parent that is not there
		row(12, 3, 80),
		row(500, 0, 90), row(300, 500, 91), row(100, 300, 92), row(400, 500, 93), // the PIDs have wrapped
	}}
	s.Procs[11].State = StateZombie
	for _, tt := range []struct {
		name          string
		pid, parent   int32 // 0: none
		children, all []int32
	}{
		{"F14 the first process", 1, 0, []int32{2, 3}, []int32{2, 3, 4, 12, 9}},
		{"F13 a child", 2, 1, []int32{4}, []int32{4, 9}},
		{"F18 a zombie child", 3, 1, []int32{12}, []int32{12}},
		{"the zombie", 12, 3, nil, nil},
		{"one tick", 4, 2, []int32{9}, []int32{9}},
		{"F15 a loop", 5, 6, []int32{6}, []int32{6, 7}},
		{"F15 the other half", 6, 5, []int32{5, 7}, []int32{5, 7}},
		{"F15 its own parent", 8, 0, nil, nil},
		{"F16 an alleged child that is older", 9, 4, nil, nil},
		{"F14 an alleged parent that is younger", 10, 0, nil, nil},
		{"a child with a lower PID", 500, 0, []int32{300, 400}, []int32{300, 400, 100}},
		{"F14 a parent that is gone", 11, 0, nil, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := s.Find(tt.pid)
			var parent int32
			if q := s.Parent(p); q != nil {
				parent = q.ID.PID
			}
			if parent != tt.parent {
				t.Errorf("parent %d, want %d", parent, tt.parent)
			}
			if diff := cmp.Diff(tt.children, pidsOf(s.Children(nil, p, false))); diff != "" {
				t.Errorf("children (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tt.all, pidsOf(s.Children(nil, p, true))); diff != "" {
				t.Errorf("all children (-want +got):\n%s", diff)
			}
		})
	}
	t.Run("F13 not in the snapshot any more", func(t *testing.T) {
		for _, p := range []Proc{row(13, 1, 5), row(2, 1, 11)} {
			if got := s.Children(nil, &p, true); got != nil {
				t.Errorf("children %v of %v", pidsOf(got), p.ID)
			}
		}
	})
	t.Run("appends", func(t *testing.T) {
		dst := []*Proc{s.Find(12)}
		if diff := cmp.Diff([]int32{12, 2, 3, 4, 12, 9}, pidsOf(s.Children(dst, s.Find(1), true))); diff != "" {
			t.Errorf("children (-want +got):\n%s", diff)
		}
	})
}

func pidsOf(procs []*Proc) []int32 {
	var pids []int32
	for _, p := range procs {
		pids = append(pids, p.ID.PID)
	}
	return pids
}
