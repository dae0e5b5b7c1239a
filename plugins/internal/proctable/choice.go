package proctable

import (
	"strings"

	"telegraf-sysprobe/plugins/internal/options"
	"telegraf-sysprobe/sysprobe"
)

// UnknownUser names the owner of a process that did not tell.
const UnknownUser = "unknown"

// User names the real user of p, as inputs.procstat and psutil do.
func User(m Machine, p *sysprobe.Proc) string {
	if status, ok := p.Status.Get(); ok {
		return m.UserName(status.UID)
	}
	return UnknownUser
}

// TagName is the name of p as a tag. Kernel threads are cut at the first
// slash: what follows is a CPU, a device or, of a kworker, what it works on at
// that moment, which would make a new series each time.
func TagName(p *sysprobe.Proc) string {
	if p.KernelThread {
		name, _, _ := strings.Cut(p.Name, "/")
		return name
	}
	return p.Name
}

// Choice says which processes take part. The zero value lets all pass.
type Choice struct {
	name, user options.Globs
}

// Choose compiles the four lists of globs. It returns an error that names the
// option and the glob.
func Choose(nameInclude, nameExclude, userInclude, userExclude []string) (Choice, error) {
	name, err := options.NewGlobs("name", nameInclude, nameExclude)
	if err != nil {
		return Choice{}, err
	}
	user, err := options.NewGlobs("user", userInclude, userExclude)
	if err != nil {
		return Choice{}, err
	}
	return Choice{name: name, user: user}, nil
}

// NeedsUser says that Match looks at the user, so that a sweep has to read it.
func (c Choice) NeedsUser() bool { return !c.user.Empty() }

// Match says whether p takes part.
func (c Choice) Match(m Machine, p *sysprobe.Proc) bool {
	return c.name.Match(p.Name) && (c.user.Empty() || c.user.Match(User(m, p)))
}
