package procs

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"telegraf-sysprobe/plugins/internal/proctable"
	"telegraf-sysprobe/sysprobe"
)

// property is a word of the option properties: facts that are read for emitted
// rows alone.
type property struct {
	name string
	read func(q *query) error
	// ask asks for all rows of a gather ahead, where that is cheaper than to read
	// one after the other.
	ask func(i *inspector, ids []sysprobe.ProcID)
	// sweep is what the row has to have, of those that can be looked up.
	sweep sysprobe.Fields
	// text are the facts of it that can be tags.
	text []string
}

// properties are the words of the option properties, the cheap ones first.
func properties() []property {
	return []property{
		{name: "cgroup", read: readOrigin, sweep: sysprobe.WantOrigin, text: originKeys()},
		{name: "cmdline", read: readCmdline, text: []string{"cmdline"}},
		{name: "exe", read: readExe, text: []string{"exe"}},
		{name: "cwd", read: readCwd, text: []string{"cwd"}},
		{name: "affinity", read: readAffinity},
		{name: "ionice", read: readIOPriority},
		{name: "limits", read: readLimits},
		{name: "environ_names", read: readEnvironNames},
		{name: "threads", read: readThreads},
		{name: "open_files", read: readOpenFiles},
		{name: "footprint", read: readFootprint},
		{name: "maps", read: readMemoryMaps},
		{name: "connections", read: readConnections, ask: askConnections},
	}
}

// propertyNames lists the words of the option properties.
func propertyNames() []string {
	names := []string{}
	for _, known := range properties() {
		names = append(names, known.name)
	}
	return names
}

// tagNames lists the words of the option tag_with.
func tagNames() []string {
	names := []string{"pid", "ppid", "status"}
	for _, known := range properties() {
		names = append(names, known.text...)
	}
	return names
}

// chosenProperties are those that names lists, and those that tags are of.
func chosenProperties(names, tagWith []string) []property {
	return slices.DeleteFunc(properties(), func(p property) bool {
		return !slices.Contains(names, p.name) &&
			!slices.ContainsFunc(p.text, func(text string) bool { return slices.Contains(tagWith, text) })
	})
}

// fact is a field, or a tag if it is a text.
type fact struct {
	name  string
	value any
}

// inspector reads the properties of processes, once a gather for each.
type inspector struct {
	properties []property
	programs   *programs
	cmdlines   proctable.Cmdlines
	account    *account
	known      map[int32][]fact       // by PID
	sockets    map[int32]socketCounts // by PID
}

// begin starts a gather.
func (i *inspector) begin(programs *programs, account *account) {
	i.programs, i.account = programs, account
	if i.known == nil {
		i.known = map[int32][]fact{}
	}
	clear(i.known)
	clear(i.sockets)
}

// expect says of which rows facts will be asked for in this gather.
func (i *inspector) expect(lists ...[]row) {
	for _, property := range i.properties {
		if property.ask == nil {
			continue
		}
		if ids := everyID(lists); len(ids) > 0 {
			property.ask(i, ids)
		}
	}
}

// everyID identifies the processes in lists, each once.
func everyID(lists [][]row) []sysprobe.ProcID {
	seen := map[sysprobe.ProcID]bool{}
	var ids []sysprobe.ProcID
	for _, rows := range lists {
		for _, r := range rows {
			if !seen[r.ID] {
				seen[r.ID] = true
				ids = append(ids, r.ID)
			}
		}
	}
	return ids
}

// facts returns the properties of p.
func (i *inspector) facts(p *sysprobe.Proc) []fact {
	if len(i.properties) == 0 {
		return nil
	}
	if facts, known := i.known[p.ID.PID]; known {
		return facts
	}
	q := query{inspector: i, proc: p}
	for _, property := range i.properties {
		i.account.missed(property.read(&q))
	}
	q.close()
	i.known[p.ID.PID] = q.facts
	return q.facts
}

// query asks one process.
type query struct {
	inspector *inspector
	proc      *sysprobe.Proc
	process   proctable.Process // nil until somebody asks
	facts     []fact
}

// open opens the process, if it is not open yet.
func (q *query) open() (proctable.Process, error) {
	if q.process == nil {
		process, err := q.inspector.programs.machine.OpenProcess(q.proc.ID)
		if err != nil {
			return nil, err
		}
		q.process = process
	}
	return q.process, nil
}

// close closes what open opened.
func (q *query) close() {
	if q.process != nil {
		q.process.Close() //nolint:errcheck // it was only read
	}
}

// answer returns what process answers to question. It returns the error of
// opening it, or that of the question.
func answer[T any](q *query, question func(proctable.Process) (T, error)) (T, error) {
	process, err := q.open()
	if err != nil {
		return *new(T), err
	}
	return question(process)
}

// set adds a fact.
func (q *query) set(name string, value any) { q.facts = append(q.facts, fact{name, value}) }

// optional adds a fact that may be absent.
func (q *query) optional(name string, value sysprobe.Opt[uint64]) {
	if v, known := value.Get(); known {
		q.set(name, v)
	}
}

// has says whether a fact of that name was added.
func (q *query) has(name string) bool {
	return slices.ContainsFunc(q.facts, func(f fact) bool { return f.name == name })
}

func readOrigin(q *query) error {
	for _, key := range originKeys() {
		if text := originText(key, q.proc.Origin); text != "" {
			q.set(key, text)
		}
	}
	return nil
}

func readCmdline(q *query) error {
	if text, known := q.inspector.programs.text(q.proc, &q.inspector.cmdlines); known {
		q.set("cmdline", text)
	}
	return nil // counted
}

func readExe(q *query) error {
	if exe, known := q.inspector.programs.exe(q.proc); known {
		q.set("exe", exe.Path)
		q.set("exe_deleted", exe.Deleted)
	}
	return nil // counted
}

func readCwd(q *query) error {
	cwd, err := answer(q, proctable.Process.Cwd)
	if err == nil {
		q.set("cwd", cwd.Path)
		q.set("cwd_deleted", cwd.Deleted)
	}
	return err
}

func readAffinity(q *query) error {
	processors, err := answer(q, proctable.Process.Affinity)
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
	priority, err := answer(q, proctable.Process.IOPriority)
	if err == nil {
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
	limits, err := answer(q, proctable.Process.Limits)
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
	environ, err := answer(q, proctable.Process.Environ)
	if err != nil {
		return err
	}
	names := make([]string, 0, len(environ))
	for _, variable := range environ {
		names = append(names, variable.Name)
	}
	q.set("environ_names", q.inspector.cmdlines.Cut(strings.Join(names, ",")))
	return nil
}

func readThreads(q *query) error {
	threads, err := answer(q, proctable.Process.Threads)
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
	footprint, err := answer(q, proctable.Process.Footprint)
	if err == nil {
		q.set("memory_pss", footprint.PSS)
		q.set("memory_uss", footprint.USS)
	}
	return err
}

func readOpenFiles(q *query) error {
	files, err := answer(q, proctable.Process.OpenFiles)
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
	regions, err := answer(q, proctable.Process.MemoryMaps)
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
