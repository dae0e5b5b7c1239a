package sysprobe

import (
	"sync"

	"telegraf-sysprobe/sysprobe/internal/decode/cgroup"
)

// originCache keeps one Origin for each cgroup, by its path and, where that
// stands for it, by its ID in the unified hierarchy. It is safe for concurrent
// use.
type originCache struct {
	mu     sync.Mutex // guards what follows
	sweep  uint32     // counts sweeps
	byPath map[string]*namedOrigin
	byID   map[uint64]*numberedOrigin
	// unifiedOnly says that IDs stand for all there is to know. Where
	// controllers are in hierarchies of their own, the unified one can have
	// everybody in its root, and its cgroups can be others than those of
	// systemd and of the runtimes.
	unifiedOnly bool
}

type namedOrigin struct {
	Origin

	used uint32 // the last sweep that asked
}

type numberedOrigin struct {
	origin *namedOrigin // nil where it could not be had
	used   uint32       // the last sweep that asked
	asked  uint32       // the last sweep that read it
	tries  uint8        // of that sweep
	agreed bool         // two sweeps read the same
}

// Cgroups come and go: what no sweep asked for in so many sweeps is forgotten,
// once there are so many.
const (
	originsKept  = 4096
	originSweeps = 16
)

// originTries is how many processes of a cgroup are asked in one sweep. One can
// end meanwhile; where none answers, all are hidden.
const originTries = 4

// begin starts a sweep on a machine where file is that of any process.
func (c *originCache) begin(file cgroup.File) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sweep++
	c.unifiedOnly = file.UnifiedOnly
	if len(c.byID) > originsKept {
		for id, n := range c.byID {
			if c.sweep-n.used > originSweeps {
				delete(c.byID, id)
			}
		}
	}
	if len(c.byPath) > originsKept {
		for _, n := range c.byID {
			if n.origin != nil {
				n.origin.used = c.sweep
			}
		}
		for path, n := range c.byPath {
			if c.sweep-n.used > originSweeps {
				delete(c.byPath, path)
			}
		}
	}
}

// of returns the Origin of a path.
func (c *originCache) of(path []byte) *Origin {
	if path == nil {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return &c.named(path).Origin
}

// named is of for who has the lock.
func (c *originCache) named(path []byte) *namedOrigin {
	n := c.byPath[string(path)]
	if n == nil {
		n = &namedOrigin{Origin: ParseOrigin(string(path))}
		if c.byPath == nil {
			c.byPath = make(map[string]*namedOrigin)
		}
		c.byPath[n.Cgroup] = n
	}
	n.used = c.sweep
	return n
}

// find returns the Origin of the cgroup with that ID, nil where it is not
// known, and whether that of a process in it is to be read. A process can be
// moved between the moments when its ID and its path are read, so the first
// answer is asked for again, in another sweep.
func (c *originCache) find(id uint64) (_ *Origin, read bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := c.byID[id]
	if n == nil {
		return nil, true
	}
	n.used = c.sweep
	if n.origin == nil {
		return nil, n.asked != c.sweep || n.tries < originTries
	}
	return &n.origin.Origin, !n.agreed && n.asked != c.sweep
}

// idsSuffice reports that the ID of a cgroup stands for it.
func (c *originCache) idsSuffice() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.unifiedOnly
}

// learn takes in what was read of the cgroup with that ID; nil where that
// failed.
func (c *originCache) learn(id uint64, path []byte) *Origin {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := c.byID[id]
	if n == nil {
		n = &numberedOrigin{}
		if c.byID == nil {
			c.byID = make(map[uint64]*numberedOrigin)
		}
		c.byID[id] = n
	}
	if n.asked != c.sweep {
		n.tries = 0
	}
	n.used, n.asked = c.sweep, c.sweep
	n.tries++
	if path != nil {
		origin := c.named(path)
		n.agreed = n.origin == origin
		n.origin = origin
	}
	if n.origin == nil {
		return nil
	}
	return &n.origin.Origin
}
