package taskiter

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/link"

	"telegraf-sysprobe/sysprobe/internal/decode/taskrec"
)

const exitsProgram = "ended"

// The kernel has room for maxKinds kinds of processes that exited. Once there
// are more than manyKinds, further kinds belong to another generation, and the
// kinds of the generation before are removed when the program adds to them no
// more.
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

// Exits keeps the account of each process that exits: what it used in all. It
// is not safe for concurrent use.
//
// # The life of an exited process
//
// A process exits and becomes a zombie; its parent reaps it, which removes it
// from the process table; and some 10 ms later, or up to 10 s with
// CONFIG_RCU_LAZY, the kernel frees it. Only then signal_struct has what all its
// threads used, and the kernel calls the program (bpf/ended.h).
//
// The program compares the start of the process with the end of the last pass
// of the iterator (BeginPass, EndPass):
//
//   - A process that started before was there during the pass and might have a
//     record of it. The program leaves its account under its identity in the map
//     "seen". Drain takes it out: a Final.
//   - A process that started later has no record. The program adds its account
//     to the total of its kind (user, name, cgroup) in the map "unseen". Drain
//     reads all totals, remembers them, and returns what was added since the
//     last Drain: a Total. Kinds are not taken out, because between reading and
//     removing the program may add; see maxKinds for how they go.
//
// While a pass is under way, every process that is freed counts as seen, for no
// moment tells whether the iterator met it. Where a map is full, the program
// counts the process as lost.
//
// A Final is all that the process used, and rows of snapshots already show a part
// of that. Package sysprobe subtracts the last row. Because a process is freed
// after it left the table, sysprobe remembers rows of processes that left it, for
// a minute (type departed).
type Exits struct {
	collection *ebpf.Collection
	link       link.Link

	seen   batch[[taskrec.IdentitySize]byte, [taskrec.FinalSize]byte]
	unseen batch[kindKey, totalValue]

	totals     map[kindKey]taskrec.Total // as of the last Drain
	retired    []kindKey                 // kinds of the generation before, met by this Drain
	generation uint32
	since      time.Time // when the generation began
	lost       uint64    // as of the last Drain
}

// Accounts are what was added since the last Drain.
type Accounts struct {
	// Finals are the processes that may have a record in a pass.
	Finals []taskrec.Final
	// Totals are the sums of the others.
	Totals []taskrec.Total
	// Lost is how many processes are in neither, for want of room.
	Lost uint64
}

// OpenExits loads and attaches the program that the kernel calls when it frees a
// process. It needs what Open does, and room for 5 MB: before Linux 5.11 that is
// locked memory, and takes CAP_SYS_RESOURCE. It returns the error of ctx where
// that ends first.
func OpenExits(ctx context.Context) (*Exits, error) {
	l, err := newLoader(object)
	if err != nil {
		return nil, err
	}
	collection, err := l.load(ctx, exitsProgram, func(*ebpf.CollectionSpec) error { return nil })
	if err != nil {
		return nil, err
	}
	attached, err := link.AttachTracing(link.TracingOptions{Program: collection.Programs[exitsProgram]})
	if err != nil {
		collection.Close()
		return nil, fmt.Errorf("attach BPF program %s: %w", exitsProgram, err)
	}
	e := &Exits{collection: collection, link: attached, totals: map[kindKey]taskrec.Total{}, generation: 1}
	e.seen.m, e.unseen.m = collection.Maps["seen"], collection.Maps["unseen"]
	return e, nil
}

// Close detaches the program. It returns the error of closing the link, and must
// be called once.
func (e *Exits) Close() error {
	err := e.link.Close()
	e.collection.Close()
	return err
}

// BeginPass has to be called before a pass of the iterator: every process that
// is freed from now on may have been seen.
func (e *Exits) BeginPass() error {
	return e.collection.Variables["sweep_end"].Set(uint64(math.MaxUint64))
}

// EndPass has to be called after a pass that is complete. Now is the time since
// boot in nanoseconds, later than the pass: a process that starts from then on
// was not seen.
func (e *Exits) EndPass(now uint64) error { return e.collection.Variables["sweep_end"].Set(now) }

// Drain replaces what is in dst. It returns an error of the kernel, or one that
// wraps decode.ErrMalformed.
func (e *Exits) Drain(dst *Accounts) error {
	dst.Finals, dst.Totals = dst.Finals[:0], dst.Totals[:0]
	err := e.seen.drain(func(key *[taskrec.IdentitySize]byte, value *[taskrec.FinalSize]byte) error {
		f, err := taskrec.DecodeFinal(key[:], value[:], binary.NativeEndian)
		dst.Finals = append(dst.Finals, f)
		return err
	})
	if err != nil {
		return err
	}
	e.retired = e.retired[:0]
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
func (e *Exits) addTotal(dst *Accounts, key *kindKey, value *totalValue) error {
	t, err := taskrec.DecodeTotal(key[:], value[:], binary.NativeEndian)
	if err != nil {
		return err
	}
	if t.Generation != e.generation {
		e.retired = append(e.retired, *key)
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
func (e *Exits) retire() error {
	switch {
	case len(e.retired) == 0 && len(e.totals) > manyKinds:
		e.generation++
		e.since = time.Now()
		return e.collection.Variables["generation"].Set(e.generation)
	case len(e.retired) > 0 && time.Since(e.since) > oldAge:
		for _, key := range e.retired {
			if err := e.unseen.m.Delete(&key); err != nil && !errors.Is(err, ebpf.ErrKeyNotExist) {
				return err
			}
			delete(e.totals, key)
		}
	}
	return nil
}

// countLost sets dst.Lost.
func (e *Exits) countLost(dst *Accounts) error {
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
