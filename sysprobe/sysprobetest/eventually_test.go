package sysprobetest_test

import (
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"telegraf-sysprobe/sysprobe/sysprobetest"
)

// failing is a test whose failure ends what failed, and not the test.
type failing struct {
	testing.TB

	reason any
}

func (*failing) Helper() {}

func (f *failing) Fatal(args ...any) {
	f.reason = args[0]
	runtime.Goexit()
}

func TestEventually(t *testing.T) {
	for name, tt := range map[string]struct {
		lasts time.Duration
		want  any // why it fails
	}{
		"at once":      {},
		"just in time": {lasts: 30 * time.Second},
		"too late":     {lasts: 31 * time.Second, want: "after 30.005s"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tb, began := &failing{TB: t}, time.Now()
				returned := make(chan bool, 1)
				go func() {
					defer close(returned)
					sysprobetest.Eventually(tb, func() string {
						if passed := time.Since(began); passed < tt.lasts {
							return "after " + passed.String()
						}
						return ""
					})
					returned <- true
				}()
				if ok := <-returned; ok != (tt.want == nil) || tb.reason != tt.want {
					t.Errorf("returned %v, failed with %v, want %v", ok, tb.reason, tt.want)
				}
			})
		})
	}
}
