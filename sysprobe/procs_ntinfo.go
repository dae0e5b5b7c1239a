package sysprobe

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"telegraf-sysprobe/sysprobe/internal/decode"
	"telegraf-sysprobe/sysprobe/internal/decode/ntinfo"
)

// ntTable makes a snapshot of the process table of Windows.
type ntTable struct {
	boot  ntinfo.TimeOfDay
	names interner
	raw   []ntinfo.Process // of the answer that is read
	order []int32          // indices of raw by PID
	snap  ProcSnapshot
}

// Processes that are none of a program. The kernel names all but the first one.
const (
	idlePID   = 0
	systemPID = 4
	idleName  = "System Idle Process"
)

// pseudoNames are the names of processes without a program, which System starts.
var pseudoNames = []string{"Registry", "Memory Compression", "MemCompression", "Secure System", "vmmem"}

// begin empties the table.
func (t *ntTable) begin() { t.raw, t.order = t.raw[:0], t.order[:0] }

// add adds a process of the answer. It leaves out one without a thread: it exited,
// and only a handle keeps it. Windows has no zombies, as no parent has to reap it.
func (t *ntTable) add(raw *ntinfo.Process) {
	if raw.Threads == 0 && raw.PID != idlePID {
		return
	}
	t.order = append(t.order, int32(len(t.raw)))
	t.raw = append(t.raw, *raw)
}

// fill makes the rows of the snapshot, by PID, and calls more for each, with the
// record that it is made of.
func (t *ntTable) fill(want Fields, taken time.Time, more func(*Proc, *ntinfo.Process)) {
	slices.SortFunc(t.order, func(a, b int32) int { return cmp.Compare(t.raw[a].PID, t.raw[b].PID) })
	rows := t.snap.Procs[:0]
	for _, i := range t.order {
		rows = append(rows, Proc{})
		row := &rows[len(rows)-1]
		t.setRow(row, &t.raw[i], want)
		more(row, &t.raw[i])
	}
	t.snap = ProcSnapshot{Procs: rows, Taken: taken, BootTime: ntinfo.Time(t.boot.Boot), Backend: BackendNTAPI}
}

// setRow maps a record to p.
func (t *ntTable) setRow(p *Proc, raw *ntinfo.Process, want Fields) {
	p.ID = ProcID{PID: int32(raw.PID), Start: startOfNT(raw.Created, t.boot)}
	p.PPID, p.Session = int32(raw.Parent), int32(raw.Session)
	p.Comm = t.names.textBy(raw.Name, decode.UTF16)
	p.KernelThread = isPseudo(raw, p.Comm)
	if raw.PID == idlePID {
		p.Comm = idleName
	}
	p.Name = p.Comm
	p.State, p.Threads = stateOfNT(raw), raw.Threads
	if raw.PID != idlePID { // whose time is that in which no process ran
		p.UserTime, p.SystemTime = raw.UserTime, raw.KernelTime
	}
	p.MajorFaults = uint64(raw.HardFaults)
	p.MinorFaults = uint64(raw.PageFaults - min(raw.HardFaults, raw.PageFaults))
	p.RSS, p.VMS = raw.WorkingSet, raw.Private
	p.Priority = priorityOfNT(raw.Priority)
	if want&WantFDs != 0 {
		p.FDs = Some(raw.Handles)
	}
	if want&WantIO != 0 {
		p.IO = Some(ProcIO{
			ReadCalls: Some(raw.Reads), WriteCalls: Some(raw.Writes),
			ReadChars: Some(raw.ReadBytes), WriteChars: Some(raw.WriteBytes),
		})
	}
}

// startOfNT is the start of a process since boot, in ticks. The time of creation
// and the boot that never moves are by the same clock, so that the start identifies
// the process though that clock is set. What started with Windows has 0.
func startOfNT(created int64, boot ntinfo.TimeOfDay) uint64 {
	const tick = int64(time.Second/userHZ) / 100 // in units of 100 ns
	return uint64(max(created-boot.FirstBoot(), 0) / tick)
}

// isPseudo reports whether a process has no program: Idle, System, and what System
// keeps memory in.
func isPseudo(raw *ntinfo.Process, name string) bool {
	return raw.PID == idlePID || raw.PID == systemPID || raw.Parent == systemPID && slices.Contains(pseudoNames, name)
}

// stateOfNT is the state that the threads of a process make up, as psutil has it:
// stopped if all are suspended.
func stateOfNT(raw *ntinfo.Process) State {
	switch {
	case raw.PID == idlePID:
		return StateIdle
	case raw.States.IsSuspended():
		return StateStopped
	case raw.States.Running > 0:
		return StateRunning
	default:
		return StateSleeping
	}
}

// priorityOfNT is the class with that base priority; absent where there is none, as
// a program can set another base within the realtime class.
func priorityOfNT(base int32) Opt[PriorityClass] {
	switch {
	case base >= 16:
		return Some(PriorityRealtime)
	case base == 13:
		return Some(PriorityHigh)
	case base == 10:
		return Some(PriorityAboveNormal)
	case base == 8, base == 9: // 9: the foreground window's
		return Some(PriorityNormal)
	case base == 6:
		return Some(PriorityBelowNormal)
	case base == 4:
		return Some(PriorityIdle)
	default:
		return Opt[PriorityClass]{}
	}
}

// serviceOrigins are the services in each process, as origins.
type serviceOrigins struct {
	origins map[uint32]*Origin
	// read is when they were read, in units of 100 ns since 1601. A process that is
	// younger is none of them, whatever its PID.
	read int64
}

// set makes the services that each lists the origins. Each yields the names of
// services with the PIDs of their processes.
func (s *serviceOrigins) set(now int64, each func(func(name string, pid uint32)) error) error {
	names := map[uint32][]string{}
	err := each(func(name string, pid uint32) { names[pid] = append(names[pid], name) })
	if err != nil {
		return err
	}
	old := s.origins
	s.origins, s.read = make(map[uint32]*Origin, len(names)), now
	for pid, list := range names {
		slices.Sort(list)
		unit := strings.Join(list, ",")
		if known := old[pid]; known != nil && known.Unit == unit {
			s.origins[pid] = known
			continue
		}
		s.origins[pid] = &Origin{Unit: unit}
	}
	return nil
}

// of returns the origin of a process; nil where it is no service.
func (s *serviceOrigins) of(raw *ntinfo.Process) *Origin {
	if raw.Created > s.read {
		return nil
	}
	return s.origins[raw.PID]
}
