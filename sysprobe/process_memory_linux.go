package sysprobe

import (
	"context"

	"telegraf-sysprobe/sysprobe/internal/decode/procfs"
	"telegraf-sysprobe/sysprobe/internal/sys/procdir"
)

func (c *processClient) memory(ctx context.Context) (ProcessMemory, error) {
	return askAlive(ctx, c, "read memory of process", func(_ context.Context, t target) (m ProcessMemory, found bool, err error) {
		b, err := t.read(procdir.Statm)
		if err != nil {
			return m, false, err
		}
		if m.ProcMemory, err = decodeMemory(b, c.table.pageSize); err != nil {
			return m, false, err
		}
		if b, err = t.read(procdir.Status); err != nil {
			return m, false, err
		}
		st, err := procfs.DecodeStatus(b)
		m.addStatus(&st)
		return m, m.VMS > 0, err
	})
}

// addStatus adds what st of the same process has.
func (m *ProcessMemory) addStatus(st *procfs.Status) {
	m.addParts(st)
	m.Swap, m.PeakRSS, m.PeakVMS, m.HugeTLB = st.Swap, st.PeakResident, st.PeakSize, st.HugeTLB
}
