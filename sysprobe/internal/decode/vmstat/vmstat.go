// Package vmstat decodes what sysctl(3) of FreeBSD, OpenBSD, NetBSD and macOS says of
// the load and the memory of a machine: struct loadavg of sys/resource.h, and struct
// uvmexp of OpenBSD and struct uvmexp_sysctl of NetBSD of uvm/uvmexp.h.
package vmstat

import (
	"encoding/binary"
	"math"

	"telegraf-sysprobe/sysprobe/internal/decode"
)

// DecodeLoad returns how many threads ran or waited on average of the last 1, 5 and 15
// minutes. Its error wraps decode.ErrMalformed.
func DecodeLoad(b []byte, order binary.ByteOrder) (load [3]float64, err error) {
	c := decode.NewCursor(b, order, "load average")
	var fixed [3]uint32
	c.Uint32s(fixed[:])
	var scale uint64 // a long
	if c.Len() >= 8 {
		c.Skip(4) // alignment
		scale = c.Uint64()
	} else {
		scale = uint64(c.Uint32())
	}
	if c.Err() == nil && scale == 0 {
		c.Fail("its scale is 0")
	}
	if err := c.Err(); err != nil {
		return load, err
	}
	for i, n := range fixed {
		load[i] = float64(n) / float64(scale)
	}
	return load, nil
}

// Memory is the memory of a machine, in bytes.
type Memory struct {
	Total, Free, Active, Inactive uint64
	SwapTotal, SwapUsed           uint64
}

// Layout says where an answer has its numbers, which count pages.
type Layout struct {
	wide bool // numbers of 64 bits, not of 32
	// Offsets in bytes.
	pageSize, total, free, active, inactive, swapTotal, swapUsed int
}

// OpenBSD is the layout of struct uvmexp (vm.uvmexp), the same on all architectures.
func OpenBSD() Layout {
	return Layout{total: 12, free: 16, active: 20, inactive: 24, swapTotal: 104, swapUsed: 108}
}

// NetBSD is the layout of struct uvmexp_sysctl (vm.uvmexp2), the same on all
// architectures.
func NetBSD() Layout {
	return Layout{wide: true, total: 24, free: 32, active: 40, inactive: 48, swapTotal: 136, swapUsed: 144}
}

// Decode decodes an answer, which may be longer than the layout: newer systems append
// numbers. Its error wraps decode.ErrMalformed.
func (l Layout) Decode(b []byte, order binary.ByteOrder) (m Memory, err error) {
	const format, maxPage = "statistics of memory", 1 << 30
	if len(b) < l.swapUsed+8 {
		return m, &decode.Error{Format: format, Offset: len(b), Reason: "they end too early"}
	}
	size := l.number(b, order, l.pageSize)
	if size == 0 || size > maxPage {
		return m, &decode.Error{Format: format, Offset: l.pageSize, Reason: "no page has that size"}
	}
	for _, field := range [...]struct {
		bytes *uint64
		at    int
	}{
		{&m.Total, l.total},
		{&m.Free, l.free},
		{&m.Active, l.active},
		{&m.Inactive, l.inactive},
		{&m.SwapTotal, l.swapTotal},
		{&m.SwapUsed, l.swapUsed},
	} {
		pages := l.number(b, order, field.at)
		if pages > math.MaxUint64/size {
			return Memory{}, &decode.Error{Format: format, Offset: field.at, Reason: "no memory has so many pages"}
		}
		*field.bytes = pages * size
	}
	return m, nil
}

// number returns the number at an offset; a negative one is 0.
func (l Layout) number(b []byte, order binary.ByteOrder, at int) uint64 {
	if l.wide {
		return uint64(max(0, int64(order.Uint64(b[at:]))))
	}
	return uint64(max(0, int32(order.Uint32(b[at:]))))
}
