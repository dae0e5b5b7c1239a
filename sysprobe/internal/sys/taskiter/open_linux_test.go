package taskiter

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/link"
)

// objects are what this process has of BPF: lines such as "prog_id: 7" of the
// descriptors that it has open.
func objects(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("/proc/self/fdinfo/*")
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, file := range files {
		info, err := os.ReadFile(file)
		if err != nil {
			continue // it was that of the directory
		}
		for line := range strings.Lines(string(info)) {
			name, id, _ := strings.Cut(strings.TrimSpace(line), ":\t")
			switch name {
			case "prog_id", "map_id", "link_id", "btf_id":
				found = append(found, name+": "+id)
			}
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}

// inKernel reports that the kernel has an object of the programs loaded. Types
// stay as long as a program that uses them.
func inKernel(t *testing.T, object string) bool {
	t.Helper()
	var kind string
	var id uint32
	if _, err := fmt.Sscan(object, &kind, &id); err != nil {
		t.Fatal(err)
	}
	var opened io.Closer
	var err error
	switch kind {
	case "prog_id:":
		opened, err = ebpf.NewProgramFromID(ebpf.ProgramID(id))
	case "map_id:":
		opened, err = ebpf.NewMapFromID(ebpf.MapID(id))
	case "link_id:":
		opened, err = link.NewFromID(link.ID(id))
	default:
		return false
	}
	if err != nil {
		return false
	}
	return opened.Close() == nil
}

// checkClosed fails unless this process has nothing of BPF, and the kernel none
// of the objects before long. The memory of variables is unmapped when the
// collector finds it.
func checkClosed(t *testing.T, before []string) {
	t.Helper()
	if still := objects(t); len(still) > 0 {
		t.Errorf("open after Close: %s", still)
	}
	for _, object := range before {
		for deadline := time.Now().Add(20 * time.Second); inKernel(t, object); time.Sleep(10 * time.Millisecond) {
			runtime.GC()
			if time.Now().After(deadline) {
				t.Errorf("loaded after Close: %s", object)
				return
			}
		}
	}
}

func openShared(t *testing.T) *Iterator {
	t.Helper()
	it, err := Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return it
}

// TestOpenShares opens three times what is loaded once, reads through all at
// the same time, and closes one after the other.
func TestOpenShares(t *testing.T) {
	needBPF(t)
	iterators := []*Iterator{openShared(t)}
	first := objects(t)
	iterators = append(iterators, openShared(t), openShared(t))
	if all := objects(t); !slices.Equal(all, first) {
		t.Errorf("%s, want only what the first one has: %s", all, first)
	}
	for ; len(iterators) > 0; iterators = iterators[1:] {
		readAtOnce(t, iterators)
		if err := iterators[0].Close(); err != nil {
			t.Error(err)
		}
	}
	checkClosed(t, first)
	again := openShared(t)
	read(t, again, all)
	second := objects(t)
	if err := again.Close(); err != nil {
		t.Error(err)
	}
	checkClosed(t, second)
}

// readAtOnce lets every second iterator count files, and the others not.
func readAtOnce(t *testing.T, iterators []*Iterator) {
	t.Helper()
	var wait sync.WaitGroup
	for i, it := range iterators {
		wants := Wants{Files: i%2 == 0}
		wait.Go(func() {
			for range 10 {
				processes, err := collect(it, wants)
				if err != nil {
					t.Error(err)
					return
				}
				if p := find(processes, os.Getpid()); p == nil || p.FilesKnown != wants.Files {
					t.Errorf("%+v, want files: %v", p, wants.Files)
				}
			}
		})
	}
	wait.Wait()
}

// TestByteOrder asks whether the program is for machines of either byte order,
// and on one that it is not for, to open it.
func TestByteOrder(t *testing.T) {
	unsupported := func(err error) bool {
		return errors.Is(err, errors.ErrUnsupported) && strings.Contains(err.Error(), "little-endian")
	}
	if err := checkOrder(binary.LittleEndian); err != nil {
		t.Errorf("little-endian: %v", err)
	}
	if err := checkOrder(binary.BigEndian); !unsupported(err) {
		t.Errorf("big-endian: error %v, want one that is ErrUnsupported and says why", err)
	}
	if checkOrder(binary.NativeEndian) == nil {
		return
	}
	if _, err := Open(t.Context()); !unsupported(err) {
		t.Errorf("iterator: error %v, want one that is ErrUnsupported and says why", err)
	}
	if _, err := OpenExits(t.Context()); !unsupported(err) {
		t.Errorf("ended: error %v, want one that is ErrUnsupported and says why", err)
	}
}

// BenchmarkOpen loads what the first user has to wait for.
func BenchmarkOpen(b *testing.B) {
	needBPF(b)
	b.Run("iterator", func(b *testing.B) {
		benchmarkOpen(b, Open)
	})
	b.Run("ended", func(b *testing.B) {
		benchmarkOpen(b, OpenExits)
	})
}

func benchmarkOpen[T io.Closer](b *testing.B, open func(context.Context) (T, error)) {
	for b.Loop() {
		opened, err := open(b.Context())
		if err != nil {
			b.Fatal(err)
		}
		if err := opened.Close(); err != nil {
			b.Fatal(err)
		}
	}
}
