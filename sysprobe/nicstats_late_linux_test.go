//go:build linux

package sysprobe

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"telegraf-sysprobe/sysprobe/internal/decode/ethnl"
	"telegraf-sysprobe/sysprobe/sysprobetest"
)

// hangingKernel answers for interfaces 1 to 3, each at another speed in each
// pass, but what concerns interface 2 only once it is let through.
type hangingKernel struct {
	mu    sync.Mutex
	gate  chan struct{} // nil: open
	speed uint32
	asked []uint32 // 0: a dump
}

// shut makes interface 2 hang, and returns what lets all through that hang.
func (k *hangingKernel) shut() (open func()) {
	k.mu.Lock()
	defer k.mu.Unlock()
	gate := make(chan struct{})
	k.gate = gate
	return func() {
		k.mu.Lock()
		defer k.mu.Unlock()
		close(gate)
		k.gate = nil
	}
}

// pass begins a pass: other speeds, and nothing asked.
func (k *hangingKernel) pass() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.speed += 10
	k.asked = nil
}

// order lists what was asked in this pass.
func (k *hangingKernel) order() []uint32 {
	k.mu.Lock()
	defer k.mu.Unlock()
	return slices.Clone(k.asked)
}

// answer answers requests for link modes.
func (k *hangingKernel) answer(r request) answer {
	if ethnl.Command(r.Data) != ethnl.CmdLinkModesGet {
		return answer{Errno: int(unix.EOPNOTSUPP)}
	}
	index := uint32(0)
	if !r.Dump {
		index = binary.NativeEndian.Uint32(r.Data[12:])
	}
	k.mu.Lock()
	k.asked = append(k.asked, index)
	gate, speed := k.gate, k.speed
	k.mu.Unlock()
	if gate != nil && (index == 0 || index == 2) {
		<-gate
	}
	if r.Dump {
		return answer{Messages: []message{modesMessage(1, speed+1, 1), modesMessage(2, speed+2, 1), modesMessage(3, speed+3, 1)}}
	}
	return answer{Messages: []message{modesMessage(index, speed+index, 1)}}
}

// newHangingClient returns a client of k, with a timeout that no driver but the
// hanging one exceeds.
func newHangingClient(t *testing.T, k *hangingKernel) *nicStatsClient {
	t.Helper()
	timeout := 300 * time.Millisecond
	if testing.Short() { // under emulation: a tenth of it is a slow driver's
		timeout = 2 * time.Second
	}
	cfg := (&Config{EthtoolTimeout: timeout}).withDefaults()
	route := dialer(func(request) answer {
		return answer{Messages: []message{linkMessage(1, "a"), linkMessage(2, "b"), linkMessage(3, "c")}}
	})
	c, err := newNICStatsClientOn(cfg, route, func() (nlSocket, uint16, error) {
		return sysprobetest.NewNetlinkPeer(k.answer), testFamily, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// lateness lists "name speed late", and how many are late.
func lateness(t *testing.T, c *nicStatsClient, k *hangingKernel) string {
	t.Helper()
	k.pass()
	var s LinkSnapshot
	if err := c.snapshot(&s); err != nil {
		t.Fatal(err)
	}
	text := fmt.Sprint(s.Late)
	for _, l := range s.Links {
		if l.Link.MTU != 1500 || !l.Link.Flags.IsUp() {
			t.Errorf("%s: MTU %d, flags %v; want both whatever drivers do", l.Link.Name, l.Link.MTU, l.Link.Flags)
		}
		text += fmt.Sprintf(" %s:%d", l.Link.Name, l.Speed.Or(0))
		if l.Late {
			text += "!"
		}
	}
	return text
}

func TestDriverThatHangs(t *testing.T) {
	t.Run("B26 others are complete and on time, the fact is kept, then absent, and counted", func(t *testing.T) {
		k := &hangingKernel{}
		c := newHangingClient(t, k)
		check := func(what, want string, order ...uint32) {
			t.Helper()
			if got := lateness(t, c, k); got != want {
				t.Errorf("%s: %s, want %s", what, got, want)
			}
			if diff := cmp.Diff(order, k.order()); diff != "" {
				t.Errorf("%s: asked (-want +got):\n%s", what, diff)
			}
		}
		check("all answer", "0 a:11 b:12 c:13", 0)
		open := k.shut()
		check("a dump hangs: what was told before", "3 a:11! b:12! c:13!", 0)
		open()
		<-c.ethtool.ended
		open = k.shut()
		check("asked one by one, nobody knows who hangs", "2 a:31 b:22! c:23!", 1, 2)
		open()
		<-c.ethtool.ended
		open = k.shut()
		check("the slow one is asked last", "1 a:41 b:32! c:43", 1, 3, 2)
		check("and again", "1 a:41 b:32! c:43")
		check("and again", "1 a:41 b:32! c:43")
		check("what it told is too old", "1 a:41 b:0! c:43")
		open()
		<-c.ethtool.ended
		check("it answers again", "0 a:81 b:82 c:83", 1, 3, 2)
		check("and all are asked at once", "0 a:91 b:92 c:93", 0)
		if err := c.close(); err != nil {
			t.Error(err)
		}
	})
	t.Run("B26 the first snapshot has nothing to keep", func(t *testing.T) {
		k := &hangingKernel{}
		open := k.shut()
		c := newHangingClient(t, k)
		if got, want := lateness(t, c, k), "3 a:0! b:0! c:0!"; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		if err := c.close(); err != nil { // waits for nobody
			t.Error(err)
		}
		open()
		<-c.ethtool.ended
		if err := c.snapshot(&LinkSnapshot{}); !errors.Is(err, fs.ErrClosed) {
			t.Errorf("snapshot after close: %v, want fs.ErrClosed", err)
		}
		if err := c.ethtool.conn.open(); !errors.Is(err, fs.ErrClosed) {
			t.Errorf("the socket was not closed for good: %v", err)
		}
	})
}
