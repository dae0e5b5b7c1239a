package procs

import (
	"slices"
	"strings"

	"telegraf-sysprobe/plugins/internal/message"
	"telegraf-sysprobe/plugins/internal/options"
	"telegraf-sysprobe/plugins/internal/proctable"
	"telegraf-sysprobe/sysprobe"
)

// logNotices logs each notice once, since most repeat at every gather. Omitted
// is the number of processes that procs_process left out.
func (g *gather) logNotices(omitted uint64) {
	once := &g.state.notices
	g.logUnknownUsers()
	g.logIncluded()
	if omitted > 0 && once.First("max_processes") {
		g.Log.Warnf("Option max_processes: procs_process leaves out %d of %d processes, kernel threads first and then the youngest; choose fewer or raise it",
			omitted, omitted+uint64(g.MaxProcesses))
	}
	g.logOverflows()
	g.logDenied()
	if n := g.snapshot.ExitedLost; n > 0 && once.First("ended_lost") {
		g.Log.Warnf("The sums lack %s: more processes exited since the last gather than there is room for; gather more often", message.Count(n, "exit"))
	}
	if err := g.snapshot.ExitedErr; err != nil && g.snapshot.Backend == sysprobe.BackendBPF && once.First("ended") {
		g.Log.Infof("Processes that begin and exit between two gathers are in no sum: %v", err)
	}
	if g.snapshot.Backend != sysprobe.BackendNTAPI && g.snapshot.Find(1) == nil && once.First("hidden") {
		g.Log.Warn("Process 1 cannot be seen, so others might be hidden too (mount option hidepid, ProtectProc= of systemd), and are not counted")
	}
}

// logDenied says how many facts this user must not read, and of which process, and
// why, where the table knows.
func (g *gather) logDenied() {
	n := g.snapshot.Denied + g.account.withheld
	if n == 0 || !g.state.notices.First("denied") {
		return
	}
	if first, known := g.snapshot.FirstDenied.Get(); known {
		g.Log.Infof("This user is not permitted to read %s of processes, left out here: %v; see Privileges in the README", message.Count(n, "fact"), first)
		return
	}
	g.Log.Infof("This user is not permitted to read %s of other users' processes, left out here; see Privileges in the README", message.Count(n, "fact"))
}

// logOverflows says which groupings have more groups than they may.
func (g *gather) logOverflows() {
	for _, grouping := range g.state.groupings {
		if grouping.overflowed && g.state.notices.First("max_groups "+grouping.name()) {
			g.Log.Warnf("Option max_groups: %q has more than %s, and all others are in the group %q; narrow the filters or raise it",
				grouping.name(), message.Count(g.MaxGroups, "group"), restGroup)
		}
	}
}

// logIncluded says that the include lists match nothing, after the first gather.
func (g *gather) logIncluded() {
	include := slices.Concat(g.NameInclude, g.UserInclude)
	if g.state.notices.First("include") && len(include) > 0 && len(g.Collect) > 0 && len(g.rows) == 0 {
		g.Log.Warnf("Options name_include and user_include: no process matches them yet%s", options.RegexpHint(include))
	}
}

// logUnknownUsers says which users of the options have no name here.
func (g *gather) logUnknownUsers() {
	if !g.state.notices.First("users") {
		return
	}
	if unknown := slices.DeleteFunc(g.usersNamed(), g.machine.HasUser); len(unknown) > 0 {
		g.Log.Warnf("Users %s are in no passwd file that this plugin reads, and no service of systemd's user database knows them; their numbers match too",
			strings.Join(unknown, ", "))
	}
}

// usersNamed are the names of users that the options have, without globs and
// numbers.
func (p *Procs) usersNamed() []string {
	all := slices.Concat(p.UserInclude, p.UserExclude)
	for _, tables := range [][]Condition{p.Select, p.GroupPattern} {
		for i := range tables {
			all = append(all, tables[i].User...)
		}
	}
	all = slices.DeleteFunc(all, func(user string) bool { return proctable.IsNumber(user) || strings.ContainsAny(user, `*?[]{}\\`) })
	slices.Sort(all)
	return slices.Compact(all)
}
