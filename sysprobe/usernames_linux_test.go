package sysprobe

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"telegraf-sysprobe/sysprobe/sysprobetest"
)

const (
	muxService     = "io.systemd.Multiplexer"
	dynamicService = "io.systemd.DynamicUser"
)

// standing is a clock that stands still.
func standing() time.Time { return at(0) }

// namesOf opens the names of a machine with those services and no passwd file. It
// waits for the services as long as they take.
func namesOf(t *testing.T, run string, now func() time.Time) *UserNames {
	t.Helper()
	users := OpenUserNames(&Config{EtcRoot: t.TempDir(), RunRoot: run, Now: now})
	users.patience = time.Hour
	return users
}

// checkName wants a name.
func checkName(t *testing.T, users *UserNames, uid uint32, want string) {
	t.Helper()
	if got := users.Name(t.Context(), uid); got != want {
		t.Errorf("user %d is %q, want %q", uid, got, want)
	}
}

func TestUserNamesOfServices(t *testing.T) {
	run := sysprobetest.NewRunRoot(t)
	dynamic := sysprobetest.ServeUsers(t, run, dynamicService, sysprobetest.ReplyUsers(dynamicService, map[int64]string{61184: "web"}))
	sysprobetest.ServeUsers(t, run, "io.systemd.Home", sysprobetest.ReplyUsers("io.systemd.Home", map[int64]string{60001: "alice", 4294967294: "last"}))
	if err := os.WriteFile(filepath.Join(run, "systemd/userdb/a-file"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	now := at(0)
	users := namesOf(t, run, func() time.Time { return now })
	if err := os.WriteFile(users.path, []byte("bob:x:61184:1::/:/bin/sh\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	checkName(t, users, 61184, "bob")
	if n := dynamic.Asked(); n != 0 {
		t.Errorf("a service was asked %d times for a user of the file", n)
	}
	checkName(t, users, 60001, "alice")
	checkName(t, users, 4294967294, "last")
	checkName(t, users, 7, "7")
	for name, want := range map[string]bool{"bob": true, "alice": true, "web": true, "carol": false, "": false, "61184": false} {
		if users.Has(t.Context(), name) != want {
			t.Errorf("user %q is there: %v", name, !want)
		}
	}
	asked := dynamic.Asked()
	now = now.Add(59 * time.Second)
	checkName(t, users, 7, "7")
	checkName(t, users, 60001, "alice")
	if n := dynamic.Asked() - asked; n != 0 {
		t.Errorf("a service was asked %d times for what it said within a minute", n)
	}
	now = now.Add(time.Second)
	checkName(t, users, 7, "7")
	if n := dynamic.Asked() - asked; n != 1 {
		t.Errorf("a service was asked %d times after a minute, want once", n)
	}
}

// TestUserNamesOfMultiplexer lets the service that asks all others answer alone while
// it can.
func TestUserNamesOfMultiplexer(t *testing.T) {
	run := sysprobetest.NewRunRoot(t)
	var broken atomic.Bool
	know := sysprobetest.ReplyUsers(muxService, map[int64]string{1: "one"})
	sysprobetest.ServeUsers(t, run, muxService, func(q *sysprobetest.UserQuestion) string {
		if broken.Load() {
			return `{"error":"io.systemd.UserDatabase.ServiceNotAvailable"}` + "\x00"
		}
		return know(q)
	})
	other := sysprobetest.ServeUsers(t, run, dynamicService, sysprobetest.ReplyUsers(dynamicService, map[int64]string{3: "three", 4: "four"}))
	users := namesOf(t, run, standing)
	checkName(t, users, 1, "one")
	checkName(t, users, 3, "3")
	if n := other.Asked(); n != 0 {
		t.Errorf("another service was asked %d times", n)
	}
	broken.Store(true)
	checkName(t, users, 4, "four")
}

// TestUserNamesOfBadServices never takes a name that is no answer, and keeps one that
// was.
func TestUserNamesOfBadServices(t *testing.T) {
	for name, reply := range map[string]string{
		"hangs up":      "",
		"no end":        `{"parameters":{"record":{"userName":"mallory","uid":7}}}`,
		"too long":      `{"parameters":{"record":{"userName":"mallory","uid":7,"x":"` + strings.Repeat("x", 1<<20) + `"}}}` + "\x00",
		"another user":  `{"parameters":{"record":{"userName":"mallory","uid":8}}}` + "\x00",
		"no JSON":       "mallory\x00",
		"nothing":       "\x00",
		"a large error": `{"error":"` + strings.Repeat("e", 1<<16) + `"}` + "\x00",
	} {
		t.Run(name, func(t *testing.T) {
			run := sysprobetest.NewRunRoot(t)
			good := sysprobetest.ReplyUsers(dynamicService, map[int64]string{9: "nine"})
			var bad atomic.Bool
			service := sysprobetest.ServeUsers(t, run, dynamicService, func(q *sysprobetest.UserQuestion) string {
				if bad.Load() {
					return reply
				}
				return good(q)
			})
			now := at(0)
			users := namesOf(t, run, func() time.Time { return now })
			checkName(t, users, 9, "nine")
			bad.Store(true)
			checkName(t, users, 7, "7")
			now = now.Add(time.Minute)
			checkName(t, users, 9, "nine")
			if n := service.Asked(); n != 3 {
				t.Errorf("asked %d times, want 3", n)
			}
			if want := name == "another user"; users.Has(t.Context(), "mallory") != want {
				t.Errorf("the user is there: %v", !want)
			}
		})
	}
}

// TestUserNamesOfSlowServices leaves services alone that take a second in ten, and
// returns when the caller does not wait.
func TestUserNamesOfSlowServices(t *testing.T) {
	run := sysprobetest.NewRunRoot(t)
	var clock atomic.Int64
	good := sysprobetest.ReplyUsers(dynamicService, map[int64]string{1: "one", 2: "two"})
	service := sysprobetest.ServeUsers(t, run, dynamicService, func(q *sysprobetest.UserQuestion) string {
		clock.Add(int64(600 * time.Millisecond))
		return good(q)
	})
	users := namesOf(t, run, func() time.Time { return at(0).Add(time.Duration(clock.Load())) })
	checkName(t, users, 1, "one")
	checkName(t, users, 7, "7")
	checkName(t, users, 2, "2")
	if n := service.Asked(); n != 2 {
		t.Errorf("asked %d times within ten seconds, want 2", n)
	}
	clock.Add(int64(9 * time.Second))
	checkName(t, users, 2, "two")

	quit := make(chan struct{})
	defer close(quit)
	ctx, cancel := context.WithCancel(t.Context())
	run = sysprobetest.NewRunRoot(t)
	sysprobetest.ServeUsers(t, run, dynamicService, func(*sysprobetest.UserQuestion) string {
		cancel()
		<-quit
		return ""
	})
	stuck := namesOf(t, run, standing)
	if got := stuck.Name(ctx, 5); got != "5" {
		t.Errorf("user 5 is %q of a service that does not answer", got)
	}
	if _, kept := stuck.keptName(5); kept {
		t.Error("a caller who did not wait decides for others")
	}
	stuck.patience = time.Millisecond
	checkName(t, stuck, 5, "5")
	if _, kept := stuck.keptName(5); !kept {
		t.Error("a service that does not answer is asked again at once")
	}
}

// TestUserNamesWithoutServices asks no services of this machine about another one.
func TestUserNamesWithoutServices(t *testing.T) {
	if users := OpenUserNames(&Config{EtcRoot: t.TempDir()}); users.services.dir != "" {
		t.Errorf("a file of another machine goes with the services in %s", users.services.dir)
	}
	for _, c := range []*Config{nil, {}, {RunRoot: "/run"}, {EtcRoot: "/etc", RunRoot: "/run"}} {
		if users := OpenUserNames(c); users.services.dir != "/run/systemd/userdb" {
			t.Errorf("%+v goes with the services in %q", c, users.services.dir)
		}
	}
	checkName(t, namesOf(t, t.TempDir(), standing), 7, "7")
}
