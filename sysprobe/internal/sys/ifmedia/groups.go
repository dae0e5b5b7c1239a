package ifmedia

import (
	"errors"
	"syscall"

	"telegraf-sysprobe/sysprobe/internal/decode"
)

// The numbers of groups that there is room for: at first, and at most.
const (
	fewGroups = 16
	maxGroups = 1 << 10
)

// Groups returns the names of the groups that an interface is in, without copying
// them, valid until the next call, in the order of the kernel. It is empty if there
// are none, or if the system has no groups or does not give these.
//
// The structure is struct ifgroupreq of net/if.h: the name of the interface, how many
// bytes there is room for, and where. The kernel fills the room with names of 16 bytes
// each (struct ifg_req), does not say how many, and returns EINVAL if they do not fit.
func (r *Reader) Groups(name string) [][]byte {
	if r.system.group == 0 {
		return nil
	}
	// The union with the pointer can hold a name too, and is aligned as the pointer.
	pointer := decode.Field{At: nameSize + r.pointer, Size: r.pointer}
	for n := fewGroups; n <= maxGroups; n *= 4 {
		arg, err := named(name, uint32(pointer.At+nameSize))
		if err != nil {
			return nil
		}
		names := r.room(n * nameSize)
		putSize(arg[nameSize:], len(names), false)
		err = r.ioctl(request(r.system.group, uint32(len(arg))), arg, pointer, names)
		if err == nil {
			return r.groupNames(names)
		}
		if !errors.Is(err, syscall.EINVAL) {
			return nil
		}
	}
	return nil
}

// groupNames returns the names in b, which end with an empty one.
func (r *Reader) groupNames(b []byte) [][]byte {
	r.groups = r.groups[:0]
	for len(b) >= nameSize && b[0] != 0 {
		r.groups = append(r.groups, decode.BeforeNUL(b[:nameSize]))
		b = b[nameSize:]
	}
	return r.groups
}
