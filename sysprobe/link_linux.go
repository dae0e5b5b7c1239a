//go:build linux

package sysprobe

import (
	"encoding/binary"
	"sort"

	"telegraf-sysprobe/sysprobe/internal/decode/nlmsg"
	"telegraf-sysprobe/sysprobe/internal/decode/rtnl"
)

// interner keeps one copy of each string that appears again and again, so that
// the names of interfaces are allocated once and not in every snapshot.
type interner map[string]string

// internerLimit is where an interner forgets everything: where interfaces come
// and go under ever new names.
const internerLimit = 1 << 14

// text returns b as a string.
func (in interner) text(b []byte) string {
	if len(b) == 0 {
		return ""
	}
	s, ok := in[string(b)] // does not allocate
	if ok {
		return s
	}
	if len(in) >= internerLimit {
		clear(in)
	}
	s = string(b)
	in[s] = s
	return s
}

// linkReader reads RTM_GETLINK dumps into rows that hold a Link.
type linkReader struct {
	conn  *nlConn
	names interner
	raw   rtnl.Link
}

// newLinkReader returns a reader over the sockets that dial makes, of which it
// makes one at once.
func newLinkReader(dial func() (nlSocket, error)) (*linkReader, error) {
	r := &linkReader{conn: newNLConn(dial), names: interner{}}
	if err := r.conn.open(); err != nil {
		return nil, err
	}
	return r, nil
}

// dump reads all links. It calls reset before each attempt, and for each link
// row, which returns the Link to fill; what else there is to take from the
// message is in r.raw until the next call.
func (r *linkReader) dump(skipStats bool, reset func(), row func() *Link) error {
	body := rtnl.AppendGetLink(nil, binary.NativeEndian, skipStats)
	err := r.conn.dump(rtnl.TypeGetLink, body, reset, func(m nlmsg.Message) error {
		if m.Type != rtnl.TypeNewLink {
			return nil
		}
		if err := rtnl.DecodeLink(m.Data, binary.NativeEndian, &r.raw); err != nil {
			return err
		}
		r.fill(row())
		return nil
	})
	return opError("dump links", "", err)
}

// fill maps r.raw to l, whose memory it reuses.
func (r *linkReader) fill(l *Link) {
	raw := &r.raw
	*l = Link{
		Index:          int(raw.Index),
		Name:           r.names.text(raw.Name),
		AltNames:       l.AltNames[:0],
		Kind:           r.names.text(raw.Kind),
		HardwareType:   raw.HardwareType,
		Flags:          LinkFlags(raw.Flags),
		OperState:      OperState(raw.OperState),
		Carrier:        someIf(raw.Carrier != 0, raw.HasCarrier),
		CarrierChanges: someIf(raw.CarrierChanges, raw.HasCarrierChanges),
		MTU:            raw.MTU,
		TxQueueLen:     someIf(raw.TxQueueLen, raw.HasTxQueueLen),
		HardwareAddr:   HardwareAddrFrom(raw.Address),
		PermanentAddr:  HardwareAddrFrom(raw.Permanent),
		Alias:          r.names.text(raw.Alias),
		MasterIndex:    int(raw.Master),
	}
	if l.Flags&(FlagBroadcast|FlagPointToPoint) != 0 { // the kernel sends it of others too, as zeros
		l.Broadcast = HardwareAddrFrom(raw.Broadcast)
	}
	if l.Kind == "" {
		l.Kind = hardwareTypeName(raw.HardwareType)
	}
	for _, name := range raw.AltNames {
		l.AltNames = append(l.AltNames, r.names.text(name))
	}
}

// close closes the socket.
func (r *linkReader) close() error { return opError("close netlink socket", "", r.conn.close()) }

// extend returns s with one more element, and that element, which holds
// whatever memory it had when s was last as long.
func extend[T any](s []T) ([]T, *T) {
	if len(s) == cap(s) {
		s = append(s, *new(T))
	} else {
		s = s[:len(s)+1]
	}
	return s, &s[len(s)-1]
}

// linkRows gives access to the Links in rows of any type.
type linkRows struct {
	n  int
	at func(i int) *Link
}

// sorted reports whether the rows are in the order of their index, as the
// kernel lists them since Linux 6.10.
func (r linkRows) sorted() bool {
	for i := 1; i < r.n; i++ {
		if r.at(i-1).Index > r.at(i).Index {
			return false
		}
	}
	return true
}

// find returns the position of the link with that index, or -1. The rows are
// in the order of their index.
func (r linkRows) find(index int) int {
	i := sort.Search(r.n, func(i int) bool { return r.at(i).Index >= index })
	if i < r.n && r.at(i).Index == index {
		return i
	}
	return -1
}

// nameMasters sets MasterName from MasterIndex.
func (r linkRows) nameMasters() {
	for i := range r.n {
		l := r.at(i)
		if l.MasterIndex == 0 {
			continue
		}
		if m := r.find(l.MasterIndex); m >= 0 {
			l.MasterName = r.at(m).Name
		}
	}
}
