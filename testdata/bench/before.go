package main

import (
	"slices"
	"strings"
)

// before is the worker that is this program as built from another commit, of
// which the option -before names the file.
const before = "before"

// ours are the beginnings of the keys of the tasks that measure this project.
var ours = []string{"procs ", "zombies ", "nicaddrs", "nicwatch", "nicstats", "inputs.procs", "inputs.zombies", "inputs.nic"}

// isOurs reports whether a task measures this project and not a peer.
func (t *task) isOurs() bool {
	return t.worker == "go" && t.key != "inputs.procstat" &&
		slices.ContainsFunc(ours, func(beginning string) bool { return strings.HasPrefix(t.key+" ", beginning) })
}

// addBefore lets the build of the other commit take its turn after each task
// that measures this project.
func (g *group) addBefore() {
	var tasks []*task
	for _, t := range g.Tasks {
		tasks = append(tasks, t)
		if t.isOurs() {
			tasks = append(tasks, &task{Name: t.Name + ", before", worker: before, key: t.key})
		}
	}
	g.Tasks = tasks
}

// noise is how much more of the CPU time of the build before a task might take:
// two runs of one build differ by that much.
const noise = 1.03

// stray is how many allocations a pass might have that are not its own: the
// runtime makes one now and then.
const stray = 1

// judgeBefore holds each task of this project against the build before. A task
// that only one of them has is left out.
func judgeBefore(r *report) []requirement {
	var requirements []requirement
	for _, g := range r.Groups {
		for _, old := range g.Tasks {
			if old.worker != before || old.Error != "" {
				continue
			}
			now := findIn(r, g.Name, "go", old.key)
			requirements = append(requirements,
				compareTimes(g.Name+", "+old.key+", times the build before", now, old.figures, noise),
				requirement{
					Name: g.Name + ", " + old.key + ", allocations more than before", Limit: stray,
					Value: float64(now.Allocs) - float64(old.Allocs), Measured: now.Rows > 0,
				})
		}
	}
	return requirements
}
