package ifmedia

import (
	"encoding/binary"
	"errors"
	"fmt"
	"syscall"

	"telegraf-sysprobe/sysprobe/internal/decode"
	"telegraf-sysprobe/sysprobe/internal/decode/ifmedia"
)

// Ioctl is the system call: request with the structure arg, which the kernel
// changes. If list is not empty, its address is written to arg at pointer first.
type Ioctl func(request uint32, arg []byte, pointer decode.Field, list []byte) error

// Media is what the driver of an interface says of its medium.
type Media struct {
	ifmedia.Media
	// Words are the media that the driver supports, valid until the next call;
	// empty if the driver does not list them.
	Words []ifmedia.Word
}

// maxWords limits the list of media of a driver; the longest have some 40.
const maxWords = 1 << 12

// system says what a system is asked: sys/sockio.h and, for macOS, net/if_media.h.
type system struct {
	// media are the numbers of SIOCGIFXMEDIA, where there is one, and
	// SIOCGIFMEDIA. Of NetBSD they are SIOCGIFMEDIA and, for the same structure,
	// SIOCGIFMEDIA_80, in which NetBSD 9 and newer fold media beyond 31.
	media []uint32
	// ifreq is the size of struct ifreq.
	ifreq uint32
	// description is the number of SIOCGIFDESCR, and group that of SIOCGIFGROUP or 0.
	description, group uint32
	// sized means that the length of the buffer is in struct ifreq, before the
	// pointer: as wide as a pointer, or on NetBSD four bytes.
	sized, narrow bool
	// inline means that the description is in a structure of its own, behind its
	// length, and not where a pointer points to.
	inline bool
}

var systems = map[string]system{
	"darwin":  {media: []uint32{72, 56}, ifreq: 32, description: 144, inline: true}, // SIOCGIFDESC
	"freebsd": {media: []uint32{139, 56}, ifreq: 32, description: 42, group: 136, sized: true},
	"netbsd":  {media: []uint32{56, 54}, ifreq: 144, description: 143, sized: true, narrow: true}, // of NetBSD 10
	"openbsd": {media: []uint32{56}, ifreq: 32, description: 129, group: 136},
}

// flagsNumber is the number of SIOCGIFFLAGS of all systems.
const flagsNumber = 17

// request is _IOWR('i', number, size) of sys/ioccom.h.
func request(number, size uint32) uint32 { return 0xc0000000 | size<<16 | 'i'<<8 | number }

// nameSize is IFNAMSIZ, with the NUL.
const nameSize = 16

// Reader asks drivers. It is not safe for concurrent use.
type Reader struct {
	ioctl   Ioctl
	layout  ifmedia.Layout
	system  system
	pointer int // size of a pointer
	words   []ifmedia.Word
	list    []byte
	groups  [][]byte
}

// NewReader returns a Reader for a system and architecture, both as Go spells
// them, that asks by ioctl. It returns an error that wraps errors.ErrUnsupported
// if the structures of that system are not known.
func NewReader(ioctl Ioctl, goos, goarch string) (*Reader, error) {
	layout, ok := ifmedia.LayoutOf(goos, goarch)
	if !ok {
		return nil, fmt.Errorf("media of %s/%s: %w", goos, goarch, errors.ErrUnsupported)
	}
	return &Reader{ioctl: ioctl, layout: layout, system: systems[goos], pointer: layout.List.Size}, nil
}

// Media returns what the driver of an interface says. It returns an error that
// wraps errors.ErrUnsupported if the interface has no medium, ENXIO if there is no
// interface of that name, and any other errno of the driver.
func (r *Reader) Media(name string) (Media, error) {
	arg, number, err := r.first(name)
	if err != nil {
		return Media{}, r.cause(name, err)
	}
	m, err := r.layout.Decode(arg, binary.NativeEndian)
	if err != nil {
		return Media{}, err
	}
	return Media{Media: m, Words: r.supported(name, number, m.Words)}, nil
}

// first asks for the medium without a list, by the first request that the kernel
// knows.
func (r *Reader) first(name string) (arg []byte, number uint32, err error) {
	for _, number = range r.system.media {
		arg, err = named(name, uint32(r.layout.Size))
		if err == nil {
			err = r.ioctl(request(number, uint32(r.layout.Size)), arg, decode.Field{}, nil)
		}
		if err == nil {
			break
		}
	}
	return arg, number, err
}

// supported asks for the list of n media. It is empty if the driver returns an
// error, as it does if the list has become longer.
func (r *Reader) supported(name string, number, n uint32) []ifmedia.Word {
	if n == 0 || n > maxWords {
		return nil
	}
	arg, err := named(name, uint32(r.layout.Size))
	if err != nil {
		return nil
	}
	list := r.room(int(n) * r.layout.Current.Size)
	binary.NativeEndian.PutUint32(arg[r.layout.Count.At:], n)
	if r.ioctl(request(number, uint32(r.layout.Size)), arg, r.layout.List, list) != nil {
		return nil
	}
	given := min(binary.NativeEndian.Uint32(arg[r.layout.Count.At:]), n)
	r.words, err = r.layout.AppendWords(r.words[:0], list[:int(given)*r.layout.Current.Size], binary.NativeEndian)
	if err != nil {
		return nil
	}
	return r.words
}

// cause is what err of a driver means: an interface without a medium, on which the
// systems do not agree (EINVAL, ENOTTY, EOPNOTSUPP, and ENXIO of some drivers), or
// one that is gone, for which any request returns ENXIO.
func (r *Reader) cause(name string, err error) error {
	switch {
	case errors.Is(err, syscall.ENXIO):
		if r.exists(name) {
			return errors.ErrUnsupported
		}
	case errors.Is(err, syscall.EINVAL), errors.Is(err, syscall.ENOTTY), errors.Is(err, syscall.EOPNOTSUPP):
		return errors.ErrUnsupported
	}
	return err
}

// exists reports whether there is an interface of that name.
func (r *Reader) exists(name string) bool {
	arg, err := named(name, r.system.ifreq)
	return err == nil && r.ioctl(request(flagsNumber, r.system.ifreq), arg, decode.Field{}, nil) == nil
}

// named returns a structure of size bytes that begins with the name of an
// interface. It returns ENXIO if no interface can have that name.
func named(name string, size uint32) ([]byte, error) {
	if len(name) >= nameSize {
		return nil, syscall.ENXIO
	}
	arg := make([]byte, size)
	copy(arg, name)
	return arg, nil
}
