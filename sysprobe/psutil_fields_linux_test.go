package sysprobe

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"
)

// zooRow is a specimen in the process table.
type zooRow struct {
	table *ProcSnapshot
	*Proc
}

// zooFields are the same fields of ours.
var zooFields = map[string]func(t *testing.T, row zooRow, p *Process) (any, error){
	"name":   func(_ *testing.T, row zooRow, _ *Process) (any, error) { return row.Name, nil },
	"status": func(_ *testing.T, row zooRow, _ *Process) (any, error) { return row.State, nil },
	"username": func(t *testing.T, row zooRow, _ *Process) (any, error) {
		return OpenUserNames(nil).Name(t.Context(), row.Status.Or(ProcStatus{}).UID), nil
	},
	"nice":    func(_ *testing.T, row zooRow, _ *Process) (any, error) { return row.Nice, nil },
	"num_fds": func(_ *testing.T, row zooRow, _ *Process) (any, error) { return row.FDs.Or(0), nil },
	"cmdline": func(t *testing.T, _ zooRow, p *Process) (any, error) { return p.Cmdline(t.Context()) },
	"exe": func(t *testing.T, _ zooRow, p *Process) (any, error) {
		v, err := p.Exe(t.Context())
		return v.Path, err
	},
	"cwd": func(t *testing.T, _ zooRow, p *Process) (any, error) {
		v, err := p.Cwd(t.Context())
		return v.Path, err
	},
	"environ": func(t *testing.T, _ zooRow, p *Process) (any, error) {
		entries, err := p.Environ(t.Context())
		variables := map[string]string{}
		for _, v := range ParseEnviron(entries) {
			variables[v.Name] = v.Value
		}
		return variables, err
	},
	"terminal": func(t *testing.T, _ zooRow, p *Process) (any, error) { return p.Terminal(t.Context()) },
	"ionice": func(t *testing.T, _ zooRow, p *Process) (any, error) {
		v, err := p.IOPriority(t.Context())
		return []int{int(v.Class), int(v.Level)}, err
	},
	"cpu_affinity": func(t *testing.T, _ zooRow, p *Process) (any, error) { return p.Affinity(t.Context()) },
	"rlimit": func(t *testing.T, _ zooRow, p *Process) (any, error) {
		limits, err := p.Limits(t.Context())
		pairs := [][2]int64{}
		value := func(v Opt[uint64]) int64 {
			if n, limited := v.Get(); limited {
				return int64(n)
			}
			return -1
		}
		for _, l := range limits {
			pairs = append(pairs, [2]int64{value(l.Soft), value(l.Hard)})
		}
		return pairs, err
	},
	"threads": func(t *testing.T, _ zooRow, p *Process) (any, error) {
		threads, err := p.Threads(t.Context())
		rows := [][]any{}
		for _, v := range threads {
			rows = append(rows, []any{v.TID, v.UserTime / ticks(1), v.SystemTime / ticks(1)})
		}
		return rows, err
	},
	"open_files": func(t *testing.T, _ zooRow, p *Process) (any, error) {
		files, err := p.OpenFiles(t.Context())
		rows := [][]any{}
		for _, f := range files {
			rows = append(rows, []any{f.FD, f.Path, f.Position, f.Mode, f.Flags})
		}
		return rows, err
	},
	"memory_maps": func(t *testing.T, _ zooRow, p *Process) (any, error) {
		regions, err := p.MemoryMaps(t.Context())
		rows := [][]any{}
		files := GroupMemoryMaps(regions)
		slices.SortFunc(files, func(a, b MappedFile) int { return strings.Compare(a.Path, b.Path) })
		for _, f := range files {
			rows = append(rows, []any{f.Path, f.Memory.Size.Or(0), f.Memory.PrivateDirty.Or(0), f.Memory.Swap.Or(0)})
		}
		return rows, err
	},
	"memory_info": func(t *testing.T, _ zooRow, p *Process) (any, error) {
		m, err := p.Memory(t.Context())
		return []uint64{m.RSS, m.VMS}, err
	},
	"memory_pss": func(t *testing.T, _ zooRow, p *Process) (any, error) {
		f, err := p.Footprint(t.Context())
		return f.PSS, err
	},
	"memory_full_info": func(t *testing.T, _ zooRow, p *Process) (any, error) {
		f, err := p.Footprint(t.Context())
		return []uint64{f.USS, f.Swap}, err
	},
	"memory_parts": func(t *testing.T, row zooRow, _ *Process) (any, error) {
		m := row.Memory.Or(ProcMemory{})
		return []uint64{m.Shared, m.Text, m.Data}, nil
	},
	"memory_percent": func(t *testing.T, row zooRow, _ *Process) (any, error) {
		host, err := ReadMemory(nil)
		return math.Round(host.PercentOf(row.RSS)*1e6) / 1e6, err
	},
	"memory_regions": func(t *testing.T, _ zooRow, p *Process) (any, error) {
		regions, err := p.MemoryMaps(t.Context())
		rows := [][]any{}
		for i := range regions {
			r := &regions[i]
			rows = append(rows, []any{
				fmt.Sprintf("%08x-%08x", r.Start, r.End), r.Permissions, r.Path,
				r.Memory.Size.Or(0), r.Memory.RSS.Or(0), r.Memory.PrivateDirty.Or(0), r.Memory.Anonymous.Or(0), r.Memory.Swap.Or(0),
			})
		}
		return rows, err
	},
	"ppid": func(_ *testing.T, row zooRow, _ *Process) (any, error) { return row.PPID, nil },
	"create_time": func(t *testing.T, row zooRow, _ *Process) (any, error) {
		boot, err := ReadBootTime(nil)
		return row.ID.Created(boot).UnixMilli() / 10, err
	},
	"is_running": func(t *testing.T, _ zooRow, p *Process) (any, error) { return p.IsRunning(t.Context()), nil },
	"pid_exists": func(_ *testing.T, row zooRow, _ *Process) (any, error) { return PIDExists(nil, row.ID.PID) },
	"uids": func(_ *testing.T, row zooRow, _ *Process) (any, error) {
		st := row.Status.Or(ProcStatus{})
		return []uint32{st.UID, st.EUID, st.SUID}, nil
	},
	"gids": func(_ *testing.T, row zooRow, _ *Process) (any, error) {
		st := row.Status.Or(ProcStatus{})
		return []uint32{st.GID, st.EGID, st.SGID}, nil
	},
	"cpu_num": func(_ *testing.T, row zooRow, _ *Process) (any, error) { return row.CPU.Or(-1), nil },
	"cpu_times": func(t *testing.T, _ zooRow, p *Process) (any, error) {
		c, err := p.CPUTimes(t.Context())
		inTicks := []int64{}
		for _, d := range []time.Duration{c.User, c.System, c.ChildUser.Or(-1), c.ChildSystem.Or(-1), c.IOWait} {
			inTicks = append(inTicks, int64(d/ticks(1)))
		}
		return inTicks, err
	},
	"num_threads": func(_ *testing.T, row zooRow, _ *Process) (any, error) { return row.Threads, nil },
	"num_ctx_switches": func(_ *testing.T, row zooRow, _ *Process) (any, error) {
		st := row.Status.Or(ProcStatus{})
		return []uint64{st.VoluntarySwitches.Or(0), st.InvoluntarySwitches.Or(0)}, nil
	},
	"io_counters": func(_ *testing.T, row zooRow, _ *Process) (any, error) {
		io := row.IO.Or(ProcIO{})
		return []uint64{
			io.ReadCalls.Or(0), io.WriteCalls.Or(0), io.ReadBytes.Or(0), io.WriteBytes.Or(0), io.ReadChars.Or(0), io.WriteChars.Or(0),
		}, nil
	},
	"connections": func(t *testing.T, _ zooRow, p *Process) (any, error) {
		found, err := p.Connections(t.Context())
		rows := [][]any{}
		for i := range found.Sockets {
			c := connectionAsPsutil(&found.Sockets[i])
			rows = append(rows, []any{c.FD, c.Family, c.Type, c.Local + found.Sockets[i].Path, c.Remote, c.Status})
		}
		slices.SortFunc(rows, func(a, b []any) int { return a[0].(int) - b[0].(int) })
		return rows, err
	},
	"parents": func(_ *testing.T, row zooRow, _ *Process) (any, error) {
		pids := []int32{}
		for p := row.table.Parent(row.Proc); p != nil; p = row.table.Parent(p) {
			pids = append(pids, p.ID.PID)
		}
		return pids, nil
	},
	"descendants": func(t *testing.T, _ zooRow, p *Process) (any, error) {
		descendants, err := p.Descendants(t.Context())
		pids := []int32{}
		for _, c := range descendants {
			pids = append(pids, c.PID)
		}
		slices.Sort(pids)
		return pids, err
	},
	"parent": func(t *testing.T, _ zooRow, p *Process) (any, error) {
		parent, err := p.Parent(t.Context())
		return parent.Or(ProcID{}).PID, err
	},
	"children": func(t *testing.T, _ zooRow, p *Process) (any, error) {
		children, err := p.Children(t.Context())
		pids := []int32{}
		for _, c := range children {
			pids = append(pids, c.PID)
		}
		return pids, err
	},
}
