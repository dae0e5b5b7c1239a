package sysprobe

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os/exec"
	"testing"

	"github.com/google/go-cmp/cmp"

	"telegraf-sysprobe/sysprobe/sysprobetest"
)

// ioCounters are what psutil's net_io_counters returns of an interface: bytes and
// packets sent and received, errors and dropped packets in and out.
type ioCounters [8]uint64

// asIOCounters returns counters as psutil has them. It adds missed packets to dropped
// ones, as /proc/net/dev does.
func asIOCounters(c LinkCounters) ioCounters {
	return ioCounters{
		c.TxBytes.Or(0), c.RxBytes.Or(0), c.TxPackets, c.RxPackets, c.RxErrors, c.TxErrors,
		c.RxDropped.Or(0) + c.Details.Or(LinkCounterDetails{}).RxMissedErrors, c.TxDropped.Or(0),
	}
}

// psutilCounters starts a psutil in the namespace. Each call of the function that it
// returns asks for the counters of each interface by nowrap, and for their total.
func (ns *netNS) psutilCounters(t *testing.T) func() map[string]ioCounters {
	t.Helper()
	const script = `
import json, psutil, sys
for line in sys.stdin:
    rows = psutil.net_io_counters(pernic=True, nowrap=True)
    rows["total"] = psutil.net_io_counters(nowrap=False)
    print(json.dumps(rows), flush=True)
`
	cmd := exec.Command("ip", "netns", "exec", ns.name, sysprobetest.NeedPython(t, "psutil"), "-c", script)
	in, out := piped(t, cmd)
	check(t, cmd.Start())
	t.Cleanup(func() { in.Close(); cmd.Wait() }) //nolint:errcheck // it ends with its input
	answers := bufio.NewScanner(out)
	return func() (rows map[string]ioCounters) {
		t.Helper()
		if _, err := fmt.Fprintln(in); err != nil {
			t.Fatal(err)
		}
		if !answers.Scan() {
			t.Fatal("no answer: ", answers.Err())
		}
		check(t, json.Unmarshal(answers.Bytes(), &rows))
		return rows
	}
}

// TestSteadyCountersOracle makes an interface anew while a NICStats and a psutil
// watch.
func TestSteadyCountersOracle(t *testing.T) {
	ns := newNetNS(t)
	theirs := ns.psutilCounters(t)
	h, err := OpenNICStats(ns.config())
	check(t, err)
	closeAfter(t, h)
	var steady, raw LinkSnapshot
	agree := func() {
		t.Helper()
		sysprobetest.Eventually(t, func() string {
			check(t, h.Snapshot(t.Context(), &steady, WantSteadyCounters))
			check(t, h.Snapshot(t.Context(), &raw, 0))
			got := map[string]ioCounters{"total": asIOCounters(raw.Total())}
			for i := range steady.Links {
				l := &steady.Links[i]
				got[l.Link.Name] = asIOCounters(l.Counters.Or(LinkCounters{}))
			}
			return cmp.Diff(theirs(), got)
		})
	}
	const addr, peer = "192.0.2.1", "192.0.2.9"
	makeAndSend := func(packets int) {
		t.Helper()
		ns.batch([]string{
			"link add d0 type veth peer name d0p",
			"link set d0 addrgenmode none",
			"link set d0p addrgenmode none",
			"addr add " + addr + "/24 dev d0",
			"link set d0p up",
			"link set d0 up",
			"neigh add " + peer + " lladdr 02:00:00:00:00:09 dev d0",
		})
		ns.do(func() error {
			conn, err := net.Dial("udp", peer+":9")
			if err != nil {
				return err
			}
			defer conn.Close() //nolint:errcheck // a test's own
			for range packets {
				if _, err := conn.Write([]byte("packet")); err != nil {
					return err
				}
			}
			return nil
		})
	}
	makeAndSend(20)
	agree()
	ns.ip("link del d0")
	makeAndSend(3)
	agree()
	d0, now := steady.find(t, "d0").Counters.Or(LinkCounters{}), raw.find(t, "d0").Counters.Or(LinkCounters{})
	if d0.TxPackets < 23 || now.TxPackets >= 20 {
		t.Errorf("%d packets sent, %d of them by the second interface; want 23 and 3", d0.TxPackets, now.TxPackets)
	}
	before := steady.Total()
	if before.TxPackets < 23 || raw.Total().TxPackets >= 20 {
		t.Errorf("%d packets sent in total, %d by the interfaces that are there", before.TxPackets, raw.Total().TxPackets)
	}
	ns.ip("link del d0")
	check(t, h.Snapshot(t.Context(), &steady, WantSteadyCounters))
	if after := steady.Total(); after != before {
		t.Errorf("total %+v, and %+v without the interface", before, after)
	}
	check(t, h.Snapshot(t.Context(), &steady, 0))
	if after := steady.Total(); after.TxPackets != 0 {
		t.Errorf("total %+v without interfaces and without WantSteadyCounters", after)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	var op *OpError
	if err := h.Snapshot(ended, &steady, WantSteadyCounters); !errors.Is(err, context.Canceled) || !errors.As(err, &op) || len(steady.Links) > 0 {
		t.Errorf("with a context that has ended: %v and %d links", err, len(steady.Links))
	}
}
