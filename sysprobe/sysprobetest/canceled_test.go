package sysprobetest_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"telegraf-sysprobe/sysprobe/sysprobetest"
)

// Errorf takes the place of Fatal.
func (f *failing) Errorf(format string, args ...any) { f.reason = args[0] }

func TestCanceled(t *testing.T) {
	for name, tt := range map[string]struct {
		late  time.Duration
		times int // that it is late
		want  any
	}{
		"at once":     {},
		"just prompt": {late: 100 * time.Millisecond, times: 9},
		"late once":   {late: time.Second, times: 1},
		"always late": {late: 101 * time.Millisecond, times: 9, want: 101 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tb, calls := &failing{TB: t}, 0
				err := sysprobetest.Canceled(tb, func(ctx context.Context) error {
					<-ctx.Done()
					if calls++; calls <= tt.times {
						time.Sleep(tt.late)
					}
					return ctx.Err()
				})
				if !errors.Is(err, context.Canceled) || tb.reason != tt.want {
					t.Errorf("%v, failed with %v, want %v", err, tb.reason, tt.want)
				}
			})
		})
	}
}
