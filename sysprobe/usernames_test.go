//go:build !windows

package sysprobe

import (
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

func TestUserNames(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "passwd")
	// The content is written under another name first, as vipw(8) does, so
	// that the file is another one each time.
	write := func(content string) {
		t.Helper()
		if err := os.WriteFile(path+"-", []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path+"-", at(0), at(0)); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(path+"-", path); err != nil {
			t.Fatal(err)
		}
	}
	now := at(0)
	users := OpenUserNames(&Config{EtcRoot: dir, Now: func() time.Time { return now }})
	check := func(t *testing.T, uid uint32, want string) {
		t.Helper()
		if got := users.Name(t.Context(), uid); got != want {
			t.Errorf("user %d is %q, want %q", uid, got, want)
		}
	}
	t.Run("F22 no file", func(t *testing.T) {
		check(t, 7, "7")
	})
	write("alice:x:7:7::/:/bin/sh\n")
	t.Run("F23 not asked again within a second", func(t *testing.T) {
		now = now.Add(999 * time.Millisecond)
		check(t, 7, "7")
	})
	t.Run("the file appears", func(t *testing.T) {
		now = now.Add(time.Millisecond)
		check(t, 7, "alice")
	})
	t.Run("F22 unknown users", func(t *testing.T) {
		check(t, 8, "8")
		check(t, 4294967295, "4294967295")
	})
	t.Run("another file of the same size and time", func(t *testing.T) {
		write("clara:x:7:7::/:/bin/sh\n")
		now = now.Add(time.Second)
		check(t, 7, "clara")
	})
	t.Run("F23 a file that did not change is not read again", func(t *testing.T) {
		names := users.names
		now = now.Add(time.Minute)
		check(t, 7, "clara")
		names[7] = "kept"
		check(t, 7, "kept")
	})
	t.Run("another time", func(t *testing.T) {
		if err := os.Chtimes(path, at(1), at(1)); err != nil {
			t.Fatal(err)
		}
		now = now.Add(time.Second)
		check(t, 7, "clara")
	})
	t.Run("the file is gone", func(t *testing.T) {
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		now = now.Add(time.Second)
		check(t, 7, "7")
	})
	t.Run("a clock that goes backwards", func(t *testing.T) {
		write("alice:x:7:7::/:/bin/sh\n")
		now = now.Add(-time.Hour)
		check(t, 7, "alice")
	})
}

func TestUserNamesConcurrent(t *testing.T) {
	users := OpenUserNames(nil)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for uid := range uint32(100) {
				if users.Name(t.Context(), uid) == "" {
					t.Errorf("user %d has no name", uid)
				}
			}
		})
	}
	wg.Wait()
}

// TestKeptNamesAllocateNothing asks again for a user that is in the file, and for one
// that nobody knows: a snapshot asks for the user of each process.
func TestKeptNamesAllocateNothing(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "passwd"), []byte("alice:x:1000:1000::/:/bin/sh\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	u := OpenUserNames(&Config{EtcRoot: dir, Now: func() time.Time { return time.Unix(1_800_000_000, 0) }})
	for _, uid := range []uint32{1000, 1001} {
		if n := testing.AllocsPerRun(10, func() { u.Name(t.Context(), uid) }); n > 0 {
			t.Errorf("%v allocations for the name of user %d", n, uid)
		}
	}
}
