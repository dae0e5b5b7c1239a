package ethtool

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"telegraf-sysprobe/sysprobe/internal/decode/ethnl"
	"telegraf-sysprobe/sysprobe/internal/decode/nlmsg"
	"telegraf-sysprobe/sysprobe/internal/sys/nlconn"
	"telegraf-sysprobe/sysprobe/sysprobetest"
)

type (
	request = sysprobetest.NetlinkRequest
	answer  = sysprobetest.NetlinkAnswer
	message = sysprobetest.NetlinkMessage
)

// testFamily is the ID of the family "ethtool" in these tests.
const testFamily = 21

// modesMessage is an ETHTOOL_MSG_LINKMODES_GET_REPLY with a speed.
func modesMessage(index, speed uint32) message {
	order := binary.NativeEndian
	b := nlmsg.AppendAttr([]byte{ethnl.CmdLinkModesGetReply, 1, 0, 0}, order, 1, nlmsg.AppendUint32(nil, order, 1, index))
	return message{Type: testFamily, Data: nlmsg.AppendUint32(b, order, 5, speed)}
}

// noClient is a kernel's client where there is no library.
func noClient() (Client, error) { return nil, errors.ErrUnsupported }

// kernelOf is a Kernel whose sockets answer as the function says.
func kernelOf(answers func(request) answer) Kernel {
	return Kernel{
		Dial: func() (nlconn.Socket, uint16, error) {
			return sysprobetest.NewNetlinkPeer(answers), testFamily, nil
		},
		Client: noClient,
	}
}

// linksOf are the links 1 to n, which never change.
func linksOf(n int) []Link {
	var links []Link
	for i := range n {
		links = append(links, Link{Index: i + 1, Name: fmt.Sprintf("eth%d", i+1)})
	}
	return links
}

// hangingKernel answers about interfaces 1 to 3, with other speeds in each
// round, but about interface 2 only while it is open.
type hangingKernel struct {
	mu    sync.Mutex
	gate  chan struct{} // nil: open
	speed uint32
	asked []uint32 // 0: a dump
}

// shut makes interface 2 hang until the function that shut returns is called.
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

// round begins a round: the speeds are 10 higher.
func (k *hangingKernel) round() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.speed += 10
	k.asked = nil
}

// order lists the requests of this round.
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
		return answer{Messages: []message{modesMessage(1, speed+1), modesMessage(2, speed+2), modesMessage(3, speed+3)}}
	}
	return answer{Messages: []message{modesMessage(index, speed+index)}}
}

// awaitPass waits until no pass runs.
func awaitPass(t *testing.T, r *Reader) {
	t.Helper()
	sysprobetest.Eventually(t, func() string {
		if len(r.idle) == 0 {
			return "the pass does not end"
		}
		return ""
	})
}

// timeoutOfTests is a timeout that no driver exceeds but one that hangs.
func timeoutOfTests() time.Duration {
	if testing.Short() { // under emulation: a tenth of it is a slow driver's
		return 2 * time.Second
	}
	return 300 * time.Millisecond
}
