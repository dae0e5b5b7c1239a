package nic

import (
	"slices"
	"time"

	"telegraf-sysprobe/sysprobe"
)

const (
	// followEvery is how often to look for what is not told: that a name is a
	// symbolic link to another namespace, or that one can be entered now.
	followEvery = time.Second
	// followRest is how many times as long as a look took not to look again, so
	// that it takes a tenth of a CPU at most on a machine that never stops to
	// mount and unmount.
	followRest = 10
)

// follower is the goroutine of Reader.Follow.
type follower struct {
	every        time.Duration
	look         func()
	leave, ended chan struct{}
}

// Follow opens the handles of the other namespaces, and from then on those of
// namespaces that appear, as they do, until Close. It closes those of
// namespaces that went. What cannot be opened is left to Gather, which reports
// why.
func (r *Reader[S]) Follow() {
	if !r.others() {
		return
	}
	// Where there is nothing to be told by, to look every now and then will do.
	watch, _ := sysprobe.OpenNetNSWatch() //nolint:errcheck // see above
	r.look()
	r.follower = &follower{every: r.every, look: r.look, leave: make(chan struct{}), ended: make(chan struct{})}
	go r.follower.run(watch)
}

// others says whether there may be other namespaces than the own one.
func (r *Reader[S]) others() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.following.on || slices.ContainsFunc(r.spaces, func(s *space[S]) bool { return s.path != "" })
}

// run looks for namespaces until it is to leave. The watch may be nil.
func (f *follower) run(watch *sysprobe.NetNSWatch) {
	defer close(f.ended)
	var changed <-chan struct{}
	if watch != nil {
		changed = watch.Changed()
		defer watch.Close() //nolint:errcheck // nothing was written
	}
	tick := time.NewTicker(f.every)
	defer tick.Stop()
	for {
		select {
		case <-changed:
		case <-tick.C:
		case <-f.leave:
			return
		}
		begun := time.Now()
		f.look()
		select {
		case <-time.After(followRest * time.Since(begun)):
		case <-f.leave:
			return
		}
	}
}

// stop ends the goroutine, if there is one.
func (f *follower) stop() {
	if f != nil {
		close(f.leave)
		<-f.ended
	}
}

// look makes sure that the handles of the other namespaces are open, and of
// those that are there now.
func (r *Reader[S]) look() {
	r.mu.Lock()
	defer r.mu.Unlock()
	_ = r.follow() //nolint:errcheck // Gather reports it
	for _, s := range r.spaces {
		if s.path != "" {
			_ = s.refresh(r.open) //nolint:errcheck // Gather reports it
		}
	}
}
