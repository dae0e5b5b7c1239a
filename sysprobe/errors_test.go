package sysprobe

import (
	"errors"
	"fmt"
	"io/fs"
	"syscall"
	"testing"
)

func TestErrorFamily(t *testing.T) {
	denied := error(syscall.EPERM)
	for _, tt := range []struct {
		name      string
		err       error
		is, isNot []error
	}{
		{"E03 zombie", ErrZombieProcess, []error{ErrZombieProcess, ErrNoSuchProcess}, []error{ErrAccessDenied, ErrNotSupported}},
		{"E03 gone", ErrNoSuchProcess, []error{ErrNoSuchProcess}, []error{ErrZombieProcess, ErrAccessDenied, fs.ErrNotExist}},
		{"denied", denied, []error{ErrAccessDenied, fs.ErrPermission}, []error{ErrNoSuchProcess, ErrNotSupported}},
		{"not supported", ErrNotSupported, []error{errors.ErrUnsupported}, []error{ErrAccessDenied, fs.ErrNotExist}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, err := range []error{tt.err, opError("read", "7", tt.err), fmt.Errorf("gather: %w", opError("read", "7", tt.err))} {
				for _, target := range tt.is {
					if !errors.Is(err, target) {
						t.Errorf("%v is not %v", err, target)
					}
				}
				for _, target := range tt.isNot {
					if errors.Is(err, target) {
						t.Errorf("%v is %v", err, target)
					}
				}
			}
		})
	}
}

func TestOpError(t *testing.T) {
	for want, err := range map[string]*OpError{
		"dump links: no such process":          {Op: "dump links", Err: ErrNoSuchProcess},
		"read process 0: no such process":      {Op: "read process", Target: "0", Err: ErrNoSuchProcess}, // J05
		"read process 7: process is a zombie":  {Op: "read process", Target: "7", Err: ErrZombieProcess},
		"open network namespace /x: not there": {Op: "open network namespace", Target: "/x", Err: errors.New("not there")},
	} {
		if got := err.Error(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	if err := opError("read", "7", nil); err != nil {
		t.Errorf("an operation that did not fail: %v", err)
	}
}
