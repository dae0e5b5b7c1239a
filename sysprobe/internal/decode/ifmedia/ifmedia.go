// Package ifmedia decodes what the network drivers of FreeBSD, OpenBSD, NetBSD
// and macOS say of the medium of an interface: what SIOCGIFXMEDIA and
// SIOCGIFMEDIA return, and the media words in it (ifmedia(4)).
//
// Each system has its own numbers for the same media; OpenBSD has words of 64
// bits, the others of 32.
package ifmedia

import (
	"encoding/binary"

	"telegraf-sysprobe/sysprobe/internal/decode"
	"telegraf-sysprobe/sysprobe/internal/opt"
)

// Type is the kind of network that a media word is about.
type Type uint8

// Types. What a word of another one says is not decoded.
const (
	TypeUnknown Type = iota
	TypeEthernet
	TypeWireless // IEEE 802.11
)

// Duplex is whether both ends may send at once.
type Duplex uint8

// Duplex modes.
const (
	DuplexUnknown Duplex = iota
	DuplexHalf
	DuplexFull
)

// Word is a media word.
type Word struct {
	// Raw is the number of the kernel.
	Raw  uint64
	Type Type
	// Auto means that the driver chooses the medium.
	Auto bool
	// Speed is in Mbit/s. It is absent where the medium has none, for media of
	// wireless networks, whose rate changes with every frame, and for a number
	// that is not in the table of the system.
	Speed  opt.Opt[uint32]
	Duplex Duplex
}

// Media is what is known of the medium of an interface.
type Media struct {
	// Name is that of the interface, a part of what was decoded.
	Name []byte
	// Active says whether the interface is attached to a network; absent where
	// the driver does not say it.
	Active opt.Opt[bool]
	// Current is the medium that was chosen, Link the one that is in use. Link
	// is the zero Word unless Active is true: drivers leave there what they
	// like.
	Current, Link Word
	// Words is how many media the driver supports.
	Words uint32
}

// Bits of ifm_status.
const (
	statusValid  = 0x1 // IFM_AVALID
	statusActive = 0x2 // IFM_ACTIVE
)

// Decode decodes an answer, a struct ifmediareq, of a machine whose byte order
// is order. It returns an error that wraps decode.ErrMalformed where b is
// shorter than that.
func (l *Layout) Decode(b []byte, order binary.ByteOrder) (Media, error) {
	if len(b) < l.Size || l.Size == 0 {
		return Media{}, &decode.Error{Format: "ifmediareq", Offset: len(b), Reason: "shorter than the structure of the system"}
	}
	r := decode.NewRecord(b, order)
	m := Media{
		Name:    r.Text(l.Name),
		Current: l.Word(r.Uint(l.Current)),
		Words:   uint32(max(r.Int(l.Count), 0)),
	}
	status := r.Uint(l.Status)
	m.Active = opt.SomeIf(status&statusActive != 0, status&statusValid != 0)
	if m.Active.Or(false) {
		m.Link = l.Word(r.Uint(l.Active))
	}
	return m, nil
}

// AppendWords appends the media words of b, the list that ifm_ulist pointed to,
// to dst. It returns an error that wraps decode.ErrMalformed where the last word
// is cut; the words before it are appended.
func (l *Layout) AppendWords(dst []Word, b []byte, order binary.ByteOrder) ([]Word, error) {
	if l.Size == 0 {
		return dst, &decode.Error{Format: "media words", Reason: "no layout"}
	}
	c := decode.NewCursor(b, order, "media words")
	for c.Len() > 0 {
		raw := uint64(0)
		if l.Current.Size == 8 {
			raw = c.Uint64()
		} else {
			raw = uint64(c.Uint32())
		}
		if c.Err() == nil {
			dst = append(dst, l.Word(raw))
		}
	}
	return dst, c.Err()
}

// Word returns what a media word of the system means.
func (l *Layout) Word(raw uint64) Word {
	w := Word{Raw: raw, Auto: raw&l.subtype == 0}
	switch raw & l.network {
	case l.ethernet:
		w.Type = TypeEthernet
		if raw&l.reserved == 0 {
			speed, ok := l.speeds[uint32(raw&l.subtype)]
			w.Speed = opt.SomeIf(speed, ok)
		}
	case l.wireless:
		w.Type = TypeWireless
	default:
		return w
	}
	switch raw & (l.full | l.half) {
	case l.full:
		w.Duplex = DuplexFull
	case l.half:
		w.Duplex = DuplexHalf
	}
	return w
}
