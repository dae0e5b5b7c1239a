package procs

import (
	"slices"
	"strings"

	"telegraf-sysprobe/plugins/internal/proctable"
	"telegraf-sysprobe/sysprobe"
)

// plan is what Init made of the options: it does not change between gathers.
type plan struct {
	choice     proctable.Choice
	selection  []condition // of the option select
	patterns   []condition // of the option group_pattern
	properties []property
	cmdlines   proctable.Cmdlines

	summed sysprobe.Fields // the optional facts that totals and groups sum up
	needed sysprobe.Fields // what every snapshot has to have
	shown  sysprobe.Fields // what rows of single processes show
}

// Init checks and compiles the options. Every error names the option, its
// value and the remedy.
func (p *Procs) Init() error {
	backend, err := proctable.Backend(p.Backend)
	if err != nil {
		return err
	}
	if p.open == nil {
		if err := sysprobe.Supported(sysprobe.FeatureProcs); err != nil {
			return err
		}
		p.open = proctable.Opener(sysprobe.Config{Backend: backend}, p.Log)
	}
	if err := p.check(); err != nil {
		return err
	}
	groupings, err := p.compile()
	if err != nil {
		return err
	}
	p.plan.chooseFields(&p.Options, groupings)
	p.logMeant()
	p.state = state{history: history{want: p.plan.summed}, groupings: groupings}
	return nil
}

// compile compiles the options with patterns into p.plan. It returns the
// groupings of the option group_by.
func (p *Procs) compile() ([]*grouping, error) {
	plan := &p.plan
	var err error
	if plan.choice, err = proctable.Choose(p.NameInclude, p.NameExclude, p.UserInclude, p.UserExclude); err != nil {
		return nil, err
	}
	if plan.selection, err = compileConditions("select", p.Select); err != nil {
		return nil, err
	}
	if plan.patterns, err = compileConditions("group_pattern", p.GroupPattern); err != nil {
		return nil, err
	}
	groupings, err := newGroupings(p.GroupBy, p.MaxGroups, plan.patternNames())
	if err != nil {
		return nil, err
	}
	byPattern := slices.ContainsFunc(groupings, func(g *grouping) bool { return g.hasKey(patternKey) })
	if err := p.checkTables(byPattern); err != nil {
		return nil, err
	}
	plan.properties = chosenProperties(p.Properties, p.TagWith)
	plan.cmdlines, err = proctable.NewCmdlines(p.Redact, p.MaxCmdline)
	return groupings, err
}

// logMeant says, in one message, what is taken for something else than it says.
func (p *Procs) logMeant() {
	var meant []string
	for _, conditions := range [][]condition{p.plan.selection, p.plan.patterns} {
		for i := range conditions {
			meant = append(meant, conditions[i].meant...)
		}
	}
	if len(meant) > 0 && p.Log != nil {
		p.Log.Infof("As they are, these would match nothing; the plugin takes %s", strings.Join(meant, ", "))
	}
}

// chooseFields sets the fields that snapshots and rows need.
func (l *plan) chooseFields(o *Options, groupings []*grouping) {
	l.summed = 0
	for _, detail := range o.GroupDetails {
		l.summed |= detailFields[detail]
	}
	l.shown = allDetails
	for _, property := range l.properties {
		l.shown |= property.needs
	}
	l.needed = l.neededFields(o, groupings)
}

// neededFields is the least that a snapshot has to read of every process. What
// only emitted rows need is looked up for these alone.
func (l *plan) neededFields(o *Options, groupings []*grouping) sysprobe.Fields {
	if len(o.Collect) == 0 {
		return 0
	}
	want := sysprobe.WantName
	if l.choice.NeedsUser() {
		want |= sysprobe.WantStatus
	}
	if o.collects("top") {
		for _, key := range o.TopBy {
			want |= topKeys[topKeyIndex(key)].needs
		}
	}
	if o.collects("process") {
		want |= fieldsOf(l.selection)
	}
	if o.collects("group") {
		want |= fieldsOf(l.patterns) | l.summed
		for _, g := range groupings {
			want |= g.needs()
		}
	}
	return want
}

// wanted is what the next snapshot reads. BPF reads for nothing what rows show.
func (p *Procs) wanted() sysprobe.Fields {
	if p.machine.Backend().Used == sysprobe.BackendBPF && len(p.Collect) > 0 {
		return p.plan.needed | p.plan.shown
	}
	return p.plan.needed
}

// allDetails are the optional facts that every row of a single process shows.
const allDetails = sysprobe.WantStatus | sysprobe.WantMemory | sysprobe.WantIO | sysprobe.WantFDs | sysprobe.WantFDLimit

// detailFields are the facts behind the words of the option group_details.
var detailFields = map[string]sysprobe.Fields{
	"io": sysprobe.WantIO, "fds": sysprobe.WantFDs, "switches": switchFields, "memory": sysprobe.WantMemory | sysprobe.WantStatus,
	"fd_usage": sysprobe.WantFDs | sysprobe.WantFDLimit,
}
