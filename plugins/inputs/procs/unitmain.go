package procs

import "strings"

// isMain reports whether m is the main process of its unit, as systemd guesses it
// where the unit does not say: the oldest one whose parent is not of the unit.
func isMain(m member) bool {
	r, lives := m.(*row)
	return lives && r.gather.mainOf(unitPath(r)) == r
}

// unitPath is the path of the cgroup of the unit of r; "" without a unit.
func unitPath(r *row) string {
	if r.Origin == nil || r.Origin.Unit == "" {
		return ""
	}
	before, _, found := strings.Cut(r.Origin.Cgroup+"/", "/"+r.Origin.Unit+"/")
	if !found {
		return r.Origin.Unit
	}
	return before + "/" + r.Origin.Unit
}

// mainOf returns the main process of the unit with that path; nil where there is
// none.
func (g *gather) mainOf(path string) *row {
	if g.mains == nil {
		g.mains = map[string]*row{}
		for i := range g.rows {
			r := &g.rows[i]
			unit := unitPath(r)
			if parent := g.parentOf(r); unit == "" || parent != nil && unitPath(parent) == unit {
				continue
			}
			if known := g.mains[unit]; known == nil || byAge(r, known) < 0 {
				g.mains[unit] = r
			}
		}
	}
	if path == "" {
		return nil
	}
	return g.mains[path]
}
