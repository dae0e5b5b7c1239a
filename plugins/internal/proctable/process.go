package proctable

import (
	"context"

	"telegraf-sysprobe/sysprobe"
)

// process is a Process whose questions end with the machine.
type process struct {
	*sysprobe.Process

	life context.Context
}

// Cwd implements Process.
func (p *process) Cwd() (sysprobe.ProcPath, error) { return p.Process.Cwd(p.life) }

// Environ implements Process.
func (p *process) Environ() ([]sysprobe.EnvVar, error) {
	entries, err := p.Process.Environ(p.life)
	return sysprobe.ParseEnviron(entries), err
}

// Limits implements Process.
func (p *process) Limits() (sysprobe.Limits, error) { return p.Process.Limits(p.life) }

// Footprint implements Process.
func (p *process) Footprint() (sysprobe.Footprint, error) { return p.Process.Footprint(p.life) }

// Threads implements Process.
func (p *process) Threads() ([]sysprobe.Thread, error) { return p.Process.Threads(p.life) }

// Affinity implements Process.
func (p *process) Affinity() ([]int, error) { return p.Process.Affinity(p.life) }

// IOPriority implements Process.
func (p *process) IOPriority() (sysprobe.IOPriority, error) { return p.Process.IOPriority(p.life) }

// OpenFiles implements Process.
func (p *process) OpenFiles() ([]sysprobe.OpenFile, error) { return p.Process.OpenFiles(p.life) }

// MemoryMaps implements Process.
func (p *process) MemoryMaps() ([]sysprobe.MemoryRegion, error) { return p.Process.MemoryMaps(p.life) }
