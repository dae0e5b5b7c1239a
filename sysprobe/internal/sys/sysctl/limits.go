package sysctl

import (
	"encoding/binary"

	"telegraf-sysprobe/sysprobe/internal/decode/kinfo"
)

// Set is the system call that sets the value of the name mib. It returns an errno.
type Set func(mib []int32, value []byte) error

// kernProcRLimit is a number below KERN_PROC of FreeBSD: sys/sysctl.h.
const kernProcRLimit = 37

// Names of NetBSD for the limits of a process: CTL_PROC, PROC_PID_LIMIT and
// PROC_PID_LIMIT_TYPE_* of sys/sysctl.h.
const (
	ctlProc                      = 10
	procLimit                    = 2
	procLimitSoft, procLimitHard = 1, 2
)

// LimitOfNetBSD returns what Limit returns, of a process of NetBSD, with the same
// numbers of resources.
func (p *Processes) LimitOfNetBSD(pid, resource int32) (soft, hard uint64, err error) {
	for kind, value := range map[int32]*uint64{procLimitSoft: &soft, procLimitHard: &hard} {
		n, err := Number(p.call, ctlProc, pid, procLimit, resource+1, kind)
		if err != nil {
			return 0, 0, err
		}
		*value = uint64(n)
	}
	return soft, hard, nil
}

// Limit returns a limit of a process of FreeBSD by its number (RLIMIT_* of
// sys/resource.h), which anybody may ask for: what is in force, and up to what it can
// be raised. It returns the errors of Files.
func (p *Processes) Limit(pid, resource int32) (soft, hard uint64, err error) {
	b, err := p.reader.Read(ctlKern, kernProc, kernProcRLimit, pid, resource)
	if err != nil {
		return 0, 0, err
	}
	return kinfo.DecodeLimit(b, binary.NativeEndian)
}

// SetLimit sets a limit of a process of FreeBSD by its number, for those who may debug
// the process; others get EPERM, and so does who raises hard without privilege.
func (*Processes) SetLimit(set Set, pid, resource int32, soft, hard uint64) error {
	value := binary.NativeEndian.AppendUint64(binary.NativeEndian.AppendUint64(nil, soft), hard)
	return set([]int32{ctlKern, kernProc, kernProcRLimit, pid, resource}, value)
}

// SetLimitOfNetBSD does what SetLimit does, of a process of NetBSD, for its user. NetBSD
// sets one after the other: they follow each other so that the soft one is never above
// the hard one, and that nothing is set if the first of them is refused.
func (p *Processes) SetLimitOfNetBSD(set Set, pid, resource int32, soft, hard uint64) error {
	_, most, err := p.LimitOfNetBSD(pid, resource)
	if err != nil {
		return err
	}
	kinds, values := [...]int32{procLimitSoft, procLimitHard}, [...]uint64{soft, hard}
	if hard > most {
		kinds, values = [...]int32{procLimitHard, procLimitSoft}, [...]uint64{hard, soft}
	}
	for i, kind := range kinds {
		name := []int32{ctlProc, pid, procLimit, resource + 1, kind}
		if err := set(name, binary.NativeEndian.AppendUint64(nil, values[i])); err != nil {
			return err
		}
	}
	return nil
}
