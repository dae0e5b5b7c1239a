package nic

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"sync"
	"time"

	"github.com/influxdata/telegraf"

	"telegraf-sysprobe/plugins/internal/message"
	"telegraf-sysprobe/sysprobe"
)

// Source is a handle of package sysprobe whose snapshots are of type S.
type Source[S any] interface {
	Snapshot(ctx context.Context, dst *S) error
	Close() error
}

// retirer is a Source that is to know when its namespace is gone. Retire then
// takes the place of Close.
type retirer interface {
	Retire(ctx context.Context) error
}

// Opener opens a handle. The end of the context ends the opening.
type Opener[S any] func(context.Context, *Opening) (Source[S], error)

// Opening says which handle to open.
type Opening struct {
	*sysprobe.Config

	Tag  string // the tag netns of its metrics
	Came bool   // the namespace has come, under its present name, after the first look
}

// Reader keeps a handle, and the memory of its snapshots, for each namespace,
// however many names that has. It is safe for concurrent use, except for Follow
// and Release.
type Reader[S any] struct {
	life     context.Context    // ends with Close
	end      context.CancelFunc // of life
	open     Opener[S]
	chosen   namespaces
	system   System
	log      telegraf.Logger
	every    time.Duration // for follower
	follower *follower     // nil: not started

	gathers sync.Mutex // held by Gather

	mu       sync.Mutex // guards what follows
	spaces   []*space[S]
	begun    bool // the first look has ended, and what matched nothing is logged
	unlisted bool // the error of listing them has been reported
	twins    bool // that one has several names has been logged
}

// space is a namespace and its handle.
type space[S any] struct {
	namespace

	id       sysprobe.NetNSID // of the namespace that path led to last
	lost     error            // of finding out id
	seen     bool             // id was found out once
	came     bool             // it was not here at the first look
	twin     bool             // another space has the handle of this namespace
	source   Source[S]        // nil: not open
	snapshot S                // the last one that was taken whole
	spare    S                // memory for the next one
	taken    bool             // snapshot is of this namespace
	old      int              // gathers that emitted snapshot again
	busy     bool             // a snapshot is being taken, which uses source and spare
	misses   int              // gathers in a row that failed
	failing  bool             // its error has been reported
	removed  bool             // it is in the list no more
}

// NewReader returns a Reader of the namespaces that o chooses. It opens nothing.
// It returns an error that names the option, the value and the remedy.
func NewReader[S any](o *Options, system *System, log telegraf.Logger, open Opener[S]) (*Reader[S], error) {
	chosen, err := o.namespaces(system.MayEnter)
	if err != nil {
		return nil, err
	}
	r := &Reader[S]{open: open, chosen: chosen, system: *system, log: log, every: followEvery}
	r.life, r.end = context.WithCancel(context.Background())
	if chosen.own {
		r.spaces = append(r.spaces, &space[S]{})
	}
	return r, nil
}

// Open opens the handle of the own namespace, if that is chosen, and returns the
// error of opening it. Other namespaces come and go: Gather opens their handles.
func (r *Reader[S]) Open() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, s := range r.spaces {
		if s.path == "" {
			return message.WithFilesRemedy(r.reopen(s))
		}
	}
	return nil
}

// Reads reports whether a namespace with that tag is there to be read.
func (r *Reader[S]) Reads(tag string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.ContainsFunc(r.spaces, func(s *space[S]) bool {
		return s.tag == tag && !s.twin && !errors.Is(s.lost, fs.ErrNotExist)
	})
}

// Close ends Follow, Release and a Gather that waits, closes all handles and
// returns their errors.
func (r *Reader[S]) Close() error {
	r.end()
	r.follower.stop()
	r.follower = nil
	r.gathers.Lock()
	defer r.gathers.Unlock()
	r.mu.Lock()
	defer r.mu.Unlock()
	var errs []error
	for _, s := range r.spaces {
		errs = append(errs, s.close())
	}
	return errors.Join(errs...)
}

// Gather calls emit for each namespace that can be read, with its netns tag,
// which is empty for the own namespace. Where none can be read, and that is not
// because none exists, it returns the errors. Otherwise it adds the error of each
// other namespace to acc, once until that namespace can be read again.
func (r *Reader[S]) Gather(acc telegraf.Accumulator, emit func(netns string, snapshot *S)) error {
	r.gathers.Lock()
	defer r.gathers.Unlock()
	round := gathering[S]{reader: r, emit: emit}
	for _, s := range round.begin() {
		round.gather(s)
	}
	if len(round.all) > 0 && !round.readable {
		return oneLine(round.all)
	}
	for _, err := range round.fresh {
		acc.AddError(err)
	}
	return nil
}

// gathering is one call of Gather. It locks the Reader except while it takes a
// snapshot, so that a slow driver does not hold up the release of other namespaces.
type gathering[S any] struct {
	reader     *Reader[S]
	emit       func(netns string, snapshot *S)
	readable   bool    // a namespace was read
	all, fresh []error // those not reported before are fresh
}

// begin brings the list of namespaces up to date and returns it.
func (g *gathering[S]) begin() []*space[S] {
	r := g.reader
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.update(); err == nil {
		r.unlisted = false
	} else if !r.unlisted {
		r.unlisted = true
		g.fresh = append(g.fresh, err)
	}
	return slices.Clone(r.spaces)
}

// gather reads a namespace.
func (g *gathering[S]) gather(s *space[S]) {
	r := g.reader
	r.mu.Lock()
	defer r.mu.Unlock()
	if s.removed || s.twin {
		return
	}
	err := r.read(s)
	if errors.Is(err, errReplaced) {
		err = r.read(s)
	}
	if s.removed {
		r.finish(s)
		return
	}
	if err == nil {
		s.misses, s.failing, g.readable = 0, false, true
		g.emit(s.tag, &s.snapshot)
		return
	}
	if s.path != "" {
		r.check(s)
	}
	gone := errors.Is(s.lost, fs.ErrNotExist)
	if s.misses++; s.isPassing(err) {
		return
	}
	if !gone {
		g.all = append(g.all, err)
	}
	switch {
	case s.failing: // and reported
	case gone && !s.seen:
		r.log.Warn(err.Error())
	default:
		g.fresh = append(g.fresh, err)
	}
	s.failing = true
}

// isPassing reports whether err says no more than that the namespace came or went after
// it was listed. One that failed in the gather before as well did not just come.
func (s *space[S]) isPassing(err error) bool {
	if errors.Is(s.lost, fs.ErrNotExist) {
		return s.listed
	}
	return s.listed && s.misses == 1 && (errors.Is(err, fs.ErrNotExist) || errors.Is(err, errReplaced))
}

// oneLine joins errors for a log, in which an entry is a line.
func oneLine(errs []error) error {
	joined := errs[0]
	for _, err := range errs[1:] {
		joined = fmt.Errorf("%w; %w", joined, err)
	}
	return joined
}

// read takes a snapshot. Its error names the namespace, unless that is the own
// one.
func (r *Reader[S]) read(s *space[S]) error {
	if err := r.ready(s); err != nil {
		return s.readError(err)
	}
	err := r.take(s)
	if r.life.Err() == nil && errors.Is(err, fs.ErrClosed) { // the handle ended by itself, and is replaced
		s.came = false // the interfaces were there before
		if err = errors.Join(s.close(), r.ready(s)); err == nil {
			err = r.take(s)
		}
	}
	if err != nil && s.path != "" {
		return fmt.Errorf("%v: %w", s.namespace, message.WithFilesRemedy(err))
	}
	if s.path == "" || err != nil {
		return message.WithFilesRemedy(err)
	}
	if r.check(s); s.source != nil {
		return nil
	}
	if s.lost == nil { // some facts might be of the namespace that is there now
		return s.enterError(errReplaced)
	}
	return s.enterError(s.lost)
}

// readError is an error of opening the handle.
func (s *space[S]) readError(err error) error {
	if s.path == "" {
		return message.WithFilesRemedy(err)
	}
	return s.enterError(err)
}

// takeAttempts limits the attempts to take a snapshot, where there is none to keep, while
// the kernel's tables change faster than they can be read, and keptSnapshots the
// number of gathers that emit the last snapshot again.
const (
	takeAttempts  = 20
	keptSnapshots = 3
)

// take takes a snapshot, for the time of which it unlocks the Reader. Where the tables
// change faster than they can be read, the last one stays for a few gathers.
func (r *Reader[S]) take(s *space[S]) error {
	for attempt := 1; ; attempt++ {
		source := s.source
		s.busy = true
		r.mu.Unlock()
		err := source.Snapshot(r.life, &s.spare)
		r.mu.Lock()
		s.busy = false
		switch {
		case err == nil:
			s.snapshot, s.spare = s.spare, s.snapshot
			s.taken, s.old = true, 0
			return nil
		case !errors.Is(err, sysprobe.ErrInterrupted):
			return err
		case s.taken && s.old < keptSnapshots:
			s.old++
			return nil
		case attempt == takeAttempts:
			return err
		}
	}
}

// ready makes sure that the handle is open.
func (r *Reader[S]) ready(s *space[S]) error {
	if s.lost != nil || s.source != nil {
		return s.lost
	}
	if err := r.life.Err(); err != nil {
		return err
	}
	return r.reopen(s)
}

// errReplaced means that a path led to another namespace afterwards than before.
var errReplaced = errors.New("another namespace took its place")

// reopen opens the handle. It returns errReplaced where that might be of either of
// two namespaces.
func (r *Reader[S]) reopen(s *space[S]) error {
	config := sysprobe.ConfigFromEnv()
	config.NetNS = s.path
	source, err := r.open(r.life, &Opening{Config: config, Tag: s.tag, Came: s.came})
	if err != nil {
		return err
	}
	s.source = source
	if s.path == "" {
		return nil
	}
	if r.check(s); s.source == nil {
		if s.lost == nil {
			return errReplaced
		}
		return s.lost
	}
	return nil
}

// close closes the handle, if it is open.
func (s *space[S]) close() error {
	if s.source == nil {
		return nil
	}
	err := s.source.Close()
	s.source, s.taken = nil, false
	return err
}
