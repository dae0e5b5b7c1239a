package nlconn

import (
	"context"
	"encoding/binary"
	"os"

	"golang.org/x/sys/unix"

	"telegraf-sysprobe/sysprobe/internal/decode/nlmsg"
	"telegraf-sysprobe/sysprobe/internal/decode/sockdiag"
)

// Diag dumps the sockets of a network namespace (sock_diag(7)). It is a Conn and as
// safe for concurrent use.
type Diag struct{ conn *Conn }

// NewDiag returns a Diag over the sockets that dial makes. It makes the first one
// when a dump needs it.
func NewDiag(dial func() (Socket, error)) *Diag { return &Diag{New(dial)} }

// DialDiag opens a socket for sock_diag(7) in the network namespace of an open file;
// nil is the caller's own namespace. Its errors are those of Dial, and os.ErrClosed
// where the file is closed.
func DialDiag(netNS *os.File) (Socket, error) {
	conn, err := dialIn(netNS, unix.NETLINK_SOCK_DIAG)
	if err != nil {
		return nil, err
	}
	return NewSocket(conn)
}

// Close is Conn.Close.
func (d *Diag) Close() error { return d.conn.Close() }

// Inet dumps the sockets of a family and protocol in those states. It calls reset
// before each attempt, and each for every message of the answer: with a socket, or
// with an error that wraps decode.ErrMalformed. It returns the errors of Conn.Dump.
func (d *Diag) Inet(ctx context.Context, family, protocol uint8, states uint32, reset func(), each func(sockdiag.Inet, error)) error {
	body := sockdiag.AppendInet(nil, binary.NativeEndian, family, protocol, states)
	return d.dump(ctx, body, reset, func(b []byte) { each(sockdiag.DecodeInet(b, binary.NativeEndian)) })
}

// Unix dumps the UNIX sockets, as Inet does others. The name of a socket is valid
// until each returns.
func (d *Diag) Unix(ctx context.Context, reset func(), each func(sockdiag.Unix, error)) error {
	body := sockdiag.AppendUnix(nil, binary.NativeEndian)
	return d.dump(ctx, body, reset, func(b []byte) { each(sockdiag.DecodeUnix(b, binary.NativeEndian)) })
}

func (d *Diag) dump(ctx context.Context, body []byte, reset func(), each func([]byte)) error {
	return d.conn.Dump(ctx, sockdiag.TypeByFamily, body, reset, func(m nlmsg.Message) error {
		if m.Type == sockdiag.TypeByFamily {
			each(m.Data)
		}
		return nil
	})
}
