package cpuset

import (
	"errors"
	"slices"
	"syscall"
	"testing"
)

// kernel has sets of size bytes, and answers ERANGE to others as FreeBSD does.
type kernel struct {
	size int
	mask []byte
	err  error
}

func (k *kernel) get(_ int32, mask []byte) error {
	if len(mask) != k.size {
		return syscall.ERANGE
	}
	copy(mask, k.mask)
	return k.err
}

func (k *kernel) set(_ int32, mask []byte) error {
	if len(mask) != k.size {
		return syscall.ERANGE
	}
	if k.err == nil {
		k.mask = slices.Clone(mask)
	}
	return k.err
}

// TestGetWhatWasSet asks kernels with sets of each size for what they were told.
func TestGetWhatWasSet(t *testing.T) {
	for _, size := range []int{16, 32, 128, 256, 512} {
		k := &kernel{size: size}
		want := []int{0, 7, 8, 63, 64, 8*size - 1}
		if err := Set(k.set, 7, want); err != nil || k.mask[0] != 0x81 || k.mask[1] != 1 || k.mask[7] != 0x80 || k.mask[size-1]&0x80 == 0 {
			t.Errorf("%d bytes: %x, %v", size, k.mask, err)
		}
		if got, err := Get(k.get, 7); err != nil || !slices.Equal(got, want) {
			t.Errorf("%d bytes: %v, %v, want %v", size, got, err, want)
		}
	}
}

// TestErrors is every errno, and processors that no set of the kernel has.
func TestErrors(t *testing.T) {
	for _, errno := range []error{syscall.ESRCH, syscall.EPERM, syscall.EINVAL, syscall.EDEADLK} {
		k := &kernel{size: 32, err: errno}
		cpus, err := Get(k.get, 7)
		if setErr := Set(k.set, 7, []int{1}); !errors.Is(err, errno) || !errors.Is(setErr, errno) || len(cpus) > 0 {
			t.Errorf("%v: %v, %v, %v", errno, cpus, err, setErr)
		}
	}
	for _, cpu := range []int{-1, 256, 1 << 20} {
		k := &kernel{size: 32}
		if err := Set(k.set, 7, []int{0, cpu}); !errors.Is(err, syscall.EINVAL) || k.mask != nil {
			t.Errorf("processor %d: %v, %x", cpu, err, k.mask)
		}
	}
	k := &kernel{size: 7}
	if _, err := Get(k.get, 7); !errors.Is(err, syscall.ERANGE) {
		t.Errorf("a kernel of another size: %v", err)
	}
}
