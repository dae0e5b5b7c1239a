package sysprobetest

import (
	"encoding/binary"
	"errors"
	"sync"

	"telegraf-sysprobe/sysprobe/internal/decode/nlmsg"
)

// NetlinkPeer plays the kernel's end of a netlink socket. It has the methods
// of a socket: what is sent to it, it answers as the test says, and that is
// what is received from it. It is safe for concurrent use.
type NetlinkPeer struct {
	answer func(NetlinkRequest) NetlinkAnswer

	mu       sync.Mutex
	arrived  *sync.Cond // of mu: queue or closed has changed
	queue    []received
	silent   bool // the last answer was Silent
	requests []NetlinkRequest
	closed   bool
}

// received is what one call of Receive returns.
type received struct {
	datagram []byte
	err      error
}

// NetlinkRequest is a message that was sent to a NetlinkPeer.
type NetlinkRequest struct {
	Type uint16
	Dump bool   // NLM_F_DUMP is set
	Data []byte // behind struct nlmsghdr
}

// NetlinkMessage is one message of an answer.
type NetlinkMessage struct {
	Type uint16
	Data []byte // behind struct nlmsghdr
}

// NetlinkAnswer says how a NetlinkPeer answers a request, and in which ways it
// misbehaves. The zero value answers a dump with no messages.
type NetlinkAnswer struct {
	// Messages come first; those of a dump in as many datagrams as PerDatagram
	// makes necessary, 0 meaning a single one. NLMSG_DONE is always in one of
	// its own.
	Messages    []NetlinkMessage
	PerDatagram int
	// Errno ends the answer with this error, which Text explains.
	Errno int
	Text  string
	// Interrupted sets NLM_F_DUMP_INTR in the last message.
	Interrupted bool
	// Stale precedes the answer by one to an earlier request.
	Stale bool
	// Cut takes bytes off the end of the first datagram.
	Cut int
	// Err makes Receive fail with it after the messages, instead of an end.
	Err error
	// Silent leaves out the end, so that Receive waits for Close after the
	// messages.
	Silent bool
}

// ErrNothingToReceive says that nothing was left to be received from a
// NetlinkPeer: from a kernel, Receive would have waited for ever.
var ErrNothingToReceive = errors.New("nothing to receive")

// errPeerClosed says that a NetlinkPeer is used after Close.
var errPeerClosed = errors.New("socket is closed")

// NewNetlinkPeer returns a peer that answers each request as answer says.
func NewNetlinkPeer(answer func(NetlinkRequest) NetlinkAnswer) *NetlinkPeer {
	p := &NetlinkPeer{answer: answer}
	p.arrived = sync.NewCond(&p.mu)
	return p
}

// Requests are the requests that were sent so far.
func (p *NetlinkPeer) Requests() []NetlinkRequest {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]NetlinkRequest(nil), p.requests...)
}

// Send takes one request. It returns an error where that is no netlink
// message, or after Close.
func (p *NetlinkPeer) Send(b []byte) error {
	m, _, err := nlmsg.Next(b, binary.NativeEndian)
	if err != nil {
		return err
	}
	request := NetlinkRequest{
		Type: m.Type,
		Dump: m.Flags&nlmsg.FlagDump == nlmsg.FlagDump,
		Data: append([]byte(nil), m.Data...),
	}
	answer := p.answer(request) // may take its time
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return errPeerClosed
	}
	p.requests = append(p.requests, request)
	for _, datagram := range answer.datagrams(m.Seq, request.Dump) {
		p.queue = append(p.queue, received{datagram: datagram})
	}
	if answer.Err != nil {
		p.queue = append(p.queue, received{err: answer.Err})
	}
	p.silent = answer.Silent
	p.arrived.Broadcast()
	return nil
}

// Receive copies one datagram to b and returns how long it was. It returns an
// error where there is none, after Close, and as the answer says.
func (p *NetlinkPeer) Receive(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for p.silent && len(p.queue) == 0 && !p.closed {
		p.arrived.Wait()
	}
	switch {
	case p.closed:
		return 0, errPeerClosed
	case len(p.queue) == 0:
		return 0, ErrNothingToReceive
	}
	next := p.queue[0]
	p.queue = p.queue[1:]
	copy(b, next.datagram)
	return len(next.datagram), next.err
}

// Close ends the conversation. It never fails.
func (p *NetlinkPeer) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	p.arrived.Broadcast()
	return nil
}

// Closed reports whether Close was called.
func (p *NetlinkPeer) Closed() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.closed
}

// datagrams lays out the answer to a request with the sequence number seq.
func (a *NetlinkAnswer) datagrams(seq uint32, dump bool) [][]byte {
	var all [][]byte
	header := nlmsg.Header{Seq: seq}
	if dump {
		header.Flags |= nlmsg.FlagMulti
	}
	if a.Stale {
		all = append(all, appendMessage(nil, nlmsg.Header{Type: nlmsg.TypeDone, Seq: seq - 1}, nil))
	}
	var b []byte
	for i, m := range a.Messages {
		header.Type = m.Type
		b = appendMessage(b, header, m.Data)
		if last := i == len(a.Messages)-1; last || a.PerDatagram > 0 && (i+1)%a.PerDatagram == 0 {
			all = append(all, b)
			b = nil
		}
	}
	if end := a.end(header, dump); end != nil && a.Err == nil && !a.Silent {
		all = append(all, end)
	}
	if len(all) > 0 {
		all[0] = all[0][:max(len(all[0])-a.Cut, 0)]
	}
	return all
}

// end is the last message: NLMSG_DONE of a dump, NLMSG_ERROR of a failure, or
// none.
func (a *NetlinkAnswer) end(header nlmsg.Header, dump bool) []byte {
	if a.Interrupted {
		header.Flags |= nlmsg.FlagDumpInterrupted
	}
	status := binary.NativeEndian.AppendUint32(nil, uint32(-a.Errno))
	switch {
	case dump && len(a.Messages) > 0 || dump && a.Errno == 0: // the kernel reports what fails midway here too
		header.Type = nlmsg.TypeDone
	case a.Errno != 0:
		header.Type = nlmsg.TypeError
		header.Flags &^= nlmsg.FlagMulti
		header.Flags |= nlmsg.FlagCapped
		status = append(status, make([]byte, nlmsg.HeaderLen)...) // of the request
	default:
		return nil
	}
	if a.Text != "" {
		header.Flags |= nlmsg.FlagAckTLVs
		status = nlmsg.AppendAttr(status, binary.NativeEndian, 1, append([]byte(a.Text), 0)) // NLMSGERR_ATTR_MSG
	}
	return appendMessage(nil, header, status)
}

// appendMessage appends a message of the machine's own byte order.
func appendMessage(b []byte, header nlmsg.Header, data []byte) []byte {
	return nlmsg.Append(b, binary.NativeEndian, nlmsg.Message{Header: header, Data: data})
}
