package sysprobe

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"telegraf-sysprobe/sysprobe/internal/sys/ntapi"
)

// change calls f with a handle that has rights to change the process, unless the value
// is invalid.
func (p *processClient) change(op string, rights uint32, invalid error, f func(*ntapi.Process) error) error {
	if invalid != nil {
		return p.opError(op, invalid)
	}
	_, err := askNT(context.Background(), p, op, func(*ntapi.Process) (struct{}, error) {
		// The handle of p keeps the PID from being used again.
		h, err := ntapi.Open(uint32(p.id.PID), rights)
		if err != nil {
			return struct{}{}, err
		}
		defer h.Close() //nolint:errcheck // the result counts
		return struct{}{}, f(h)
	})
	return err
}

func (p *processClient) suspend() error {
	return p.change("suspend process", ntapi.SuspendRights, nil, (*ntapi.Process).Suspend)
}

func (p *processClient) resume() error {
	return p.change("resume process", ntapi.SuspendRights, nil, (*ntapi.Process).Resume)
}

func (p *processClient) priority(ctx context.Context) (PriorityClass, error) {
	class, err := askNT(ctx, p, "read priority class of process", (*ntapi.Process).Priority)
	return PriorityClass(class), err
}

func (p *processClient) setPriority(class PriorityClass, invalid error) error {
	return p.change("set priority class of process", ntapi.SetRights, invalid, func(h *ntapi.Process) error {
		return h.SetPriority(uint32(class))
	})
}

// setAffinity leaves out processors that the machine has not, as Linux does.
func (p *processClient) setAffinity(cpus []int, invalid error) error {
	var wanted uint64
	for _, cpu := range cpus {
		if cpu >= 0 && cpu < 64 {
			wanted |= 1 << cpu
		}
	}
	return p.change("set affinity of process", ntapi.SetRights, invalid, func(h *ntapi.Process) error {
		masks, err := h.Affinity()
		switch {
		case err != nil:
			return err
		case masks.System == 0: // it runs in several groups of processors
			return ErrNotSupported
		case wanted&masks.System == 0:
			return fmt.Errorf("none of the processors %v is in its group: %w", cpus, fs.ErrInvalid)
		default:
			return h.SetAffinity(wanted & masks.System)
		}
	})
}

func (p *processClient) ioPriority(ctx context.Context) (IOPriority, error) {
	hint, err := askNT(ctx, p, "read I/O priority of process", (*ntapi.Process).IOPriority)
	return IOPriority{Hint: someIf(IOHint(hint), err == nil)}, err
}

func (p *processClient) setIOPriority(priority IOPriority, invalid error) error {
	invalid = errors.Join(invalid, checkIOPriority(priority, true))
	return p.change("set I/O priority of process", ntapi.SetRights, invalid, func(h *ntapi.Process) error {
		return h.SetIOPriority(uint32(priority.Hint.Or(0)))
	})
}
