package sysprobe

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"syscall"
	"testing"

	"telegraf-sysprobe/sysprobe/internal/sys/sysctl"
	"telegraf-sysprobe/sysprobe/sysprobetest"
)

// settable lets the process take new limits, and notes which in their order. A name
// whose error is set refuses them, and NetBSD's a soft limit above the hard one.
func (p *kinfoProcess) settable() *[]string {
	var sets []string
	p.kinfoProcessClient.kernel.set = func(mib []int32, value []byte) error {
		name := sysprobetest.SysctlName(mib...)
		if err := p.kernel.Errors[name]; err != nil {
			return err
		}
		before := p.kernel.Answers[name]
		p.kernel.Answer(name, value)
		if mib[0] == 10 {
			pair := sysprobetest.SysctlName(mib[:4]...)
			soft, hard := p.kernel.Answers[pair+".1"], p.kernel.Answers[pair+".2"]
			if binary.NativeEndian.Uint64(soft) > binary.NativeEndian.Uint64(hard) {
				p.kernel.Answer(name, before)
				return syscall.EINVAL
			}
		}
		sets = append(sets, fmt.Sprint(name, " ", len(value)))
		return nil
	}
	return &sets
}

// TestKinfoSetLimit sets a limit of FreeBSD, and reads it.
func TestKinfoSetLimit(t *testing.T) {
	p := openKinfoFiles(t, 4321)
	sets, set := p.settable(), (*sysctl.Processes).SetLimit
	for _, want := range []Limit{{Soft: Some[uint64](5), Hard: Some[uint64](7)}, {}, {Hard: Some[uint64](1 << 62), Soft: Some[uint64](0)}} {
		if err := p.setLimitBy(ResourceFiles, want, nil, set); err != nil {
			t.Error(err)
		}
		limits, err := p.limitsBy(t.Context(), (*sysctl.Processes).Limit)
		if limits[ResourceFiles] != want || err != nil || limits[ResourceCPU].Soft != Some[uint64](100) {
			t.Errorf("%+v, %v, want %+v", limits[ResourceFiles], err, want)
		}
	}
	if !slices.Equal(*sets, slices.Repeat([]string{"1.14.37.4321.8 16"}, 3)) {
		t.Errorf("%v", *sets)
	}
	p.kernel.Errors["1.14.37.4321.8"] = syscall.EPERM
	for err, want := range map[error]error{
		p.setLimitBy(ResourceFiles, Limit{}, nil, set):                       ErrAccessDenied,
		p.setLimitBy(ResourceLocks, Limit{}, nil, set):                       ErrNotSupported,
		p.setLimitBy(ResourceFiles, Limit{}, fs.ErrInvalid, set):             fs.ErrInvalid,
		openKinfoFiles(t, 4400).setLimitBy(ResourceFiles, Limit{}, nil, set): ErrZombieProcess,
	} {
		if !errors.Is(err, want) || len(*sets) != 3 {
			t.Errorf("%v, want %v", err, want)
		}
	}
}

// TestKinfoSetLimitOfNetBSD sets limits above and below those before: a kernel that has no
// soft limit above the hard one takes each, and one that refuses the first of the two
// keeps both.
func TestKinfoSetLimitOfNetBSD(t *testing.T) {
	p := openKinfoProcess(t, 4321)
	for i := range 12 {
		p.kernel.Answer(fmt.Sprintf("10.4321.2.%d.1", i+1), order().AppendUint64(nil, 100))
		p.kernel.Answer(fmt.Sprintf("10.4321.2.%d.2", i+1), order().AppendUint64(nil, 200))
	}
	sets, set := p.settable(), (*sysctl.Processes).SetLimitOfNetBSD
	limitOf := func() Limit {
		limits, err := p.limitsBy(t.Context(), (*sysctl.Processes).LimitOfNetBSD)
		if err != nil {
			t.Fatal(err)
		}
		return limits[ResourceFiles]
	}
	for _, pair := range [][2]uint64{{300, 400}, {1, 2}, {2, 2}, {50, 60}, {10, 300}} {
		want := Limit{Soft: Some(pair[0]), Hard: Some(pair[1])}
		if err := p.setLimitBy(ResourceFiles, want, nil, set); err != nil || limitOf() != want {
			t.Errorf("%+v, %v, want %+v", limitOf(), err, want)
		}
	}
	for _, refused := range []struct {
		name string
		to   Limit
	}{{"10.4321.2.9.2", Limit{}}, {"10.4321.2.9.1", Limit{Soft: Some[uint64](1), Hard: Some[uint64](2)}}} {
		before, calls := limitOf(), len(*sets)
		reads := p.kinfoProcessClient.kernel.set
		p.kinfoProcessClient.kernel.set = func(mib []int32, value []byte) error {
			if sysprobetest.SysctlName(mib...) == refused.name {
				return syscall.EPERM
			}
			return reads(mib, value)
		}
		if err := p.setLimitBy(ResourceFiles, refused.to, nil, set); !errors.Is(err, ErrAccessDenied) || limitOf() != before || len(*sets) != calls {
			t.Errorf("refused %s: %+v, %v, want %+v", refused.name, limitOf(), err, before)
		}
		p.kinfoProcessClient.kernel.set = reads
	}
}

// TestKinfoAffinity sets and reads the processors of a process of FreeBSD.
func TestKinfoAffinity(t *testing.T) {
	p, ctx := openKinfoProcess(t, 4321), t.Context()
	var mask []byte
	var answer error
	call := func(pid int32, b []byte) error {
		switch {
		case pid != 4321:
			return syscall.ESRCH
		case len(b) != 32: // CPU_MAXSIZE of FreeBSD 13
			return syscall.ERANGE
		}
		return answer
	}
	get := func(pid int32, b []byte) error { copy(b, mask); return call(pid, b) }
	set := func(pid int32, b []byte) error { mask = slices.Clone(b); return call(pid, b) }
	if err := p.setAffinityBy([]int{1, 64}, nil, set); err != nil {
		t.Error(err)
	}
	if cpus, err := p.affinityBy(ctx, get); err != nil || !slices.Equal(cpus, []int{1, 64}) {
		t.Errorf("%v, %v", cpus, err)
	}
	for raw, want := range map[error]error{
		syscall.EINVAL: fs.ErrInvalid, syscall.EDEADLK: fs.ErrInvalid, syscall.EPERM: ErrAccessDenied, syscall.ESRCH: ErrNoSuchProcess,
	} {
		answer = raw
		err := p.setAffinityBy([]int{9}, nil, set)
		if !errors.Is(err, want) || errors.Is(err, fs.ErrInvalid) && !strings.Contains(err.Error(), "[9]") {
			t.Errorf("%v: %v, want %v", raw, err, want)
		}
	}
	if err := p.setAffinityBy([]int{300}, nil, set); !errors.Is(err, fs.ErrInvalid) {
		t.Errorf("a processor that no kernel has: %v", err)
	}
	if err := p.setAffinityBy(nil, fs.ErrInvalid, nil); !errors.Is(err, fs.ErrInvalid) {
		t.Errorf("none: %v", err)
	}
	if _, err := openKinfoProcess(t, 4400).affinityBy(ctx, get); !errors.Is(err, ErrZombieProcess) {
		t.Errorf("of a zombie: %v", err)
	}
	p.vanish()
	if _, err := p.affinityBy(ctx, get); !errors.Is(err, ErrNoSuchProcess) {
		t.Errorf("of a process that is gone: %v", err)
	}
}
