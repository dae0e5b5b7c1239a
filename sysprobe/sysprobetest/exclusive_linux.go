package sysprobetest

import (
	"context"
	"errors"
	"net"
	"syscall"
	"testing"
	"time"
)

// Exclusive keeps every other test that calls it with the same name waiting
// until the test ends, those of other test programs included. A test calls it
// before it fills, or measures, something that the machine has only once, since
// "go test" runs the packages side by side.
//
// The lock is an abstract socket (unix(7)), which the kernel gives to one program
// and takes back however that program ends.
func Exclusive(tb testing.TB, name string) {
	tb.Helper()
	lock, err := bindExclusive(tb.Context(), name)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := lock.Close(); err != nil {
			tb.Error(err)
		}
	})
}

// bindExclusive binds the socket of that name once no other program has it.
func bindExclusive(ctx context.Context, name string) (net.PacketConn, error) {
	address := "@telegraf-sysprobe-test/" + name
	for {
		lock, err := new(net.ListenConfig).ListenPacket(ctx, "unixgram", address)
		if !errors.Is(err, syscall.EADDRINUSE) {
			return lock, err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(10 * time.Millisecond):
		}
	}
}
