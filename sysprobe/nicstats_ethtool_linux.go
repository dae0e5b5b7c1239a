//go:build linux

package sysprobe

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"github.com/mdlayher/genetlink"
	"golang.org/x/sys/unix"

	"telegraf-sysprobe/sysprobe/internal/decode/ethnl"
	"telegraf-sysprobe/sysprobe/internal/decode/nlmsg"
)

// ethtoolDialer opens a socket for generic netlink and returns the ID of the
// family "ethtool", which is the type of its messages.
type ethtoolDialer func() (nlSocket, uint16, error)

// dialEthtool opens a socket in the namespace of cfg.
func dialEthtool(cfg Config) (nlSocket, uint16, error) {
	conn, err := dialNetlink(cfg, unix.NETLINK_GENERIC)
	if err != nil {
		return nil, 0, err
	}
	family, err := genetlink.NewConn(conn).GetFamily("ethtool")
	if err != nil {
		return nil, 0, errors.Join(opError("look up netlink family", "ethtool", err), conn.Close())
	}
	sock, err := newKernelSocket(conn)
	return sock, family.ID, err
}

// ethtoolReader adds to links what their drivers tell through ethtool netlink.
type ethtoolReader struct {
	conn   *nlConn
	family uint16
	modes  ethnl.LinkModes
}

// newEthtoolReader returns a reader over the sockets that dial makes.
func newEthtoolReader(dial ethtoolDialer) *ethtoolReader {
	e := &ethtoolReader{}
	e.conn = newNLConn(func() (sock nlSocket, err error) {
		sock, e.family, err = dial()
		return sock, err
	})
	return e
}

// close closes the socket.
func (e *ethtoolReader) close() error { return opError("close netlink socket", "", e.conn.close()) }

// read sets the facts of all links. What cannot be had stays absent, and dst
// says why.
func (e *ethtoolReader) read(dst *LinkSnapshot) {
	if err := e.conn.open(); err != nil {
		dst.Ethtool = ethtoolMissing(err)
		return
	}
	for _, fact := range []ethtoolFact{
		{ethnl.CmdLinkInfoGet, ethnl.CmdLinkInfoGetReply, e.linkInfo},
		{ethnl.CmdLinkModesGet, ethnl.CmdLinkModesGetReply, e.linkModes},
	} {
		if err := e.readFact(dst, fact); err != nil {
			dst.Ethtool = opError("ask ethtool netlink", "", err)
			return
		}
	}
}

// ethtoolMissing is why there is no ethtool netlink. A kernel built without
// generic netlink has no such protocol, one before Linux 5.6 no such family.
func ethtoolMissing(err error) error {
	for _, errno := range []error{unix.ENOENT, unix.EPROTONOSUPPORT, unix.EAFNOSUPPORT} {
		if errors.Is(err, errno) {
			return opError("open ethtool netlink", "", fmt.Errorf("%w: %w", ErrNotSupported, err))
		}
	}
	return opError("open ethtool netlink", "", err)
}

// ethtoolFact is a request, its reply, and what to do with the body of one.
type ethtoolFact struct {
	request, reply uint8
	apply          func(dst *LinkSnapshot, body []byte) error
}

// readFact asks all drivers in one dump. That fails as a whole where a single
// driver fails, and on Linux 5.10 where a single one lacks the operation; each
// is then asked by itself. It returns an error where nobody can be asked.
func (e *ethtoolReader) readFact(dst *LinkSnapshot, fact ethtoolFact) error {
	apply := func(m nlmsg.Message) error {
		if m.Type != e.family || ethnl.Command(m.Data) != fact.reply {
			return nil
		}
		return fact.apply(dst, m.Data)
	}
	err := e.conn.dump(e.family, ethnl.AppendGet(nil, binary.NativeEndian, fact.request, 0), func() {}, apply)
	if err == nil {
		return nil
	}
	for i := 0; i < len(dst.Links); i++ {
		body := ethnl.AppendGet(nil, binary.NativeEndian, fact.request, uint32(dst.Links[i].Link.Index))
		err := e.conn.get(e.family, body, apply)
		var kernel *kernelError
		switch {
		case err == nil, errors.Is(err, unix.EOPNOTSUPP):
		case errors.Is(err, unix.ENODEV): // vanished
			dst.Links = slices.Delete(dst.Links, i, i+1)
			i--
		case errors.Is(err, ErrAccessDenied):
			dst.Denied++
		case errors.As(err, &kernel), errors.Is(err, ErrMalformed):
			dst.Failed++
		default:
			return err
		}
	}
	return nil
}

// linkInfo applies an ETHTOOL_MSG_LINKINFO_GET_REPLY.
func (e *ethtoolReader) linkInfo(dst *LinkSnapshot, body []byte) error {
	raw, err := ethnl.DecodeLinkInfo(body, binary.NativeEndian)
	if err != nil {
		return err
	}
	if i := dst.rows().find(int(raw.Index)); i >= 0 {
		dst.Links[i].Port = someIf(Port(raw.Port), raw.HasPort)
	}
	return nil
}

// linkModes applies an ETHTOOL_MSG_LINKMODES_GET_REPLY.
func (e *ethtoolReader) linkModes(dst *LinkSnapshot, body []byte) error {
	raw := &e.modes
	if err := ethnl.DecodeLinkModes(body, binary.NativeEndian, raw); err != nil {
		return err
	}
	i := dst.rows().find(int(raw.Index))
	if i < 0 {
		return nil
	}
	l := &dst.Links[i]
	l.Speed = speedOfKernel(raw.Speed) // 0 where the driver tells none
	l.Duplex = DuplexUnknown
	if raw.HasDuplex {
		l.Duplex = duplexOfKernel(raw.Duplex)
	}
	l.Autoneg = someIf(raw.Autoneg != 0, raw.HasAutoneg)
	best := raw.Best()
	l.SpeedMax = someIf(best.Speed, best.Speed != 0)
	l.Degraded = degraded(l, best)
	return nil
}

// degraded says whether a link with a carrier does less than the best mode of
// both ends.
func degraded(l *LinkStats, best ethnl.Best) Opt[bool] {
	if best.Speed == 0 || !l.Link.Carrier.Or(false) {
		return Opt[bool]{}
	}
	if l.Duplex == DuplexHalf && best.Full {
		return Some(true)
	}
	speed, known := l.Speed.Get()
	return someIf(speed < best.Speed, known)
}
