package jail

import (
	"encoding/binary"
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// nameSize is more than a name can have: MAXHOSTNAMELEN of sys/param.h.
const nameSize = 256

// Name returns the name of a jail by its number (jail_get(2)). It needs no privilege,
// and returns ENOENT if there is no such jail, or if the caller is in a jail that
// does not have it inside.
func Name(id int32) (string, error) {
	number := binary.NativeEndian.AppendUint32(nil, uint32(id))
	name := make([]byte, nameSize)
	parameters := make([]unix.Iovec, 0, 4)
	for _, b := range [][]byte{[]byte("jid\x00"), number, []byte("name\x00"), name} {
		v := unix.Iovec{Base: unsafe.SliceData(b)}
		v.SetLen(len(b))
		parameters = append(parameters, v)
	}
	_, _, errno := unix.Syscall(unix.SYS_JAIL_GET, uintptr(unsafe.Pointer(unsafe.SliceData(parameters))), uintptr(len(parameters)), 0)
	runtime.KeepAlive(parameters)
	if errno != 0 {
		return "", errno
	}
	return unix.ByteSliceToString(name), nil
}
