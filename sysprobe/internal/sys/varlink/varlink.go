// Package varlink makes calls of the protocol varlink over UNIX sockets.
package varlink

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"telegraf-sysprobe/sysprobe/internal/decode"
)

// maxReply bounds how long an answer can be.
const maxReply = 1 << 20

// Call sends a request, which ends with a NUL, to the service that listens at path, and
// returns its first reply without the NUL. It returns the error of the socket, of ctx
// where that ends first, and one that wraps decode.ErrMalformed where the reply is longer
// than a mebibyte, or cut.
func Call(ctx context.Context, path string, request []byte) ([]byte, error) {
	conn, err := new(net.Dialer).DialContext(ctx, "unix", path)
	if err != nil {
		return nil, err
	}
	defer conn.Close() //nolint:errcheck // what counts is the reply
	stop := context.AfterFunc(ctx, func() {
		conn.SetDeadline(time.Unix(1, 0)) //nolint:errcheck // it is open, and a deadline is what it can have
	})
	defer stop()
	reply, err := exchange(conn, request)
	if ctxErr := ctx.Err(); err != nil && ctxErr != nil {
		return nil, ctxErr
	}
	return reply, err
}

// exchange sends the request and waits for the reply.
func exchange(conn net.Conn, request []byte) ([]byte, error) {
	if _, err := conn.Write(request); err != nil {
		return nil, err
	}
	reply, err := bufio.NewReader(io.LimitReader(conn, maxReply)).ReadBytes(0)
	if errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("reply of %d bytes has no end: %w", len(reply), decode.ErrMalformed)
	}
	return bytes.TrimSuffix(reply, []byte{0}), err
}
