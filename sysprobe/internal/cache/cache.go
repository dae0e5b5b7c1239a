// Package cache keeps facts that take long to read and seldom change.
package cache

import "time"

// Cache keeps values by key. A value that is as old as the limit is not returned
// any more, nor one from the future, which the clock being set back leaves. It is
// not safe for concurrent use.
type Cache[K comparable, V any] struct {
	maxLen  int
	maxAge  time.Duration
	entries map[K]*entry[V]
}

type entry[V any] struct {
	value V
	at    time.Time // when it was put, or used last
}

// New returns an empty cache of at most maxLen values that are younger than
// maxAge.
func New[K comparable, V any](maxLen int, maxAge time.Duration) *Cache[K, V] {
	return &Cache[K, V]{maxLen: maxLen, maxAge: maxAge, entries: make(map[K]*entry[V])}
}

// Len is how many values there are, of any age.
func (c *Cache[K, V]) Len() int { return len(c.entries) }

// Get returns the value of key, and whether there is one.
func (c *Cache[K, V]) Get(key K, now time.Time) (V, bool) {
	if e := c.entries[key]; e != nil && IsFresh(e.at, now, c.maxAge) {
		return e.value, true
	}
	var zero V
	return zero, false
}

// Use returns the value of key, of any age, and makes it as young as one that is
// put now.
func (c *Cache[K, V]) Use(key K, now time.Time) (V, bool) {
	if e := c.entries[key]; e != nil {
		e.at = now
		return e.value, true
	}
	var zero V
	return zero, false
}

// Put keeps a value. A full cache keeps no further key.
func (c *Cache[K, V]) Put(key K, v V, now time.Time) {
	if c.entries[key] != nil || len(c.entries) < c.maxLen {
		c.entries[key] = &entry[V]{v, now}
	}
}

// Keep forgets every value but those for which keep returns true.
func (c *Cache[K, V]) Keep(keep func(key K, value V) bool) {
	for key, e := range c.entries {
		if !keep(key, e.value) {
			delete(c.entries, key)
		}
	}
}

// KeepFresh forgets the values that are too old.
func (c *Cache[K, V]) KeepFresh(now time.Time) {
	for key, e := range c.entries {
		if !IsFresh(e.at, now, c.maxAge) {
			delete(c.entries, key)
		}
	}
}

// IsFresh reports whether what was read at a time can be believed now: it is
// younger than maxAge, and not from the future.
func IsFresh(at, now time.Time, maxAge time.Duration) bool {
	age := now.Sub(at)
	return age >= 0 && age < maxAge
}
