package procs

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"telegraf-sysprobe/sysprobe"
)

// Condition is a table of the options select and group_pattern. It chooses the
// processes that match one pattern of each list that is not empty.
type Condition struct {
	As          string   `toml:"as"`
	ProcessName string   `toml:"process_name"`
	Name        []string `toml:"name"`
	User        []string `toml:"user"`
	Unit        []string `toml:"unit"`
	Main        bool     `toml:"main"`
	Cgroup      []string `toml:"cgroup"`
	Container   []string `toml:"container"`
	PIDFile     []string `toml:"pid_file"`
	Exe         []string `toml:"exe"`
	Cmdline     []string `toml:"cmdline"`
	Children    int      `toml:"children"`
}

// test reports whether a member matches one list of a Condition.
type test func(m member) bool

// condition is a Condition compiled.
type condition struct {
	as          string
	processName string // replaces the tag process_name, unless empty
	needs       sysprobe.Fields
	tests       []test // what costs a file comes last
	pidFiles    *pidFiles
	capture     *capture // nil where as is the name of all
	children    int
	meant       []string // what was not written as it has to be
}

// compileConditions compiles the tables of option; patterns of group_pattern are
// named, and can be named after what they match. It returns an error that names the
// option, the value and the remedy.
func compileConditions(option string, tables []Condition) ([]condition, error) {
	named := option == "group_pattern"
	compiled := make([]condition, 0, len(tables))
	for i := range tables {
		c, err := tables[i].compile(named)
		switch {
		case err != nil:
		case strings.ContainsRune(c.as, 0):
			err = fmt.Errorf("option as: %q has a NUL, which no name has; remove it", c.as)
		case named && c.as == "":
			err = errors.New("option as: it is empty; set it to the name of the group")
		case named && c.processName != "":
			err = errors.New("option process_name: it is for rows of single processes; remove it")
		case named && slices.ContainsFunc(compiled, func(o condition) bool { return o.as == c.as }):
			err = fmt.Errorf("option as: %q is there twice; rename one", c.as)
		}
		if err != nil {
			return nil, fmt.Errorf("%s table %d: %w", option, i+1, err)
		}
		compiled = append(compiled, c)
	}
	return compiled, nil
}

// compile compiles the patterns of c. Named says that as can have parts of the
// command line.
func (c *Condition) compile(named bool) (condition, error) {
	compiled := condition{as: c.As, processName: c.ProcessName, children: c.Children}
	for _, list := range []struct {
		option   string
		patterns []string
		compile  func(patterns []string) (test, []string, error)
		needs    sysprobe.Fields
	}{
		{"name", c.Name, nameTest, sysprobe.WantName},
		{"user", c.User, userTest, sysprobe.WantStatus},
		{"unit", c.Unit, unitTest, sysprobe.WantOrigin},
		{"cgroup", c.Cgroup, cgroupTest, sysprobe.WantOrigin},
		{"container", c.Container, containerTest, sysprobe.WantOrigin},
		{"pid_file", c.PIDFile, compiled.pidFileTest, 0},
		{"exe", c.Exe, exeTest, 0},
		{"cmdline", c.Cmdline, cmdlineTest, 0},
	} {
		if len(list.patterns) == 0 {
			continue
		}
		passes, meant, err := list.compile(list.patterns)
		if err != nil {
			return condition{}, err
		}
		compiled.needs |= list.needs
		compiled.tests = append(compiled.tests, passes)
		compiled.meant = append(compiled.meant, meant...)
	}
	if c.Main {
		compiled.needs |= sysprobe.WantOrigin
		compiled.tests = append(compiled.tests, isMain)
	}
	var err error
	if compiled.capture, err = newCapture(c, named); err != nil {
		return condition{}, err
	}
	switch {
	case len(compiled.tests) == 0:
		return condition{}, errors.New(`nothing says which processes; set at least one list (name = ["*"] is everything)`)
	case c.Children < -1:
		return condition{}, fmt.Errorf("option children: %d is out of range; use 0 for none, -1 for all generations, or how many", c.Children)
	}
	return compiled, nil
}

// match reports whether m passes every test.
func (c *condition) match(m member) bool {
	for _, passes := range c.tests {
		if !passes(m) {
			return false
		}
	}
	return true
}

// fieldsOf is what the conditions look at in a snapshot.
func fieldsOf(conditions []condition) (want sysprobe.Fields) {
	for i := range conditions {
		want |= conditions[i].needs
	}
	return want
}
