package nic

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/influxdata/telegraf"

	"telegraf-sysprobe/sysprobe"
)

// Source is a handle of package sysprobe whose snapshots are of type S.
type Source[S any] interface {
	Snapshot(dst *S) error
	Close() error
}

// Opener opens a handle, as sysprobe.OpenNICAddrs does.
type Opener[S any] func(*sysprobe.Config) (Source[S], error)

// Reader keeps a handle, and the memory of its snapshots, for each namespace.
// It is safe for concurrent use, but for Follow and Close.
type Reader[S any] struct {
	open      Opener[S]
	following following
	named     func() ([]string, error)
	every     time.Duration // for follower
	follower  *follower     // nil: not started

	mu       sync.Mutex // guards what follows
	spaces   []*space[S]
	unlisted bool // that they cannot be listed has been reported
}

// space is a namespace and its handle.
type space[S any] struct {
	namespace
	source   Source[S]   // nil: not open
	file     os.FileInfo // what path was when source was opened
	snapshot S
	failing  bool // its error has been reported
}

// NewReader returns a Reader of the own namespace and those that o lists. It
// opens nothing. It returns an error that names the option, the value and the
// remedy.
func NewReader[S any](o *Options, open Opener[S]) (*Reader[S], error) {
	list, named, err := o.namespaces()
	if err != nil {
		return nil, err
	}
	r := &Reader[S]{open: open, following: named, named: o.Named, every: followEvery}
	if r.named == nil {
		r.named = sysprobe.NamedNetNS
	}
	for _, ns := range list {
		r.spaces = append(r.spaces, &space[S]{namespace: ns})
	}
	return r, nil
}

// Open opens the handle of the own namespace, if that is to be read, and
// returns the error of that. The others are opened as they are read, since they
// come and go.
func (r *Reader[S]) Open() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, s := range r.spaces {
		if s.path == "" {
			return s.reopen(r.open)
		}
	}
	return nil
}

// follow makes the list of namespaces that of those that are named now. One
// whose tag is that of a path of the options is read already.
func (r *Reader[S]) follow() error {
	if !r.following.on {
		return nil
	}
	paths, err := r.named()
	if err != nil {
		return fmt.Errorf("options namespace_include, namespace_exclude: %w", err)
	}
	var errs []error
	known := map[string]bool{}
	r.spaces = slices.DeleteFunc(r.spaces, func(s *space[S]) bool {
		_, there := slices.BinarySearch(paths, s.path)
		if s.named && !there {
			errs = append(errs, s.close())
			return true
		}
		known[s.tag] = true
		return false
	})
	for _, path := range paths {
		tag := NamespaceTag(path)
		if r.following.globs.Match(tag) && !known[tag] {
			r.spaces = append(r.spaces, &space[S]{namespace: namespace{path: path, tag: tag, named: true}})
		}
	}
	return errors.Join(errs...)
}

// Reads says whether there is a namespace with that tag among those to read.
func (r *Reader[S]) Reads(tag string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.ContainsFunc(r.spaces, func(s *space[S]) bool { return s.tag == tag })
}

// Close ends Follow, closes all handles and returns their errors.
func (r *Reader[S]) Close() error {
	r.follower.stop()
	r.follower = nil
	r.mu.Lock()
	defer r.mu.Unlock()
	var errs []error
	for _, s := range r.spaces {
		errs = append(errs, s.close())
	}
	return errors.Join(errs...)
}

// Gather calls emit for each namespace that can be read, with its netns tag,
// which is empty for the own one. It returns the errors where there is no such
// namespace; otherwise it adds the error of each namespace to acc, once until
// that can be read again.
func (r *Reader[S]) Gather(acc telegraf.Accumulator, emit func(netns string, snapshot *S)) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	var all, fresh []error
	if err := r.follow(); err == nil {
		r.unlisted = false
	} else if !r.unlisted {
		r.unlisted = true
		fresh = append(fresh, err)
	}
	readable := false
	for _, s := range r.spaces {
		err := s.read(r.open)
		switch {
		case err == nil:
			s.failing, readable = false, true
			emit(s.tag, &s.snapshot)
			continue
		case s.named && errors.Is(err, fs.ErrNotExist):
			continue // it went since it was listed
		}
		all = append(all, err)
		if !s.failing {
			fresh = append(fresh, err)
		}
		s.failing = true
	}
	if len(all) > 0 && !readable {
		return oneLine(all)
	}
	for _, err := range fresh {
		acc.AddError(err)
	}
	return nil
}

// oneLine joins errors for a log, in which an entry is a line.
func oneLine(errs []error) error {
	joined := errs[0]
	for _, err := range errs[1:] {
		joined = fmt.Errorf("%w; %w", joined, err)
	}
	return joined
}

// read takes a snapshot. It returns an error that names the namespace, unless
// that is the own one.
func (s *space[S]) read(open Opener[S]) error {
	if err := s.refresh(open); err != nil {
		if s.path == "" {
			return err
		}
		return s.enterError(err)
	}
	err := s.source.Snapshot(&s.snapshot)
	if errors.Is(err, fs.ErrClosed) { // by itself: it said why, and is of no more use
		if err = errors.Join(s.close(), s.refresh(open)); err == nil {
			err = s.source.Snapshot(&s.snapshot)
		}
	}
	if err != nil && s.path != "" {
		return fmt.Errorf("namespace %q: %w", s.path, err)
	}
	return err
}

// refresh makes sure that the handle is of the namespace that path names now.
// An open socket keeps a namespace alive that its owner has removed, or made
// anew under the same name.
func (s *space[S]) refresh(open Opener[S]) error {
	if s.path != "" && s.source != nil {
		file, err := os.Stat(s.path)
		if err != nil || !os.SameFile(file, s.file) {
			if err := errors.Join(err, s.close()); err != nil {
				return err
			}
		}
	}
	if s.source != nil {
		return nil
	}
	return s.reopen(open)
}

// reopen opens the handle.
func (s *space[S]) reopen(open Opener[S]) error {
	config := sysprobe.ConfigFromEnv()
	config.NetNS = s.path
	if s.path != "" {
		file, err := os.Stat(s.path)
		if err != nil {
			return err
		}
		s.file = file
	}
	source, err := open(config)
	if err != nil {
		return err
	}
	s.source = source
	return nil
}

// close closes the handle, if it is open.
func (s *space[S]) close() error {
	if s.source == nil {
		return nil
	}
	err := s.source.Close()
	s.source = nil
	return err
}
