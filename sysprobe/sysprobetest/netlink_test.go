package sysprobetest_test

import (
	"encoding/binary"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"telegraf-sysprobe/sysprobe/internal/decode/nlmsg"
	"telegraf-sysprobe/sysprobe/sysprobetest"
)

// ask sends a dump request and returns what comes back until nothing does, in
// datagrams of messages spelled "type flags".
func ask(t *testing.T, a sysprobetest.NetlinkAnswer) [][]nlmsg.Header {
	t.Helper()
	p := sysprobetest.NewNetlinkPeer(func(sysprobetest.NetlinkRequest) sysprobetest.NetlinkAnswer { return a })
	header := nlmsg.Header{Type: 18, Flags: nlmsg.FlagRequest | nlmsg.FlagDump, Seq: 7}
	if err := p.Send(nlmsg.Append(nil, binary.NativeEndian, nlmsg.Message{Header: header, Data: []byte("body")})); err != nil {
		t.Fatal(err)
	}
	want := []sysprobetest.NetlinkRequest{{Type: 18, Dump: true, Data: []byte("body")}}
	if diff := cmp.Diff(want, p.Requests()); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
	var all [][]nlmsg.Header
	for buf := make([]byte, 1024); ; {
		n, err := p.Receive(buf)
		if errors.Is(err, sysprobetest.ErrNothingToReceive) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		var headers []nlmsg.Header
		for b := buf[:n]; len(b) > 0; {
			var m nlmsg.Message
			if m, b, err = nlmsg.Next(b, binary.NativeEndian); err != nil {
				t.Fatal(err)
			}
			headers = append(headers, m.Header)
		}
		all = append(all, headers)
	}
}

func TestNetlinkPeer(t *testing.T) {
	const multi = nlmsg.FlagMulti
	three := []sysprobetest.NetlinkMessage{{Type: 16}, {Type: 17}, {Type: 18, Data: []byte("odd")}}
	for name, tt := range map[string]struct {
		answer sysprobetest.NetlinkAnswer
		want   [][]nlmsg.Header
	}{
		"nothing": {
			sysprobetest.NetlinkAnswer{},
			[][]nlmsg.Header{{{Type: nlmsg.TypeDone, Flags: multi, Seq: 7}}},
		},
		"in datagrams of two, interrupted": {
			sysprobetest.NetlinkAnswer{Messages: three, PerDatagram: 2, Interrupted: true},
			[][]nlmsg.Header{
				{{Type: 16, Flags: multi, Seq: 7}, {Type: 17, Flags: multi, Seq: 7}},
				{{Type: 18, Flags: multi, Seq: 7}},
				{{Type: nlmsg.TypeDone, Flags: multi | nlmsg.FlagDumpInterrupted, Seq: 7}},
			},
		},
		"an error, and the end of another answer": {
			sysprobetest.NetlinkAnswer{Errno: 22, Text: "no", Stale: true},
			[][]nlmsg.Header{
				{{Type: nlmsg.TypeDone, Seq: 6}},
				{{Type: nlmsg.TypeError, Flags: nlmsg.FlagCapped | nlmsg.FlagAckTLVs, Seq: 7}},
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, ask(t, tt.answer)); diff != "" {
				t.Errorf("datagrams (-want +got):\n%s", diff)
			}
		})
	}
}

func TestNetlinkPeerAfterClose(t *testing.T) {
	p := sysprobetest.NewNetlinkPeer(func(sysprobetest.NetlinkRequest) sysprobetest.NetlinkAnswer {
		return sysprobetest.NetlinkAnswer{}
	})
	if err := p.Send([]byte("no message")); err == nil {
		t.Error("what is no netlink message can be sent")
	}
	if p.Closed() || p.Close() != nil || !p.Closed() {
		t.Error("not closed by Close")
	}
	if err := p.Send(nlmsg.Append(nil, binary.NativeEndian, nlmsg.Message{})); err == nil {
		t.Error("Send after Close is no error")
	}
	if _, err := p.Receive(nil); err == nil || errors.Is(err, sysprobetest.ErrNothingToReceive) {
		t.Errorf("Receive after Close: %v", err)
	}
}
