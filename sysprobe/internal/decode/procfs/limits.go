package procfs

import (
	"bytes"

	"telegraf-sysprobe/sysprobe/internal/decode"
	"telegraf-sysprobe/sysprobe/internal/opt"
)

// Resources is how many resource limits there are: RLIM_NLIMITS of
// asm-generic/resource.h.
const Resources = 16

// Limits are the limits of a process by resource, numbered as on most architectures
// (asm-generic/resource.h). An unlimited one is absent.
type Limits [Resources]struct{ Soft, Hard opt.Opt[uint64] }

// limitNames are the names of the resources (lnames in fs/proc/base.c).
var limitNames = [Resources]string{
	"Max cpu time", "Max file size", "Max data size", "Max stack size", "Max core file size", "Max resident set",
	"Max processes", "Max open files", "Max locked memory", "Max address space", "Max file locks",
	"Max pending signals", "Max msgqueue size", "Max nice priority", "Max realtime priority", "Max realtime timeout",
}

// DecodeLimits reads /proc/PID/limits (proc_pid_limits(5)). Lines it does not
// know are ignored; without any it is malformed. The error wraps
// decode.ErrMalformed.
func DecodeLimits(b []byte) (Limits, error) {
	var (
		limits Limits
		seen   bool
	)
	for at := 0; at < len(b); {
		end := lineEnd(b, at)
		for i, name := range limitNames {
			values, ok := bytes.CutPrefix(b[at:end], []byte(name+" "))
			if !ok {
				continue
			}
			s := scanner{buf: b[:end], off: end - len(values), format: "proc limits"}
			limits[i].Soft, limits[i].Hard = s.limit(), s.limit()
			if s.err != nil {
				return Limits{}, s.err
			}
			seen = true
		}
		at = end + 1
	}
	if !seen {
		return Limits{}, &decode.Error{Format: "proc limits", Offset: len(b), Reason: "want at least one known line"}
	}
	return limits, nil
}

// limit reads a number or "unlimited".
func (s *scanner) limit() opt.Opt[uint64] {
	token := s.token()
	if string(token) == "unlimited" {
		return opt.Opt[uint64]{}
	}
	n, ok := parseUint(token)
	if !ok {
		s.fail("want an unsigned decimal number before here")
	}
	return opt.SomeIf(n, ok)
}

// lineEnd returns where the line at start ends: at a newline, or with b.
func lineEnd(b []byte, start int) int {
	if i := bytes.IndexByte(b[start:], '\n'); i >= 0 {
		return start + i
	}
	return len(b)
}
