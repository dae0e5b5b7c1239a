package procs

import (
	"slices"

	"telegraf-sysprobe/plugins/internal/metric"
	"telegraf-sysprobe/plugins/internal/proctable"
	"telegraf-sysprobe/sysprobe"
)

// property is a word of the option properties: facts that are read for emitted
// rows alone.
type property struct {
	name string
	read func(q *query) error
	// ask reads the facts of all emitted rows at once, before read, where that is
	// cheaper than to read one row after the other.
	ask   func(g *gather, rows []*row)
	needs sysprobe.Fields // of the row
	text  []string        // the facts of it that can be tags
}

// properties are the words of the option properties, the cheap ones first.
func properties() []property {
	return []property{
		{name: "cgroup", read: readOrigin, needs: sysprobe.WantOrigin, text: originKeys()},
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

// tagNames lists the words of the option tag_with. The name and the user are tags
// of procs_process anyway, and of procs_top if they are listed.
func tagNames() []string {
	names := []string{"process_name", "user", "pid", "ppid", "status"}
	for _, known := range properties() {
		names = append(names, known.text...)
	}
	return names
}

// chosenProperties are the properties that names lists, and those with a fact
// that tagWith lists.
func chosenProperties(names, tagWith []string) []property {
	return slices.DeleteFunc(properties(), func(p property) bool {
		return !slices.Contains(names, p.name) &&
			!slices.ContainsFunc(p.text, func(text string) bool { return slices.Contains(tagWith, text) })
	})
}

// fact is a field. Its value is an int, an int64, a float64, a bool, a name or another
// text.
type fact struct {
	name  string
	value any
}

// name is a text that tags can have too.
type name string

// inspection holds the properties of a row.
type inspection struct {
	facts   []fact
	done    bool         // all properties are in facts
	sockets socketCounts // of askConnections
}

// inspected returns the inspection of the row, which can be empty yet.
func (r *row) inspected() *inspection {
	if r.inspection == nil {
		r.inspection = &inspection{}
	}
	return r.inspection
}

// properties reads the properties of the row, whose process with all details is
// proc.
func (r *row) properties(proc *sysprobe.Proc) []fact {
	chosen := r.gather.plan.properties
	if len(chosen) == 0 {
		return nil
	}
	own := r.inspected()
	if !own.done {
		q := query{row: r, proc: proc}
		for _, property := range chosen {
			r.gather.account.missed(property.read(&q))
		}
		q.close()
		own.facts, own.done = q.facts, true
	}
	return own.facts
}

// query reads the properties of one row.
type query struct {
	row     *row
	proc    *sysprobe.Proc    // with all details
	process proctable.Process // nil until a property needs it
	facts   []fact
}

// open opens the process, if it is not open yet.
func (q *query) open() (proctable.Process, error) {
	if q.process == nil {
		process, err := q.row.gather.machine.OpenProcess(q.proc.ID)
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

// readFrom returns what read returns for the process of q, or the error of
// opening that.
func readFrom[T any](q *query, read func(proctable.Process) (T, error)) (T, error) {
	process, err := q.open()
	if err != nil {
		return *new(T), err
	}
	return read(process)
}

// set adds a fact.
func (q *query) set(name string, value any) { q.facts = append(q.facts, fact{name, value}) }

// optional adds a number, unless it is absent.
func (q *query) optional(name string, value sysprobe.Opt[uint64]) {
	if v, known := value.Get(); known {
		q.set(name, metric.Int(v))
	}
}

// has reports whether a fact of that name was added.
func (q *query) has(name string) bool {
	return slices.ContainsFunc(q.facts, func(f fact) bool { return f.name == name })
}
