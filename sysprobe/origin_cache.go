package sysprobe

import (
	"math"
	"sync"
	"time"

	"telegraf-sysprobe/sysprobe/internal/cache"
	"telegraf-sysprobe/sysprobe/internal/decode/cgroup"
)

// originCache keeps one Origin for each cgroup: by its path and, on a machine
// where the ID in the unified hierarchy stands for the cgroup, by that. It is safe
// for concurrent use.
type originCache struct {
	mu       sync.Mutex // guards what follows
	now      time.Time  // of the snapshot under way
	snapshot uint32     // counts snapshots
	byPath   *cache.Cache[string, *Origin]
	byID     *cache.Cache[uint64, *originReading]
	// unifiedOnly says that an ID stands for all that can be known. If
	// controllers are in hierarchies of their own, all processes can be in the
	// root of the unified one, and its cgroups can be others than those of systemd
	// and of the container runtimes.
	unifiedOnly bool
}

// Cgroups come and go: once there are more than originsKept, those that no
// process was in for originsAge are forgotten.
const (
	originsKept = 4096
	originsAge  = 10 * time.Minute
)

func newOriginCache() *originCache {
	return &originCache{
		byPath: cache.New[string, *Origin](math.MaxInt, originsAge),
		byID:   cache.New[uint64, *originReading](math.MaxInt, originsAge),
	}
}

// originReading is what snapshots read of one cgroup by its ID. The ID and the
// path of a process are read one after the other, and the process can be moved in
// between: so a path is confirmed only when two snapshots have read it.
type originReading struct {
	origin    *Origin // the last one that was read; nil if none could be
	confirmed bool
	snapshot  uint32 // the last one that read
	tries     uint8  // of that snapshot
}

// originTries is how many processes of a cgroup one snapshot reads. A process can
// end meanwhile; if none of them can be read, all are hidden.
const originTries = 4

// isDue reports whether a snapshot has to read the path of a process.
func (r *originReading) isDue(snapshot uint32) bool {
	switch {
	case r.snapshot != snapshot:
		return !r.confirmed
	case r.origin == nil:
		return r.tries < originTries
	default:
		return false
	}
}

// add takes in what a snapshot read; nil if the path could not be read.
func (r *originReading) add(snapshot uint32, origin *Origin) {
	if r.snapshot != snapshot {
		r.snapshot, r.tries = snapshot, 0
	}
	r.tries++
	if origin != nil {
		r.confirmed = r.origin == origin
		r.origin = origin
	}
}

// begin starts a snapshot, on a machine where file is that of any process.
func (c *originCache) begin(file cgroup.File, now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.snapshot++
	c.unifiedOnly = file.UnifiedOnly
	// With snapshots that are far apart, whatever the last one used is kept.
	if c.byID.Len() > originsKept {
		c.byID.KeepFresh(c.now)
	}
	if c.byPath.Len() > originsKept {
		c.byID.Keep(func(_ uint64, r *originReading) bool {
			if r.origin != nil {
				c.byPath.Use(r.origin.Cgroup, c.now)
			}
			return true
		})
		c.byPath.KeepFresh(c.now)
	}
	c.now = now
}

// of returns the Origin of a path; nil for none.
func (c *originCache) of(path []byte) *Origin {
	if path == nil {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.named(path)
}

// named is of for a caller that has the lock.
func (c *originCache) named(path []byte) *Origin {
	if origin, ok := c.byPath.Use(string(path), c.now); ok {
		return origin
	}
	origin := ParseOrigin(string(path))
	c.byPath.Put(origin.Cgroup, &origin, c.now)
	return &origin
}

// find returns the Origin of the cgroup with that ID, nil if it is not known, and
// whether the path of a process in it has to be read.
func (c *originCache) find(id uint64) (origin *Origin, read bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	r, ok := c.byID.Use(id, c.now)
	if !ok {
		return nil, true
	}
	return r.origin, r.isDue(c.snapshot)
}

// idsSuffice reports that the ID of a cgroup stands for it.
func (c *originCache) idsSuffice() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.unifiedOnly
}

// learn takes in the path that was read of the cgroup with that ID, nil if that
// failed, and returns the Origin, nil if it is not known.
func (c *originCache) learn(id uint64, path []byte) *Origin {
	c.mu.Lock()
	defer c.mu.Unlock()
	r, ok := c.byID.Use(id, c.now)
	if !ok {
		r = new(originReading)
		c.byID.Put(id, r, c.now)
	}
	var origin *Origin
	if path != nil {
		origin = c.named(path)
	}
	r.add(c.snapshot, origin)
	return r.origin
}
