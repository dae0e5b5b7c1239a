#!/usr/bin/env bash
# The kernel says that a dump is inconsistent, and the library keeps it to itself.
#
# Software: github.com/mdlayher/netlink v1.11.2; Linux (seen on 6.18).
# Behaviour: a table that changes between two datagrams of a dump makes the
#   kernel set NLM_F_DUMP_INTR on the next message that it writes. Where all rows
#   that were left are gone by then, this message is NLMSG_DONE. Conn.Receive and
#   Conn.Execute take NLMSG_DONE away and return neither it nor its flags, so that
#   the torn dump arrives with a nil error and without any flag.
# Why it matters: a reader that checks the flag of each message that it gets still
#   publishes a table that never existed: here, some of 200 addresses that went all
#   together with their interface. This happens on hosts where many addresses go at
#   once, as at the end of a pod, and a caller of the library cannot see it.
# Seen: kernel: NLMSG_DONE carries NLM_F_DUMP_INTR; library: 49 of 200 addresses,
#   err <nil>, 0 of them flagged
set -euo pipefail
[[ $(id -u) == 0 ]] || { echo "needs root, for a network namespace" >&2; exit 2; }
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
export GOFLAGS=-mod=mod GOWORK=off
cat >main.go <<'GO'
package main

import (
	"fmt"
	"iter"
	"os"
	"os/exec"
	"syscall"

	"github.com/mdlayher/netlink"
)

// socket hands real datagrams of the kernel to the library, and changes the
// table after the kernel wrote the first and before it writes the second: it writes
// one when the request comes, and the next as the one before is received.
type socket struct {
	fd, reads   int
	interrupted bool // NLMSG_DONE had NLM_F_DUMP_INTR
}

func (s *socket) Close() error { return syscall.Close(s.fd) }

func (s *socket) Send(m netlink.Message) error { return s.SendMessages([]netlink.Message{m}) }

func (s *socket) SendMessages(ms []netlink.Message) error {
	var out []byte
	for _, m := range ms {
		b, err := m.MarshalBinary()
		if err != nil {
			return err
		}
		out = append(out, b...)
	}
	return syscall.Sendto(s.fd, out, 0, &syscall.SockaddrNetlink{Family: syscall.AF_NETLINK})
}

func (s *socket) Receive() ([]netlink.Message, error) {
	if s.reads == 0 {
		if out, err := exec.Command("ip", "link", "delete", "br0").CombinedOutput(); err != nil {
			return nil, fmt.Errorf("ip: %w: %s", err, out)
		}
	}
	s.reads++
	buf := make([]byte, 1<<16)
	n, _, err := syscall.Recvfrom(s.fd, buf, 0)
	if err != nil {
		return nil, err
	}
	raw, err := syscall.ParseNetlinkMessage(buf[:n])
	if err != nil {
		return nil, err
	}
	var ms []netlink.Message
	for _, r := range raw {
		m := netlink.Message{Data: r.Data, Header: netlink.Header{
			Length: r.Header.Len, Type: netlink.HeaderType(r.Header.Type),
			Flags: netlink.HeaderFlags(r.Header.Flags), Sequence: r.Header.Seq, PID: r.Header.Pid,
		}}
		if m.Header.Type == netlink.Done && m.Header.Flags&netlink.DumpInterrupted != 0 {
			s.interrupted = true
		}
		ms = append(ms, m)
	}
	return ms, nil
}

func (s *socket) ReceiveIter() iter.Seq2[netlink.Message, error] {
	return func(yield func(netlink.Message, error) bool) {
		ms, err := s.Receive()
		if err != nil {
			yield(netlink.Message{}, err)
			return
		}
		for _, m := range ms {
			if !yield(m, nil) {
				return
			}
		}
	}
}

func run() error {
	fd, err := syscall.Socket(syscall.AF_NETLINK, syscall.SOCK_RAW, syscall.NETLINK_ROUTE)
	if err != nil {
		return err
	}
	if err := syscall.Bind(fd, &syscall.SockaddrNetlink{Family: syscall.AF_NETLINK}); err != nil {
		return err
	}
	name, err := syscall.Getsockname(fd)
	if err != nil {
		return err
	}
	s := &socket{fd: fd}
	conn := netlink.NewConn(s, name.(*syscall.SockaddrNetlink).Pid)
	defer conn.Close()
	ms, err := conn.Execute(netlink.Message{
		Header: netlink.Header{Type: syscall.RTM_GETADDR, Flags: netlink.Request | netlink.Dump},
		Data:   []byte{syscall.AF_INET, 0, 0, 0, 0, 0, 0, 0}, // struct ifaddrmsg
	})
	flagged := 0
	for _, m := range ms {
		if m.Header.Flags&netlink.DumpInterrupted != 0 {
			flagged++
		}
	}
	if !s.interrupted {
		return fmt.Errorf("the kernel did not flag NLMSG_DONE (%d messages, err %v)", len(ms), err)
	}
	fmt.Printf("kernel: NLMSG_DONE carries NLM_F_DUMP_INTR; library: %d of 200 addresses, err %v, %d of them flagged\n", len(ms), err, flagged)
	if err != nil || flagged > 0 {
		return fmt.Errorf("the library shows it")
	}
	return nil
}

func main() {
	if err := run(); err != nil {
		fmt.Println("changed:", err)
		os.Exit(1)
	}
}
GO
go mod init finding 2>/dev/null
go get github.com/mdlayher/netlink@v1.11.2 2>log || { cat log >&2; exit 2; }
go build -o finding .
unshare --net bash -c '
  ip link add br0 type bridge
  for i in {1..200}; do echo "address add 192.0.2.$i/32 dev br0"; done | ip -batch -
  ./finding'
