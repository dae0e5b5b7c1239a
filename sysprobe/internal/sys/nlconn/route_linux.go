package nlconn

import (
	"context"
	"encoding/binary"
	"os"

	"telegraf-sysprobe/sysprobe/internal/decode/nlmsg"
	"telegraf-sysprobe/sysprobe/internal/decode/rtnl"
)

// Route dumps the tables of rtnetlink(7). It is a Conn and as safe for
// concurrent use.
type Route struct {
	conn *Conn
	body []byte // of the request
	link rtnl.Link
	addr rtnl.Addr
}

// NewRoute returns a Route over the sockets that dial makes. It makes the first
// one when a dump needs it.
func NewRoute(dial func() (Socket, error)) *Route { return &Route{conn: New(dial)} }

// Open is Conn.Open.
func (r *Route) Open() error { return r.conn.Open() }

// Close is Conn.Close.
func (r *Route) Close() error { return r.conn.Close() }

// Links dumps all links, without their counters where skipStats is set. It
// calls reset before each attempt, and each for every link, which is valid
// until each returns. It returns the errors of Conn.Dump, and
// decode.ErrMalformed where a message cannot be decoded.
func (r *Route) Links(ctx context.Context, skipStats bool, reset func(), each func(*rtnl.Link)) error {
	r.body = rtnl.AppendGetLink(r.body[:0], binary.NativeEndian, skipStats)
	return r.conn.Dump(ctx, rtnl.TypeGetLink, r.body, reset, func(m nlmsg.Message) error { return r.decodeLink(m, each) })
}

// Link is Links for the link with that index alone. It returns ENODEV where there is none.
func (r *Route) Link(ctx context.Context, index int, skipStats bool, each func(*rtnl.Link)) error {
	r.body = rtnl.AppendGetLinkOf(r.body[:0], binary.NativeEndian, int32(index), skipStats)
	return r.conn.Get(ctx, rtnl.TypeGetLink, r.body, func(m nlmsg.Message) error { return r.decodeLink(m, each) })
}

// decodeLink calls each with the link of a message about one.
func (r *Route) decodeLink(m nlmsg.Message, each func(*rtnl.Link)) error {
	if m.Type != rtnl.TypeNewLink {
		return nil
	}
	if err := rtnl.DecodeLink(m.Data, binary.NativeEndian, &r.link); err != nil {
		return err
	}
	each(&r.link)
	return nil
}

// Addrs dumps the addresses of all links, as Links does links.
func (r *Route) Addrs(ctx context.Context, reset func(), each func(*rtnl.Addr)) error {
	r.body = rtnl.AppendGetAddr(r.body[:0])
	return r.conn.Dump(ctx, rtnl.TypeGetAddr, r.body, reset, func(m nlmsg.Message) (err error) {
		if m.Type != rtnl.TypeNewAddr {
			return nil
		}
		if r.addr, err = rtnl.DecodeAddr(m.Data, binary.NativeEndian); err != nil {
			return err
		}
		each(&r.addr)
		return nil
	})
}

// NSID returns the ID that the network namespace of a file has in that of r, or -1
// if it has none. It returns the errors of Conn.Get, and decode.ErrMalformed where
// the answer cannot be decoded.
func (r *Route) NSID(ctx context.Context, file *os.File) (int32, error) {
	id := int32(-1)
	body := rtnl.AppendGetNSID(nil, binary.NativeEndian, uint32(file.Fd()))
	err := r.conn.Get(ctx, rtnl.TypeGetNSID, body, func(m nlmsg.Message) (err error) {
		if m.Type == rtnl.TypeNewNSID {
			id, err = rtnl.DecodeNSID(m.Data, binary.NativeEndian)
		}
		return err
	})
	return id, err
}
