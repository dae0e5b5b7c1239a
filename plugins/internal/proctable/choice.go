package proctable

import (
	"strconv"
	"strings"

	"telegraf-sysprobe/plugins/internal/options"
	"telegraf-sysprobe/sysprobe"
)

// UnknownUser is the user of a process whose status could not be read.
const UnknownUser = "unknown"

// User names the real user of p, as inputs.procstat and psutil do.
func User(m Machine, p *sysprobe.Proc) string {
	if p.Owner != "" {
		return p.Owner
	}
	if status, ok := p.Status.Get(); ok {
		return m.UserName(status.UID)
	}
	return UnknownUser
}

// UserID is the number of the real user of p; false where it is not known.
func UserID(p *sysprobe.Proc) (string, bool) {
	status, known := p.Status.Get()
	return strconv.FormatUint(uint64(status.UID), 10), known
}

// IsNumber reports whether a pattern of users is the number of one.
func IsNumber(pattern string) bool {
	_, err := strconv.ParseUint(pattern, 10, 32)
	return err == nil
}

// TagName is the name of a process as a tag. Kernel threads are cut at the
// first slash: what follows is a CPU, a device or, of a kworker, what it works
// on at that moment, which would make a new series each time.
func TagName(name string, kernelThread bool) string {
	if kernelThread {
		name, _, _ = strings.Cut(name, "/")
	}
	return name
}

// Choice holds the filters by name and user. The zero value lets all processes
// pass.
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

// NeedsUser reports whether Match looks at the user, so that a snapshot has to
// read it.
func (c Choice) NeedsUser() bool { return !c.user.Empty() }

// Match reports whether a process of that name takes part. It calls user, which
// returns the name and the number of the owner, only if it has to.
func (c Choice) Match(name string, user func() (name, number string)) bool {
	if !c.name.Match(name) {
		return false
	}
	if c.user.Empty() {
		return true
	}
	text, number := user()
	return c.user.Match(text, number)
}
