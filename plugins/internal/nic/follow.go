package nic

import (
	"errors"
	"io/fs"
	"slices"
	"time"

	"telegraf-sysprobe/sysprobe"
)

const (
	// followEvery is the interval of looking for changes without a notification:
	// the end of a process in whose directory a namespace is, a name that is a
	// symbolic link, or a namespace that can be entered after a failure. With it,
	// nothing of a namespace is kept for a second.
	followEvery = time.Second / 2
	// followRest is the pause after a look, in multiples of its duration: on a
	// machine that mounts and unmounts all the time, looking takes a tenth of a
	// CPU.
	followRest = 10
)

// follower is the goroutine of Reader.Follow and Reader.Release.
type follower struct {
	every        time.Duration
	look         func()
	leave, ended chan struct{}
}

// Follow opens the handles of the other namespaces. Until Close it opens the
// handles of namespaces that appear, and closes the handles of namespaces that
// are removed, as that happens. Gather reports what cannot be opened.
func (r *Reader[S]) Follow() {
	if r.chosen.others() {
		r.look()
		r.start(r.look)
	}
}

// Release closes the handles of namespaces that are removed, as that happens,
// until Close: the kernel keeps a namespace, and the cards in it, as long as it
// has a socket. Only Gather opens handles.
func (r *Reader[S]) Release() {
	if r.chosen.others() {
		r.start(r.release)
	}
}

// start begins to call look.
func (r *Reader[S]) start(look func()) {
	// Without notifications the ticker of the follower has to do.
	watch, _ := sysprobe.OpenNetNSWatch(sysprobe.ConfigFromEnv()) //nolint:errcheck // see above
	r.follower = &follower{every: r.every, look: look, leave: make(chan struct{}), ended: make(chan struct{})}
	go r.follower.run(watch)
}

// run looks for namespaces until leave is closed. The watch is nil where there
// are no notifications.
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

// look makes sure that the handles of the other namespaces are open, and that no
// handle is of a removed namespace.
func (r *Reader[S]) look() {
	r.mu.Lock()
	defer r.mu.Unlock()
	_ = r.update() //nolint:errcheck // Gather reports it
	for _, s := range r.spaces {
		if s.path != "" && !s.twin {
			_ = r.ready(s) //nolint:errcheck // Gather reports it
		}
	}
}

// release makes sure that no handle is of a removed namespace.
func (r *Reader[S]) release() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, s := range r.spaces {
		if s.path != "" && s.source != nil {
			r.check(s)
		}
	}
}

// update brings the list of namespaces up to date with those that are there. A
// namespace that has several names is read under one of them: the own one without
// a name, and another one under the first that it had.
func (r *Reader[S]) update() error {
	if !r.chosen.others() {
		return nil
	}
	found, err := r.chosen.find(&r.system)
	there, known := map[string]bool{}, map[string]bool{}
	for _, ns := range found {
		there[ns.path] = true
	}
	r.spaces = slices.DeleteFunc(r.spaces, func(s *space[S]) bool {
		unknown := err != nil && s.option == "namespace_include" // whether it is there
		if !there[s.path] && !unknown {
			if s.removed = true; !s.busy {
				r.finish(s)
			}
			return true
		}
		known[s.path] = true
		return false
	})
	for _, ns := range found {
		if !known[ns.path] {
			known[ns.path] = true
			ns.tag = r.freeTag(ns.path)
			r.spaces = append(r.spaces, &space[S]{namespace: ns, came: r.begun})
		}
	}
	r.findTwins()
	if !r.begun && err == nil {
		r.chosen.remark(found, r.log)
	}
	r.begun = true
	return err
}

// freeTag returns the tag of a namespace: the whole path where another namespace
// has the shorter tag already.
func (r *Reader[S]) freeTag(path string) string {
	tag := NamespaceTag(path)
	if slices.ContainsFunc(r.spaces, func(s *space[S]) bool { return s.tag == tag }) {
		return path
	}
	return tag
}

// findTwins checks where all paths lead, and leaves one space to each namespace:
// the one whose handle is open, or else the first.
func (r *Reader[S]) findTwins() {
	reading := map[sysprobe.NetNSID]*space[S]{}
	for _, s := range r.spaces {
		if r.check(s); s.source != nil {
			reading[s.id] = s
		}
	}
	for _, s := range r.spaces {
		if s.twin = false; s.lost != nil {
			continue
		}
		other := reading[s.id]
		if s.twin = other != nil && other != s; !s.twin {
			reading[s.id] = s
			continue
		}
		s.came = true // if the other name goes
		if !r.twins {
			r.twins = true
			r.log.Infof("%v is also %v: it is reported once, as the former; so are others with several names", other.namespace, s.namespace)
		}
	}
}

// check finds out to which namespace the path of s leads, and closes a handle of
// another one: as long as that has a socket, the kernel keeps a namespace that its
// owner has removed or replaced. It leaves alone a handle that takes a snapshot,
// after which Gather checks it.
func (r *Reader[S]) check(s *space[S]) {
	if s.busy {
		return
	}
	id, err := r.system.Identify(s.path)
	if s.path == "" { // it is there, and opening its handle reports what is wrong
		s.id = id
		return
	}
	if err != nil || id != s.id {
		r.finish(s)
	}
	if errors.Is(err, fs.ErrNotExist) || s.seen && id != s.id {
		s.came = true
	}
	s.id, s.lost, s.seen = id, err, s.seen || err == nil
}

// finish closes the handle of a namespace that is not at its path any more.
func (r *Reader[S]) finish(s *space[S]) {
	var err error
	if source, ok := s.source.(retirer); ok {
		err = source.Retire(r.life)
		s.source, s.taken = nil, false
	} else {
		err = s.close()
	}
	if err != nil {
		r.log.Debugf("Closing %v: %v", s.namespace, err)
	}
}
