//go:build linux

package sysprobe

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"

	"golang.org/x/sys/unix"

	"telegraf-sysprobe/sysprobe/sysprobetest"
)

// netNS is a network namespace of one test.
type netNS struct {
	tb   testing.TB
	name string
}

// netNSCount tells the namespaces of one run apart.
var netNSCount atomic.Int32

// newNetNS makes an empty network namespace and removes it after the test.
func newNetNS(tb testing.TB) *netNS {
	tb.Helper()
	sysprobetest.NeedTool(tb, "ip")
	sysprobetest.NeedNamespaces(tb)
	ns := &netNS{tb: tb, name: fmt.Sprintf("sysprobe-%d-%d", os.Getpid(), netNSCount.Add(1))}
	ns.run("netns", "add", ns.name)
	tb.Cleanup(func() { ns.run("netns", "del", ns.name) })
	return ns
}

// newNetNSWithPair makes a namespace with lo and the veth pair d0 and d0p, all
// of them up.
func newNetNSWithPair(tb testing.TB) *netNS {
	tb.Helper()
	ns := newNetNS(tb)
	ns.ip("link set lo up")
	ns.ip("link add d0 type veth peer name d0p")
	ns.ip("link set d0 up")
	ns.ip("link set d0p up")
	return ns
}

// config points handles to the namespace.
func (ns *netNS) config() *Config { return &Config{NetNS: ns.name} }

// ip runs ip(8) in the namespace and returns its output.
func (ns *netNS) ip(args string) []byte {
	ns.tb.Helper()
	return ns.run(append([]string{"-n", ns.name}, strings.Fields(args)...)...)
}

// batch runs many commands of ip(8) in the namespace.
func (ns *netNS) batch(commands []string) {
	ns.tb.Helper()
	cmd := exec.Command("ip", "-n", ns.name, "-batch", "-")
	cmd.Stdin = strings.NewReader(strings.Join(commands, "\n") + "\n")
	if out, err := cmd.CombinedOutput(); err != nil {
		ns.tb.Fatalf("ip -batch: %v\n%s", err, out)
	}
}

// exec runs a program in the namespace and returns its output.
func (ns *netNS) exec(args ...string) []byte {
	ns.tb.Helper()
	return ns.run(append([]string{"netns", "exec", ns.name}, args...)...)
}

// run runs ip(8) and returns its output.
func (ns *netNS) run(args ...string) []byte {
	ns.tb.Helper()
	var stderr bytes.Buffer
	cmd := exec.Command("ip", args...)
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		ns.tb.Fatalf("ip %s: %v\n%s", strings.Join(args, " "), err, stderr.Bytes())
	}
	return out
}

// do calls f on a thread inside the namespace, which ends with it.
func (ns *netNS) do(f func() error) {
	ns.tb.Helper()
	failed := make(chan error)
	go func() {
		runtime.LockOSThread() // and never unlock: the runtime ends the thread
		failed <- func() error {
			file, err := os.Open("/run/netns/" + ns.name)
			if err != nil {
				return err
			}
			defer file.Close()
			if err := unix.Setns(int(file.Fd()), unix.CLONE_NEWNET); err != nil {
				return err
			}
			return f()
		}()
	}()
	if err := <-failed; err != nil {
		ns.tb.Fatal(err)
	}
}

// manyPairs adds n veth pairs whose ends have an IPv4 and an IPv6 address each,
// and which are down, so that the kernel adds none of its own.
func (ns *netNS) manyPairs(n int) {
	ns.tb.Helper()
	var commands []string
	for i := range n {
		a, b := fmt.Sprintf("v%d", i), fmt.Sprintf("p%d", i)
		commands = append(commands,
			fmt.Sprintf("link add %s type veth peer name %s", a, b),
			fmt.Sprintf("addr add 10.%d.%d.1/24 dev %s", i/256, i%256, a),
			fmt.Sprintf("addr add 10.%d.%d.2/24 dev %s", i/256, i%256, b),
			fmt.Sprintf("addr add 2001:db8:%x::1/64 dev %s", i, a),
			fmt.Sprintf("addr add 2001:db8:%x::2/64 dev %s", i, b))
	}
	ns.batch(commands)
}

// snapshotAddrs opens, reads and closes.
func (ns *netNS) snapshotAddrs() *AddrSnapshot {
	ns.tb.Helper()
	h, err := OpenNICAddrs(ns.config())
	if err != nil {
		ns.tb.Fatal(err)
	}
	var s AddrSnapshot
	if err := errors.Join(h.Snapshot(ns.tb.Context(), &s), h.Close()); err != nil {
		ns.tb.Fatal(err)
	}
	return &s
}

// snapshotLinks opens, reads and closes.
func (ns *netNS) snapshotLinks() *LinkSnapshot {
	ns.tb.Helper()
	h, err := OpenNICStats(ns.config())
	if err != nil {
		ns.tb.Fatal(err)
	}
	var s LinkSnapshot
	if err := errors.Join(h.Snapshot(ns.tb.Context(), &s, 0), h.Close()); err != nil {
		ns.tb.Fatal(err)
	}
	return &s
}

// closeAfter closes c after the test.
func closeAfter(tb testing.TB, c io.Closer) {
	tb.Helper()
	tb.Cleanup(func() {
		if err := c.Close(); err != nil {
			tb.Error(err)
		}
	})
}
