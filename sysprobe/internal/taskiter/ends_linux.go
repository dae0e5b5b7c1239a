package taskiter

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/link"

	"telegraf-sysprobe/sysprobe/internal/decode/taskrec"
)

const endsProgram = "ended"

// Of the kinds of processes that ended, the kernel has room for maxKinds. Once
// there are more than manyKinds, further ones belong to another generation, and
// those of before are removed when nothing can add to them any more.
const (
	maxKinds  = 4096 // max_entries of the map "unseen"
	manyKinds = maxKinds / 2
	oldAge    = time.Second // the program takes a microsecond
)

// batchSize is how many entries of a map are read at once: more than any bucket
// of one has.
const batchSize = 512

type (
	kindKey    = [taskrec.KindSize]byte
	totalValue = [taskrec.TotalSize]byte
)

// Ends follows what processes did until their end. It is not safe for
// concurrent use.
type Ends struct {
	collection *ebpf.Collection
	link       link.Link

	seen   batch[[taskrec.IdentitySize]byte, [taskrec.FinalSize]byte]
	unseen batch[kindKey, totalValue]

	totals map[kindKey]taskrec.Total // as of the last Drain
	old    []kindKey                 // of the generation before, read in this Drain
	now    uint32                    // generation
	since  time.Time                 // when it began
	lost   uint64                    // as of the last Drain
}

// Ended is what was added since the last Drain.
type Ended struct {
	// Finals are the processes of which there may be a record in a pass.
	Finals []taskrec.Final
	// Totals are of the others.
	Totals []taskrec.Total
	// Lost is how many processes are in neither: there was no room.
	Lost uint64
}

// OpenEnds loads and attaches the program that is called when a process is
// freed. It needs what Open does, and room for 5 MB: before Linux 5.11 that is
// locked memory, and takes CAP_SYS_RESOURCE.
func OpenEnds() (*Ends, error) {
	l, err := newLoader()
	if err != nil {
		return nil, err
	}
	collection, err := l.load(endsProgram, func(*ebpf.CollectionSpec) error { return nil })
	if err != nil {
		return nil, err
	}
	attached, err := link.AttachTracing(link.TracingOptions{Program: collection.Programs[endsProgram]})
	if err != nil {
		collection.Close()
		return nil, fmt.Errorf("attach BPF program %s: %w", endsProgram, err)
	}
	e := &Ends{collection: collection, link: attached, totals: map[kindKey]taskrec.Total{}, now: 1}
	e.seen.m, e.unseen.m = collection.Maps["seen"], collection.Maps["unseen"]
	return e, nil
}

// Close detaches the program. It returns the error of closing the link.
func (e *Ends) Close() error {
	err := e.link.Close()
	e.collection.Close()
	return err
}

// BeginPass has to precede a pass of the iterator: from now on whatever ends may
// have been seen.
func (e *Ends) BeginPass() error {
	return e.collection.Variables["sweep_end"].Set(uint64(math.MaxUint64))
}

// EndPass has to follow a pass that is complete. Now is the time since boot in
// nanoseconds, later than the pass: what starts from then on was not seen.
func (e *Ends) EndPass(now uint64) error { return e.collection.Variables["sweep_end"].Set(now) }

// Drain replaces what is in dst. It returns an error of the kernel, or one that
// answers to decode.ErrMalformed.
func (e *Ends) Drain(dst *Ended) error {
	dst.Finals, dst.Totals = dst.Finals[:0], dst.Totals[:0]
	err := e.seen.drain(func(key *[taskrec.IdentitySize]byte, value *[taskrec.FinalSize]byte) error {
		f, err := taskrec.DecodeFinal(key[:], value[:], binary.NativeEndian)
		dst.Finals = append(dst.Finals, f)
		return err
	})
	if err != nil {
		return err
	}
	e.old = e.old[:0]
	err = e.unseen.read(func(key *kindKey, value *totalValue) error {
		return e.addTotal(dst, key, value)
	})
	if err != nil {
		return err
	}
	if err := e.retire(); err != nil {
		return fmt.Errorf("remove old kinds of processes: %w", err)
	}
	return e.countLost(dst)
}

// addTotal appends what was added to a total.
func (e *Ends) addTotal(dst *Ended, key *kindKey, value *totalValue) error {
	t, err := taskrec.DecodeTotal(key[:], value[:], binary.NativeEndian)
	if err != nil {
		return err
	}
	if t.Generation != e.now {
		e.old = append(e.old, *key)
	}
	before := e.totals[*key]
	if t == before {
		return nil
	}
	dst.Totals = append(dst.Totals, t.Since(&before))
	e.totals[*key] = t
	return nil
}

// retire makes room for further kinds.
func (e *Ends) retire() error {
	switch {
	case len(e.old) == 0 && len(e.totals) > manyKinds:
		e.now++
		e.since = time.Now()
		return e.collection.Variables["generation"].Set(e.now)
	case len(e.old) > 0 && time.Since(e.since) > oldAge:
		for _, key := range e.old {
			if err := e.unseen.m.Delete(&key); err != nil && !errors.Is(err, ebpf.ErrKeyNotExist) {
				return err
			}
			delete(e.totals, key)
		}
	}
	return nil
}

// countLost sets dst.Lost.
func (e *Ends) countLost(dst *Ended) error {
	var seen, unseen uint64
	variables := e.collection.Variables
	if err := errors.Join(variables["lost_seen"].Get(&seen), variables["lost_unseen"].Get(&unseen)); err != nil {
		return err
	}
	dst.Lost = seen + unseen - e.lost
	e.lost = seen + unseen
	return nil
}

// batch reads a hash.
type batch[K, V any] struct {
	m      *ebpf.Map
	keys   []K
	values []V
}

// read calls f with each entry.
func (b *batch[K, V]) read(f func(*K, *V) error) error { return b.each(b.m.BatchLookup, f) }

// drain is read, and takes the entries out.
func (b *batch[K, V]) drain(f func(*K, *V) error) error { return b.each(b.m.BatchLookupAndDelete, f) }

func (b *batch[K, V]) each(lookup func(*ebpf.MapBatchCursor, any, any, *ebpf.BatchOptions) (int, error), f func(*K, *V) error) error {
	if b.keys == nil {
		b.keys, b.values = make([]K, batchSize), make([]V, batchSize)
	}
	var cursor ebpf.MapBatchCursor
	for {
		n, err := lookup(&cursor, b.keys, b.values, nil)
		end := errors.Is(err, ebpf.ErrKeyNotExist)
		if err != nil && !end {
			return err
		}
		for i := range n {
			if err := f(&b.keys[i], &b.values[i]); err != nil {
				return err
			}
		}
		if end {
			return nil
		}
	}
}
