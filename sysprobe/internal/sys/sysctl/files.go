package sysctl

import (
	"encoding/binary"

	"telegraf-sysprobe/sysprobe/internal/decode/kinfo"
)

// Numbers below KERN_PROC of FreeBSD: sys/sysctl.h. Those for files and memory are for
// who may debug the process; others get EPERM.
const (
	kernProc         = 14
	kernProcVMMap    = 32
	kernProcFileDesc = 33
	kernProcCwd      = 42
)

// Files returns the open files of a process of FreeBSD, its terminal and its
// directories. Their paths are valid until the next call of any method. It returns an
// error that wraps decode.ErrMalformed, or an errno.
func (p *Processes) Files(pid int32) ([]kinfo.File, error) { return p.files(kernProcFileDesc, pid) }

// Cwd returns the working directory of a process of FreeBSD, NetBSD or OpenBSD, copied;
// empty if the kernel does not know its path. It returns the errors of Files.
func (p *Processes) Cwd(pid int32) (string, error) {
	if p.names.cwd != nil {
		return p.text(p.names.cwd, pid)
	}
	files, err := p.files(kernProcCwd, pid)
	if err != nil || len(files) == 0 {
		return "", err
	}
	return string(files[0].Path), nil
}

func (p *Processes) files(name, pid int32) ([]kinfo.File, error) {
	b, err := p.reader.Read(ctlKern, kernProc, name, pid)
	if err != nil {
		return nil, err
	}
	return kinfo.AppendFiles(nil, b, binary.NativeEndian)
}

// Regions returns the memory of a process of FreeBSD by address, with the conditions
// and errors of Files.
func (p *Processes) Regions(pid int32) ([]kinfo.Region, error) {
	b, err := p.reader.Read(ctlKern, kernProc, kernProcVMMap, pid)
	if err != nil {
		return nil, err
	}
	return kinfo.AppendRegions(nil, b, binary.NativeEndian)
}

// PageSize is the size of a page in bytes.
func (p *Processes) PageSize() uint64 { return p.decoder.PageSize }
