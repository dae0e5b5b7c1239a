package sysprobe

import (
	"maps"
	"strconv"
)

// jailName returns the name of a jail of FreeBSD by its number.
type jailName func(id int32) (string, error)

// jails are the jails of FreeBSD that processes are in.
type jails struct {
	name  jailName
	known map[int32]*Origin
	asked map[int32]bool // those whose name was asked for since begin
}

// begin begins a look at processes: a jail can have another name by then, and its
// number can be that of another jail.
func (j *jails) begin() { clear(j.asked) }

// forget forgets the jails that no process was in since begin.
func (j *jails) forget() {
	maps.DeleteFunc(j.known, func(id int32, _ *Origin) bool { return !j.asked[id] })
}

// origin is the Origin of the processes in a jail, the same one each time until it has
// another name. The host, 0, has none.
func (j *jails) origin(id int32) *Origin {
	if id == 0 {
		return nil
	}
	if j.asked[id] {
		return j.known[id]
	}
	j.asked[id] = true
	name := strconv.Itoa(int(id)) // what a jail is called that nobody gave a name
	before := j.known[id]
	switch given, err := j.name(id); {
	case err == nil && given != "":
		name = given
	case before != nil: // it ends, before its last process
		return before
	}
	if before == nil || before.Container != name {
		j.known[id] = &Origin{Container: name, Runtime: "jail"}
	}
	return j.known[id]
}
