package route_test

import (
	"errors"
	"os"
	"syscall"
	"testing"
	"time"

	"telegraf-sysprobe/sysprobe/internal/sys/route"
	"telegraf-sysprobe/sysprobe/sysprobetest"
)

// conn is a routing socket that has these messages, or errors, and then none.
type conn struct {
	messages []any
	closed   bool
}

func (c *conn) Read(b []byte) (int, error) {
	if len(c.messages) == 0 {
		return 0, os.ErrDeadlineExceeded
	}
	next := c.messages[0]
	c.messages = c.messages[1:]
	if err, ok := next.(error); ok {
		return 0, err
	}
	return copy(b, next.([]byte)), nil
}

func (*conn) SetReadDeadline(time.Time) error { return nil }

func (c *conn) Close() error {
	c.closed = true
	return nil
}

// TestAwait reads messages of FreeBSD: one about an interface ends the wait, one
// about a route does not.
func TestAwait(t *testing.T) {
	about := sysprobetest.Hex(t, "wire", "rib", "freebsd13-iflist-em0.hex")
	about = about[:int(about[0])|int(about[1])<<8]
	other := []byte{8, 0, 5, 1, 0, 0, 0, 0} // RTM_ADD
	for name, tc := range map[string]struct {
		messages []any
		want     error
		left     int
	}{
		"an interface":     {[]any{other, about}, nil, 0},
		"a burst":          {[]any{about, about, other}, nil, 0},
		"no sense":         {[]any{[]byte{1}}, nil, 0},
		"a route":          {[]any{other}, os.ErrDeadlineExceeded, 0},
		"dropped":          {[]any{other, syscall.ENOBUFS, about}, route.ErrOverrun, 1},
		"dropped in burst": {[]any{about, syscall.ENOBUFS}, route.ErrOverrun, 0},
		"closed":           {[]any{about, os.ErrClosed}, os.ErrClosed, 0},
	} {
		t.Run(name, func(t *testing.T) {
			c := &conn{messages: tc.messages}
			n, err := route.NewNotices(c, "freebsd", "amd64")
			if err != nil {
				t.Fatal(err)
			}
			if err := n.Await(time.Now()); !errors.Is(err, tc.want) || len(c.messages) != tc.left {
				t.Errorf("%v, %d messages left; want %v, %d", err, len(c.messages), tc.want, tc.left)
			}
			if err := n.Close(); err != nil || !c.closed {
				t.Errorf("close: %v", err)
			}
		})
	}
	desync := []byte{16, 0, 5, 0x10, 16, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}
	for goos, want := range map[string]error{"openbsd": route.ErrOverrun, "darwin": os.ErrDeadlineExceeded} {
		n, err := route.NewNotices(&conn{messages: []any{desync}}, goos, "amd64")
		if err != nil {
			t.Fatal(err)
		}
		if err := n.Await(time.Now()); !errors.Is(err, want) {
			t.Errorf("RTM_DESYNC on %s: %v, want %v", goos, err, want)
		}
	}
	c := &conn{}
	if _, err := route.NewNotices(c, "plan9", "amd64"); !errors.Is(err, errors.ErrUnsupported) || !c.closed {
		t.Errorf("another system: %v", err)
	}
}
