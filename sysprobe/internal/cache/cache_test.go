package cache

import (
	"testing"
	"time"
)

func at(seconds int) time.Time { return time.Unix(1_700_000_000+int64(seconds), 0) }

func TestCache(t *testing.T) {
	c := New[string, int](2, time.Minute)
	want := func(key string, seconds, value int, known bool) {
		t.Helper()
		if got, ok := c.Get(key, at(seconds)); got != value || ok != known {
			t.Errorf("%s after %d s: %d, %t, want %d, %t", key, seconds, got, ok, value, known)
		}
	}
	want("a", 0, 0, false)
	c.Put("a", 1, at(0))
	want("a", 0, 1, true)
	want("a", 59, 1, true)
	want("a", 60, 0, false) // too old
	want("a", -1, 0, false) // the clock was set back
	c.Put("a", 2, at(60))
	want("a", 60, 2, true)
	c.Put("b", 3, at(70))
	c.Put("c", 4, at(70)) // there is no room
	want("c", 70, 0, false)
	c.Put("b", 5, at(71)) // for that there is
	want("b", 71, 5, true)
	if c.Len() != 2 {
		t.Errorf("%d values, want 2", c.Len())
	}
	if v, ok := c.Use("a", at(1000)); v != 2 || !ok {
		t.Errorf("used %d, %t, want 2", v, ok)
	}
	want("a", 1001, 2, true)
	if _, ok := c.Use("c", at(1000)); ok {
		t.Error("used a value that is not there")
	}
	c.KeepFresh(at(1001))
	want("a", 1001, 2, true)
	if c.Len() != 1 {
		t.Errorf("%d values that are not too old, want 1", c.Len())
	}
	c.Put("b", 6, at(1001))
	c.Keep(func(key string, value int) bool { return key == "b" && value == 6 })
	want("a", 1001, 0, false)
	want("b", 1001, 6, true)
}
