package iphlpapi

import (
	"errors"
	"unsafe"

	"golang.org/x/sys/windows"

	"telegraf-sysprobe/sysprobe/internal/decode/ipadapter"
	"telegraf-sysprobe/sysprobe/internal/sys/ntapi"
)

// Numbers of TCP_TABLE_CLASS and UDP_TABLE_CLASS: all sockets, with their owners.
const (
	tcpTableOwnerPIDAll = 5
	udpTableOwnerPID    = 1
)

// ReadSockets calls f for each socket of a table, in the order of the system. It
// needs no privilege.
func ReadSockets(table ipadapter.SocketTable, f func(*ipadapter.Socket)) error {
	name, family, class := "GetExtendedTcpTable", windows.AF_INET, tcpTableOwnerPIDAll
	if table == ipadapter.UDP4 || table == ipadapter.UDP6 {
		name, class = "GetExtendedUdpTable", udpTableOwnerPID
	}
	if table == ipadapter.TCP6 || table == ipadapter.UDP6 {
		family = windows.AF_INET6
	}
	proc := windows.NewLazySystemDLL("iphlpapi.dll").NewProc(name)
	if err := proc.Find(); err != nil {
		return err
	}
	var answer ntapi.Answer
	b, err := answer.Ask(func(buf []byte) (int, error) {
		n := uint32(len(buf))
		code, _, _ := proc.Call( //nolint:errcheck // the result is the error
			uintptr(unsafe.Pointer(unsafe.SliceData(buf))), uintptr(unsafe.Pointer(&n)), 0, uintptr(family), uintptr(class), 0)
		switch err := windows.Errno(code); {
		case code == 0:
			return len(buf), nil
		case errors.Is(err, windows.ERROR_INSUFFICIENT_BUFFER):
			return int(n), ntapi.ErrTooSmall
		default:
			return 0, err
		}
	})
	if err != nil {
		return err
	}
	return ipadapter.DecodeSockets(b, table, f)
}
