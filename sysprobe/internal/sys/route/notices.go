package route

import (
	"encoding/binary"
	"errors"
	"os"
	"syscall"
	"time"

	"telegraf-sysprobe/sysprobe/internal/decode/rib"
)

// ErrOverrun means that the kernel dropped messages, for which there was no room:
// ENOBUFS of FreeBSD 14 and NetBSD, RTM_DESYNC of OpenBSD. The kernels of macOS and of
// FreeBSD before 14 do not say it.
var ErrOverrun = errors.New("routing messages were dropped")

// Conn is a routing socket.
type Conn interface {
	// Read reads one message.
	Read([]byte) (int, error)
	SetReadDeadline(time.Time) error
	Close() error
}

// Notices awaits messages about interfaces and addresses.
type Notices struct {
	conn    Conn
	decoder rib.Decoder
	buf     [1 << 12]byte // more than any message about an interface
}

// NewNotices returns the Notices of a socket of a system and architecture, both as
// Go spells them, which it owns. It returns an error that wraps
// errors.ErrUnsupported if the messages of that system are not known; the socket is
// closed then.
func NewNotices(conn Conn, goos, goarch string) (*Notices, error) {
	layout, ok := rib.LayoutOf(goos, goarch)
	if !ok {
		return nil, errors.Join(errors.ErrUnsupported, conn.Close())
	}
	return &Notices{conn: conn, decoder: rib.Decoder{Layout: layout, Order: binary.NativeEndian}}, nil
}

// settleTime is how long Await collects the messages that come with the first one:
// one change makes several.
const settleTime = 5 * time.Millisecond

// Await returns nil after a message about interfaces or addresses, or one that makes
// no sense, and ErrOverrun if the kernel dropped some. It returns an error e with
// errors.Is(e, os.ErrDeadlineExceeded) at the deadline, if that is not zero, and one
// with errors.Is(e, os.ErrClosed) after Close.
func (n *Notices) Await(deadline time.Time) error {
	if err := n.conn.SetReadDeadline(deadline); err != nil {
		return err
	}
	for {
		concerns, err := n.read()
		if err != nil {
			return err
		}
		if concerns {
			break
		}
	}
	if err := n.conn.SetReadDeadline(time.Now().Add(settleTime)); err != nil {
		return err
	}
	for {
		if _, err := n.read(); errors.Is(err, os.ErrDeadlineExceeded) {
			return nil
		} else if err != nil {
			return err
		}
	}
}

// read reads a message, and reports whether it concerns interfaces or addresses.
func (n *Notices) read() (concerns bool, err error) {
	size, err := n.conn.Read(n.buf[:])
	switch {
	case errors.Is(err, syscall.ENOBUFS):
		return false, ErrOverrun
	case err != nil:
		return false, err
	}
	var m rib.Message
	if _, err = n.decoder.Next(&m, n.buf[:size]); m.Kind == rib.KindLost {
		return false, ErrOverrun
	}
	return m.Kind != rib.KindOther || err != nil, nil
}

// Close closes the socket, and ends Await.
func (n *Notices) Close() error { return n.conn.Close() }
