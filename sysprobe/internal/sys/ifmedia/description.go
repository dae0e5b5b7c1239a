package ifmedia

import (
	"encoding/binary"

	"telegraf-sysprobe/sysprobe/internal/decode"
)

// descriptionSize is more than any system has: FreeBSD limits descriptions to 1,024
// bytes (net.ifdescr_maxlen), OpenBSD and NetBSD to 64.
const descriptionSize = 1024

// Description returns the description that an administrator gave to an interface,
// without copying it, valid until the next call. It is empty if there is none, or
// if the kernel does not give this one.
func (r *Reader) Description(name string) []byte {
	if r.system.inline {
		return r.inlineDescription(name)
	}
	arg, err := named(name, r.system.ifreq)
	if err != nil {
		return nil
	}
	text := r.room(descriptionSize)
	pointer := decode.Field{At: nameSize, Size: r.pointer}
	if r.system.sized {
		putSize(arg[nameSize:], len(text), r.pointer == 8 && !r.system.narrow)
		pointer.At += r.pointer // the pointer is aligned
	}
	if r.ioctl(request(r.system.description, r.system.ifreq), arg, pointer, text) != nil {
		return nil // ENOMSG of FreeBSD: there is none; ENOTTY of NetBSD 9: there are none
	}
	return decode.BeforeNUL(text)
}

// inlineSize is IF_DESCSIZE of macOS.
const inlineSize = 128

// inlineDescription asks macOS, by struct if_descreq, which the headers for programs
// leave out: the name of the interface, the length of the description and its bytes.
func (r *Reader) inlineDescription(name string) []byte {
	const lengthSize = 4
	arg, err := named(name, nameSize+lengthSize+inlineSize)
	if err != nil || r.ioctl(request(r.system.description, uint32(len(arg))), arg, decode.Field{}, nil) != nil {
		return nil
	}
	length := min(binary.NativeEndian.Uint32(arg[nameSize:]), inlineSize)
	return decode.BeforeNUL(arg[nameSize+lengthSize:][:length])
}

// putSize writes the length of a buffer.
func putSize(b []byte, size int, wide bool) {
	if wide {
		binary.NativeEndian.PutUint64(b, uint64(size))
	} else {
		binary.NativeEndian.PutUint32(b, uint32(size))
	}
}

// room returns n bytes that are 0, valid until the next call.
func (r *Reader) room(n int) []byte {
	if cap(r.list) < n {
		r.list = make([]byte, n)
	}
	b := r.list[:n]
	clear(b)
	return b
}
