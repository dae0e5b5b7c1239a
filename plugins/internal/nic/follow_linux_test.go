package nic

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"telegraf-sysprobe/sysprobe/sysprobetest"
)

// ip runs ip(8).
func ip(t *testing.T, args string) {
	t.Helper()
	if out, err := exec.Command("ip", strings.Fields(args)...).CombinedOutput(); err != nil {
		t.Fatalf("ip %s: %v\n%s", args, err, out)
	}
}

// await waits until a reader has had so many handles opened and closed.
func await(t *testing.T, r *Reader[string], k *kernel, opened, closed int) {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for {
		r.mu.Lock()
		nowOpened, nowClosed := k.opened, k.closed
		r.mu.Unlock()
		switch {
		case nowOpened == opened && nowClosed == closed:
			return
		case time.Now().After(deadline):
			t.Fatalf("%d handles opened and %d closed, want %d and %d", nowOpened, nowClosed, opened, closed)
		}
		time.Sleep(time.Millisecond)
	}
}

// TestFollowIsNotified follows a namespace that comes and goes, and looks only
// after a notification. Gathers go on meanwhile.
func TestFollowIsNotified(t *testing.T) {
	sysprobetest.NeedTool(t, "ip")
	sysprobetest.NeedNamespaces(t)
	name := fmt.Sprintf("nic-%d", os.Getpid())
	k := kernel{openErr: map[string]error{}}
	r, err := newReader(&Options{NamespaceInclude: []string{name}}, ThisSystem(), k.open)
	if err != nil {
		t.Fatal(err)
	}
	r.every = time.Hour
	r.Follow()
	for round := range 3 {
		await(t, r, &k, round, round)
		ip(t, "netns add "+name)
		t.Cleanup(func() { _ = exec.Command("ip", "netns", "del", name).Run() }) //nolint:errcheck // is gone if all went well
		await(t, r, &k, round+1, round)
		emitted, added, err := gather(r)
		wantEmitted(t, emitted, map[string]string{name: fmt.Sprintf("source %d", round+1)})
		if err != nil || added != nil {
			t.Errorf("added %v, returned %v", added, err)
		}
		ip(t, "netns del "+name)
	}
	await(t, r, &k, 3, 3)
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	ip(t, "netns add "+name)
	ip(t, "netns del "+name)
	if k.opened != 3 {
		t.Error("opened a handle after Close")
	}
}

// TestFollowLooksByItself follows a symbolic link to a namespace, which is no
// mount, and causes no notification by itself.
func TestFollowLooksByItself(t *testing.T) {
	sysprobetest.NeedTool(t, "ip")
	sysprobetest.NeedNamespaces(t)
	name := fmt.Sprintf("nic-%d", os.Getpid())
	ip(t, "netns add "+name)
	t.Cleanup(func() { ip(t, "netns del "+name) })
	k := kernel{openErr: map[string]error{}}
	r, err := newReader(&Options{NamespaceInclude: []string{name + "-*"}}, ThisSystem(), k.open)
	if err != nil {
		t.Fatal(err)
	}
	r.follower = &follower{every: time.Millisecond, look: r.look, leave: make(chan struct{}), ended: make(chan struct{})}
	go r.follower.run(nil)
	link := "/run/netns/" + name + "-link"
	if err := os.Symlink(name, link); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.Remove(link) }) //nolint:errcheck // is gone if all went well
	await(t, r, &k, 1, 0)
	if err := os.Remove(link); err != nil {
		t.Fatal(err)
	}
	await(t, r, &k, 1, 1)
	if err := r.Close(); err != nil {
		t.Error(err)
	}
}
