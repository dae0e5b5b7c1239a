package sysprobe

import (
	"testing"
	"time"
)

func TestLongNamesOfExited(t *testing.T) {
	const cut = "my-long-batch-w"
	row := func(name string, uid uint32, cgroup uint64) Proc {
		return Proc{Comm: cut, Name: name, named: true, Status: Some(ProcStatus{UID: uid}), Task: Some(ProcTask{CgroupID: cgroup})}
	}
	now := time.Unix(1_700_000_000, 0)
	var names longNames
	name := func(uid uint32, cgroup uint64) string {
		e := ExitedProcs{Comm: cut, Name: cut, UID: uid, CgroupID: cgroup}
		names.extend(&e, now)
		return e.Name
	}
	wantName := func(when, got, want string) {
		t.Helper()
		if got != want {
			t.Errorf("%s: name %q, want %q", when, got, want)
		}
	}
	wantName("before a row", name(1, 2), cut)
	names.learn([]Proc{row("my-long-batch-worker", 1, 2), row("my-long-batch-waiter", 1, 3), {Comm: cut, Name: cut}}, now)
	wantName("one candidate", name(1, 2), "my-long-batch-worker")
	wantName("in another cgroup", name(1, 3), "my-long-batch-waiter")
	wantName("of another user", name(4, 2), cut)
	names.learn(nil, now.Add(time.Minute))
	now = now.Add(time.Minute)
	wantName("a minute later", name(1, 2), "my-long-batch-worker")
	names.learn([]Proc{row("my-long-batch-worker", 1, 2), row("my-long-batch-waiter", 1, 2)}, now)
	wantName("two candidates", name(1, 2), cut)
	now = now.Add(longNameAge)
	names.learn([]Proc{row(cut, 1, 2)}, now)
	wantName("the program has a name of 15 bytes", name(1, 2), cut)
	now = now.Add(longNameAge)
	p := row("my-long-batch-worker", 0, 2)
	p.Status = Opt[ProcStatus]{}
	names.learn([]Proc{p}, now)
	wantName("without users", name(1, 2), "my-long-batch-worker")
	now = now.Add(longNameAge)
	names.learn(nil, now)
	wantName("long ago", name(1, 2), cut)
	if len(names.names) != 0 {
		t.Errorf("%d names are kept", len(names.names))
	}

	names.learn([]Proc{row("my-long-batch-worker", 1, 2)}, now)
	for _, e := range []ExitedProcs{
		{Comm: cut, Name: cut, UID: 1, CgroupID: 2, KernelThread: true},
		{Comm: "short", Name: "short", UID: 1, CgroupID: 2},
		{Comm: cut, Name: "my-long-batch-writer", UID: 1, CgroupID: 2},
	} {
		want := e.Name
		names.extend(&e, now)
		wantName("not to be extended", e.Name, want)
	}
}
