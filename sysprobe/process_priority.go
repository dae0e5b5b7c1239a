package sysprobe

import (
	"context"
	"fmt"
	"io/fs"
	"maps"
	"slices"
)

// Priority is the priority class of the process, which only Windows has
// (GetPriorityClass): psutil's nice() there. It needs no privilege. A row of the
// process table has the class that its base priority is of.
func (p *Process) Priority(ctx context.Context) (PriorityClass, error) { return p.client.priority(ctx) }

// SetPriority sets the priority class (SetPriorityClass), as SetNice does where there
// are nice values. It needs the right to change the process, which the same user has,
// and the realtime class SeIncreaseBasePriorityPrivilege, without which Windows sets
// PriorityHigh. A class that there is not is out of range.
func (p *Process) SetPriority(class PriorityClass) error {
	var invalid error
	if _, known := priorityClassNames[class]; !known {
		invalid = fmt.Errorf("priority class %d is none of %v: %w", uint16(class), slices.Sorted(maps.Keys(priorityClassNames)), fs.ErrInvalid)
	}
	return p.client.setPriority(class, p.argument(invalid))
}

// checkIOPriority returns an error where p cannot be set: it needs a hint where
// hinted, and only then may have one.
func checkIOPriority(p IOPriority, hinted bool) error {
	switch hint, known := p.Hint.Get(); {
	case known != hinted && hinted:
		return fmt.Errorf("no hint, which is all that Windows has: %w", fs.ErrInvalid)
	case known != hinted:
		return fmt.Errorf("hint %v, which only Windows has: %w", hint, fs.ErrInvalid)
	case known:
		return inRange("hint of I/O priority", int(hint), int(IOHintVeryLow), int(IOHintCritical))
	default:
		return nil
	}
}
