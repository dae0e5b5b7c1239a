package sysprobetest

import (
	"context"
	"errors"
	"testing"
	"time"
)

// TestExclusive takes a lock that is taken only after its release.
func TestExclusive(t *testing.T) {
	const name = "TestExclusive"
	t.Run("first", func(t *testing.T) {
		Exclusive(t, name)
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		if second, err := bindExclusive(ctx, name); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v and error %v while another test has the lock", second, err)
		}
	})
	Exclusive(t, name)
}
