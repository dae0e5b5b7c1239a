package taskiter

import (
	"context"

	"telegraf-sysprobe/sysprobe/internal/decode/taskrec"
)

// Kin reads which processes there are and which are their parents, by an iterator over
// tasks (Linux 5.8). It is not safe for concurrent use, but several are.
type Kin struct {
	passes  *passes
	release func() error
}

// OpenKin loads the program. It needs what Open does and returns such errors.
func OpenKin(ctx context.Context) (*Kin, error) {
	p, err := sharedKin.join(ctx)
	if err != nil {
		return nil, err
	}
	return &Kin{p, sharedKin.leave}, nil
}

// Read makes one pass over the processes of the caller's PID namespace, and fills
// table. It misses what Iterator.Read does, and returns such errors.
func (k *Kin) Read(ctx context.Context, table *taskrec.KinTable) error {
	table.Reset()
	nothing := func() error { return nil }
	return k.passes.pass(ctx, table, nothing, nothing)
}

// Close is Iterator.Close.
func (k *Kin) Close() error { return k.release() }
