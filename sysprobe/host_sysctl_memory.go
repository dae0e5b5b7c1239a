package sysprobe

import (
	"encoding/binary"
	"errors"
	"io/fs"

	"telegraf-sysprobe/sysprobe/internal/decode/vmstat"
	"telegraf-sysprobe/sysprobe/internal/sys/sysctl"
)

// vmLoad is the name of vm.loadavg on all systems.
var vmLoad = []int32{2, 2} // CTL_VM, VM_LOADAVG

func (h hostSysctl) load() (LoadAverage, error) {
	const op = "read load average"
	b, err := sysctl.NewReader(h.call).Read(vmLoad...)
	if err != nil {
		return LoadAverage{}, opError(op, "", err)
	}
	load, err := vmstat.DecodeLoad(b, binary.NativeEndian)
	return LoadAverage{One: load[0], Five: load[1], Fifteen: load[2]}, opError(op, "", err)
}

// memory has as available what is free or has not been used for a while.
func (h hostSysctl) memory() (HostMemory, error) {
	const op = "read memory"
	var m vmstat.Memory
	var err error
	switch h.goos {
	case "freebsd":
		memory, err := h.memoryByName()
		return memory, opError(op, "", err)
	case "darwin":
		memory, err := h.memoryOfMac()
		return memory, opError(op, "", err)
	case "netbsd":
		m, err = h.uvm(vmstat.NetBSD(), 2, 5) // VM_UVMEXP2
	default:
		m, err = h.uvm(vmstat.OpenBSD(), 2, 4) // VM_UVMEXP
	}
	if err != nil {
		return HostMemory{}, opError(op, "", err)
	}
	return HostMemory{
		Total: m.Total, Free: m.Free, Available: min(m.Free+m.Inactive, m.Total),
		Active: Some(m.Active), Inactive: Some(m.Inactive),
		SwapTotal: Some(m.SwapTotal), SwapFree: Some(m.SwapTotal - min(m.SwapUsed, m.SwapTotal)),
	}, nil
}

func (h hostSysctl) uvm(layout vmstat.Layout, mib ...int32) (vmstat.Memory, error) {
	b, err := sysctl.NewReader(h.call).Read(mib...)
	if err != nil {
		return vmstat.Memory{}, err
	}
	return layout.Decode(b, binary.NativeEndian)
}

// memoryByName reads the memory of FreeBSD, which has a name for each number of
// pages.
func (h hostSysctl) memoryByName() (m HostMemory, err error) {
	var pageSize, total, free, active, inactive int64
	for name, to := range map[string]*int64{
		"hw.pagesize":                  &pageSize,
		"vm.stats.vm.v_page_count":     &total,
		"vm.stats.vm.v_free_count":     &free,
		"vm.stats.vm.v_active_count":   &active,
		"vm.stats.vm.v_inactive_count": &inactive,
	} {
		if *to, err = h.named(name); err != nil {
			return HostMemory{}, err
		}
	}
	bytes := func(pages int64) uint64 { return uint64(max(0, pages)) * uint64(max(0, pageSize)) }
	m = HostMemory{Total: bytes(total), Free: bytes(free), Active: Some(bytes(active)), Inactive: Some(bytes(inactive))}
	laundry, err := h.named("vm.stats.vm.v_laundry_count")
	if err != nil {
		laundry = 0 // before FreeBSD 12
	}
	m.Available = min(bytes(free+inactive+laundry), m.Total)
	swap, err := h.named("vm.swap_total")
	m.SwapTotal = someIf(uint64(swap), err == nil && swap >= 0)
	if used, err := h.swapUsed(); err == nil {
		m.SwapFree = someIf(uint64(swap)-min(bytes(int64(used)), uint64(swap)), m.SwapTotal.Known())
	}
	return m, nil
}

// maxSwapDevices is more devices for swap than any machine has.
const maxSwapDevices = 1 << 10

// swapUsed adds up the used pages of the devices for swap of FreeBSD.
func (h hostSysctl) swapUsed() (pages uint64, err error) {
	for i := range maxSwapDevices {
		b, err := h.raw("vm.swap_info", i)
		if errors.Is(err, fs.ErrNotExist) {
			break // it was the last one
		}
		if err != nil {
			return 0, err
		}
		_, used, err := vmstat.DecodeSwap(b, binary.NativeEndian)
		if err != nil {
			return 0, err
		}
		pages += used
	}
	return pages, nil
}

// memoryOfMac reads the memory of macOS: what its kernel tells by sysctl(3), which
// does not have the active and the inactive pages. Available is what is free, pages of
// files, and what programs let the kernel purge.
func (h hostSysctl) memoryOfMac() (HostMemory, error) {
	total, err := sysctl.Number(h.call, hostSysctls[h.goos].memory...)
	if err != nil {
		return HostMemory{}, err
	}
	var pageSize, free, files int64
	for name, to := range map[string]*int64{"hw.pagesize": &pageSize, "vm.page_free_count": &free, "vm.page_pageable_external_count": &files} {
		if *to, err = h.named(name); err != nil {
			return HostMemory{}, err
		}
	}
	purgeable, err := h.named("vm.page_purgeable_count")
	if err != nil {
		purgeable = 0
	}
	bytes := func(pages int64) uint64 { return uint64(max(0, pages)) * uint64(max(0, pageSize)) }
	m := HostMemory{Total: uint64(max(0, total)), Free: bytes(free)}
	m.Available = min(bytes(free+files+purgeable), m.Total)
	if b, err := h.raw("vm.swapusage"); err == nil {
		swap, used, err := vmstat.DecodeSwapUsage(b, binary.NativeEndian)
		m.SwapTotal, m.SwapFree = someIf(swap, err == nil), someIf(swap-min(used, swap), err == nil)
	}
	return m, nil
}
