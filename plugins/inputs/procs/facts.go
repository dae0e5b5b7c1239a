package procs

import (
	"math"
	"strconv"
	"strings"

	"telegraf-sysprobe/plugins/internal/metric"
	"telegraf-sysprobe/plugins/internal/proctable"
	"telegraf-sysprobe/sysprobe"
)

func readOrigin(q *query) error {
	for _, key := range originKeys() {
		if text, known := originText(key, q.proc.Origin); known {
			q.set(key, name(text))
		}
	}
	return nil
}

func readCmdline(q *query) error {
	if program, known := q.row.cmdline(); known {
		q.set("cmdline", program.shown(&q.row.gather.plan.cmdlines))
	}
	return nil // the row counts what it misses
}

func readExe(q *query) error {
	if exe, known := q.row.exe(); known {
		q.set("exe", name(exe.Path))
		q.set("exe_deleted", exe.Deleted)
	}
	return nil // the row counts what it misses
}

func readCwd(q *query) error {
	cwd, err := readFrom(q, proctable.Process.Cwd)
	if err == nil {
		q.set("cwd", name(cwd.Path))
		q.set("cwd_deleted", cwd.Deleted)
	}
	return err
}

func readAffinity(q *query) error {
	processors, err := readFrom(q, proctable.Process.Affinity)
	if err == nil {
		q.set("affinity", ranges(processors))
		q.set("affinity_count", len(processors))
	}
	return err
}

// ranges writes ascending numbers as cpuset(7) does: 0-3,8.
func ranges(numbers []int) string {
	var b strings.Builder
	for i := 0; i < len(numbers); i++ {
		if b.Len() > 0 {
			b.WriteByte(',')
		}
		b.WriteString(strconv.Itoa(numbers[i]))
		first := i
		for i+1 < len(numbers) && numbers[i+1] == numbers[i]+1 {
			i++
		}
		if i > first {
			b.WriteString("-" + strconv.Itoa(numbers[i]))
		}
	}
	return b.String()
}

func readIOPriority(q *query) error {
	priority, err := readFrom(q, proctable.Process.IOPriority)
	switch hint, known := priority.Hint.Get(); {
	case err != nil:
	case known:
		q.set("ionice_hint", hint.String())
		q.set("ionice_hint_code", int(hint))
	default:
		q.set("ionice_class", priority.Class.String())
		q.set("ionice_class_code", int(priority.Class))
		q.set("ionice_level", int(priority.Level))
	}
	return err
}

// limitFields names the limits as inputs.procstat does, and those it has not
// likewise.
var limitFields = [...]string{
	sysprobe.ResourceCPU:        "cpu_time",
	sysprobe.ResourceFileSize:   "file_size",
	sysprobe.ResourceData:       "memory_data",
	sysprobe.ResourceStack:      "memory_stack",
	sysprobe.ResourceCore:       "core_size",
	sysprobe.ResourceRSS:        "memory_rss",
	sysprobe.ResourceProcesses:  "num_processes",
	sysprobe.ResourceFiles:      "num_fds",
	sysprobe.ResourceMemLock:    "memory_locked",
	sysprobe.ResourceMemory:     "memory_vms",
	sysprobe.ResourceLocks:      "file_locks",
	sysprobe.ResourceSigPending: "signals_pending",
	sysprobe.ResourceMsgQueue:   "message_queues",
	sysprobe.ResourceNice:       "nice_priority",
	sysprobe.ResourceRTPriority: "realtime_priority",
	sysprobe.ResourceRTTime:     "realtime_time",
}

func readLimits(q *query) error {
	limits, err := readFrom(q, proctable.Process.Limits)
	if err != nil {
		return err
	}
	for resource, name := range limitFields {
		q.set("rlimit_"+name+"_soft", signed(limits[resource].Soft))
		q.set("rlimit_"+name+"_hard", signed(limits[resource].Hard))
	}
	return nil
}

// signed is a limit as an integer of line protocol, whose highest value stands
// for none, as in inputs.procstat.
func signed(limit sysprobe.Opt[uint64]) int64 {
	return int64(min(limit.Or(math.MaxUint64), math.MaxInt64))
}

func readEnvironNames(q *query) error {
	environ, err := readFrom(q, proctable.Process.Environ)
	if err != nil {
		return err
	}
	names := make([]string, 0, len(environ))
	for _, variable := range environ {
		names = append(names, variable.Name)
	}
	q.set("environ_names", q.row.gather.plan.cmdlines.Cut(strings.Join(names, ",")))
	return nil
}

func readThreads(q *query) error {
	threads, err := readFrom(q, proctable.Process.Threads)
	if err != nil {
		return err
	}
	counts := map[string]int{"running": 0, "sleeping": 0, "blocked": 0}
	for _, thread := range threads {
		counts[stateField(thread.State)]++
	}
	for state, n := range counts {
		q.set("threads_"+state, n)
	}
	return nil
}

func readFootprint(q *query) error {
	footprint, err := readFrom(q, proctable.Process.Footprint)
	if err == nil {
		q.set("memory_pss", metric.Int(footprint.PSS))
		q.set("memory_uss", metric.Int(footprint.USS))
	}
	return err
}

func readOpenFiles(q *query) error {
	files, err := readFrom(q, proctable.Process.OpenFiles)
	if err != nil {
		return err
	}
	writable := 0
	for i := range files {
		if files[i].Mode != "r" && files[i].Mode != "" {
			writable++
		}
	}
	q.set("num_files", len(files))
	q.set("num_files_writable", writable)
	return nil
}

// readMemoryMaps sums up all regions, as inputs.procstat does.
func readMemoryMaps(q *query) error {
	regions, err := readFrom(q, proctable.Process.MemoryMaps)
	if err != nil {
		return err
	}
	q.set("num_maps", len(regions))
	for i := range regions {
		regions[i].Path = "" // into one sum
	}
	for _, all := range sysprobe.GroupMemoryMaps(regions) {
		m := &all.Memory
		q.optional("memory_size", m.Size)
		if !q.has("memory_pss") { // of the footprint
			q.optional("memory_pss", m.PSS)
		}
		q.optional("memory_shared_clean", m.SharedClean)
		q.optional("memory_shared_dirty", m.SharedDirty)
		q.optional("memory_private_clean", m.PrivateClean)
		q.optional("memory_private_dirty", m.PrivateDirty)
		q.optional("memory_referenced", m.Referenced)
		q.optional("memory_anonymous", m.Anonymous)
	}
	return nil
}
