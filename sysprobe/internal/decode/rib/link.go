package rib

import (
	"telegraf-sysprobe/sysprobe/internal/decode"
	"telegraf-sysprobe/sysprobe/internal/opt"
)

// headerOf returns the length of the header of a message, or an error where the
// message has no such.
func headerOf(h *header, r decode.Record) (int, error) {
	size := h.Size
	if h.Length != (decode.Field{}) {
		size = int(r.Uint(h.Length))
	}
	if r.Len() < h.Size || size < h.Size || size > r.Len() {
		return 0, &decode.Error{Format: "routing message", Offset: r.Len(), Reason: "its header is cut"}
	}
	return size, nil
}

// link decodes a message about an interface.
func (d *Decoder) link(link *Link, h *header, r decode.Record, b []byte) error {
	size, err := headerOf(h, r)
	if err != nil {
		return err
	}
	link.Index, link.Flags = uint32(r.Uint(h.Index)), uint32(r.Uint(h.Flags))&d.Layout.flagBits
	begin := h.Data
	if r.Has(h.DataOffset) {
		begin = int(r.Uint(h.DataOffset))
	}
	if begin > size {
		return &decode.Error{Format: "routing message", Offset: begin, Reason: "if_data begins behind the header"}
	}
	f := datas[h.data]
	d.data(link, &f, decode.NewRecord(b[begin:size], d.Order))
	var addrs sockaddrs
	if err := d.sockaddrs(&addrs, uint32(r.Uint(h.Addrs)), b[size:], size); err != nil {
		return err
	}
	if ifp := addrs[rtaxIFP]; len(ifp) > 0 {
		name, hw, ok := splitLink(ifp)
		if !ok {
			return &decode.Error{Format: "sockaddr_dl", Offset: size, Reason: "name and address are longer than it"}
		}
		link.Name, link.HWAddr = name, hw
	}
	return nil
}

// data decodes struct if_data, which r is.
func (d *Decoder) data(link *Link, f *data, r decode.Record) {
	link.Type = uint8(r.Uint(f.Type))
	link.MTU = opt.SomeIf(uint32(r.Uint(f.MTU)), r.Has(f.MTU) && r.Uint(f.MTU) <= 1<<32-1)
	if state := r.Uint(f.LinkState); r.Has(f.LinkState) {
		link.RawState = opt.Some(uint32(state))
		if state < uint64(len(d.Layout.states)) {
			link.State = d.Layout.states[state]
		}
	}
	baud := r.Uint(f.Baudrate)
	unknown := baud == 0 || r.Int(f.Baudrate) == -1 || baud == d.Layout.pinned
	link.Baudrate = opt.SomeIf(baud, !unknown)
	c := &link.Counters
	c.InPackets, c.InErrors = counter(r, f.InPackets), counter(r, f.InErrors)
	c.OutPackets, c.OutErrors = counter(r, f.OutPackets), counter(r, f.OutErrors)
	c.Collisions, c.InBytes, c.OutBytes = counter(r, f.Collisions), counter(r, f.InBytes), counter(r, f.OutBytes)
	c.InMulticast, c.OutMulticast = counter(r, f.InMulticast), counter(r, f.OutMulticast)
	c.InDrops, c.OutDrops, c.NoProto = counter(r, f.InDrops), counter(r, f.OutDrops), counter(r, f.NoProto)
	c.Wraps32 = f.InBytes.Size == 4
	c.BytesRounded = d.Layout.rounded
}

// counter returns the counter f.
func counter(r decode.Record, f decode.Field) opt.Opt[uint64] {
	return opt.SomeIf(r.Uint(f), r.Has(f))
}
