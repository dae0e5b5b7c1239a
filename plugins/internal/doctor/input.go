package doctor

import (
	"slices"
	"strings"
	"time"

	"github.com/influxdata/telegraf"

	"telegraf-sysprobe/sysprobe"
)

// About is an input that reports on the program that it runs in.
type About struct {
	version  string
	backends []func() sysprobe.BackendStatus
	exits    error
	gathered bool
}

// NewAbout returns an input that sends version, and by which of backends processes
// are read.
func NewAbout(version string, backends []func() sysprobe.BackendStatus) *About {
	return &About{version: version, backends: backends}
}

// SampleConfig is empty: nothing of it can be configured.
func (*About) SampleConfig() string { return "" }

// Init finds out, once, whether the ends of processes are told.
func (a *About) Init() error {
	a.exits = examineExits(sysprobe.ConfigFromEnv())
	return nil
}

// patience is how long the first gather waits until other inputs have read the
// processes for the first time.
const patience = 2 * time.Second

// Gather sends one row. It never fails.
func (a *About) Gather(acc telegraf.Accumulator) error {
	names, used := a.used()
	for deadline := time.Now().Add(patience); !a.gathered && len(names) == 0 && len(a.backends) > 0 && time.Now().Before(deadline); names, used = a.used() {
		time.Sleep(10 * time.Millisecond)
	}
	a.gathered = true
	var missing []string
	if s, err := sysprobe.ReadSandbox(nil); err == nil {
		missing = MissingCapabilities(&s, used, a.exits)
	}
	send(acc, a.version, strings.Join(names, ","), missing, time.Now())
	return nil
}

// used returns the names of the backends that are in use, and one of them: one that
// is in use for want of BPF, if there is any.
func (a *About) used() (names []string, used sysprobe.BackendStatus) {
	for _, backend := range a.backends {
		status := backend()
		if status.Used == sysprobe.BackendAuto {
			continue // it has read nothing yet
		}
		if name := status.Used.String(); !slices.Contains(names, name) {
			names = append(names, name)
		}
		if used.Reason == nil {
			used = status
		}
	}
	slices.Sort(names)
	return names, used
}
