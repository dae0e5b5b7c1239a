package iphlpapi

import (
	"errors"
	"strconv"
	"unsafe"

	"golang.org/x/sys/windows"

	"telegraf-sysprobe/sysprobe/internal/decode/ipadapter"
	"telegraf-sysprobe/sysprobe/internal/sys/ntapi"
)

// Adapters reads the adapters with their addresses into a buffer that it keeps.
// It is not safe for concurrent use.
type Adapters struct{ answer ntapi.Answer }

// adapterFlags are what GetAdaptersAddresses leaves out.
const adapterFlags = windows.GAA_FLAG_SKIP_ANYCAST | windows.GAA_FLAG_SKIP_MULTICAST | windows.GAA_FLAG_SKIP_DNS_SERVER

// Read calls adapter for each adapter that IP is bound to, and after it address for each of its IPv4
// and IPv6 addresses, as ipadapter.DecodeList does. It needs no privilege.
func (a *Adapters) Read(adapter func(*ipadapter.Adapter), address func(*ipadapter.Address)) error {
	var base uint64
	b, err := a.answer.Ask(func(buf []byte) (int, error) {
		size := uint32(len(buf))
		first := unsafe.Pointer(unsafe.SliceData(buf))
		base = uint64(uintptr(first))
		err := windows.GetAdaptersAddresses(windows.AF_UNSPEC, adapterFlags, 0, (*windows.IpAdapterAddresses)(first), &size)
		switch {
		case errors.Is(err, windows.ERROR_BUFFER_OVERFLOW):
			return int(size), ntapi.ErrTooSmall
		case err == nil:
			// The size is that of the answer before Windows 8, of the buffer since.
			return len(buf), nil
		default:
			return 0, err
		}
	})
	switch {
	case errors.Is(err, windows.ERROR_NO_DATA): // there is no adapter
		return nil
	case err != nil:
		return err
	}
	return ipadapter.DecodeList(b, base, strconv.IntSize/8, adapter, address)
}

// ReadInterfaces calls row for each interface, those of filter drivers included.
// It needs no privilege.
func ReadInterfaces(row func(*ipadapter.Row)) error {
	var table *windows.MibIfTable2
	if err := windows.GetIfTable2Ex(windows.MibIfTableNormal, &table); err != nil {
		return err
	}
	defer windows.FreeMibTable(unsafe.Pointer(table))
	size, err := ipadapter.TableSize(bytesAt(table, ipadapter.TableHeader))
	if err != nil {
		return err
	}
	return ipadapter.DecodeTable(bytesAt(table, size), row)
}

// bytesAt returns n bytes of a table, which the system made as large as it says.
func bytesAt(table *windows.MibIfTable2, n int) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(table)), n)
}
