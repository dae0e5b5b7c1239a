package doctor

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"telegraf-sysprobe/sysprobe"
)

// State says what a row means.
type State string

// The states.
const (
	OK      State = "ok"      // nothing to do
	Note    State = "note"    // worth knowing, and not in the way
	Missing State = "missing" // facts are lost
	Failed  State = "failed"  // an input or the configuration does not work
)

// Row is one fact.
type Row struct {
	Fact  string `json:"fact"`
	State State  `json:"state"`
	Says  string `json:"says"`
	// Costs is what is lost, and Remedy how to get it; empty where nothing is.
	Costs  string `json:"costs,omitempty"`
	Remedy string `json:"remedy,omitempty"`
}

// Rows returns what the facts mean, one row each.
func (f *Facts) Rows() []Row {
	rows := []Row{{Fact: "program", State: OK, Says: f.Version}, f.user()}
	if f.SandboxErr == nil {
		rows = append(rows, f.kernel())
	}
	rows = append(rows, f.backend())
	if f.SandboxErr == nil {
		rows = append(rows, f.capabilities(), f.newPrivileges(), f.seccomp(), f.hidePID(), f.subset())
		rows = append(rows, f.namespaces()...)
		rows = append(rows, f.ethtool(), f.exits(), f.otherNamespaces(), f.place())
	}
	return append(rows, f.inputs()...)
}

// Code is the exit status that rows stand for: 0 where nothing is missing, 2 where
// something is, and 1 where an input or the configuration does not work.
func Code(rows []Row) int {
	has := func(state State) bool { return slices.ContainsFunc(rows, func(r Row) bool { return r.State == state }) }
	switch {
	case has(Failed):
		return 1
	case has(Missing):
		return 2
	}
	return 0
}

func (f *Facts) user() Row {
	says := fmt.Sprintf("user ID %d on %s", f.UID, f.System)
	if f.UID < 0 {
		says = f.System
	}
	return Row{Fact: "user", State: OK, Says: says}
}

func (f *Facts) kernel() Row {
	if f.Sandbox.BTF {
		return Row{Fact: "kernel", State: OK, Says: f.Sandbox.Kernel + ", with BTF"}
	}
	return Row{
		Fact: "kernel", State: Missing, Says: f.Sandbox.Kernel + ", without BTF or with a /sys that does not show it",
		Costs: "processes cannot be read by BPF", Remedy: "a kernel with CONFIG_DEBUG_INFO_BTF=y, as distributions have it, and the /sys of the machine",
	}
}

const costsOfFiles = "a gather of processes takes ten times the CPU time, and I/O counts and exit codes of other users' processes are absent"

func (f *Facts) backend() Row {
	row := Row{Fact: "backend", State: OK, Says: "processes are read through " + f.Backend.Used.String()}
	switch reason := f.Backend.Reason; {
	case f.BackendErr != nil:
		row.State, row.Says, row.Costs = Failed, f.BackendErr.Error(), "procs and zombies have no rows"
		row.Remedy = "mount proc(5) at /proc, or set HOST_PROC to where that of the host is"
	case reason != nil:
		row.State, row.Costs = Missing, costsOfFiles
		row.Says += ": " + reason.Error()
		row.Remedy = f.remedyForBPF(reason)
	}
	return row
}

// remedyForBPF returns what lets processes be read by BPF, which reason keeps from it.
func (f *Facts) remedyForBPF(reason error) string {
	needs := slices.DeleteFunc([]string{capBPF, capPerfmon}, func(name string) bool { return slices.Contains(f.Sandbox.Effective, name) })
	switch {
	case !errors.Is(reason, sysprobe.ErrAccessDenied):
		return "see the message: the kernel or its namespaces lack what BPF needs"
	case f.notOfMachine("user"):
		return "run in the user namespace of the machine: BPF is not for others"
	case len(needs) == 0 && f.Sandbox.Seccomp != "off":
		return "permit bpf(2) and perf_event_open(2): SystemCallFilter=bpf perf_event_open of systemd, or --security-opt seccomp=unconfined of a container"
	case len(needs) == 0:
		return "a security module or lockdown=confidentiality refuses BPF: its log says which"
	}
	return f.grant(needs)
}

// grant returns the command that grants capabilities here.
func (f *Facts) grant(names []string) string {
	if f.Sandbox.Container != "" {
		var flags []string
		for _, name := range names {
			flags = append(flags, "--cap-add="+strings.TrimPrefix(name, "CAP_"))
		}
		return "start the container with " + strings.Join(flags, " ")
	}
	lines := `[Service]\nAmbientCapabilities=` + strings.Join(names, " ") + `\n`
	if slices.ContainsFunc(names, func(name string) bool { return !slices.Contains(f.Sandbox.Bounding, name) }) {
		lines += `CapabilityBoundingSet=` + strings.Join(names, " ") + `\n`
	}
	file := strings.ToLower(strings.Join(names, "-"))
	const directory = "/etc/systemd/system/telegraf.service.d"
	return fmt.Sprintf("sudo mkdir -p %s && printf '%s' | sudo tee %s/%s.conf && sudo systemctl daemon-reload && sudo systemctl restart telegraf",
		directory, lines, directory, file)
}

func (f *Facts) capabilities() Row {
	missing := MissingCapabilities(&f.Sandbox, f.Backend, f.Exits)
	row := Row{Fact: "capabilities", State: OK, Says: "this program has what it can use"}
	if len(missing) == 0 {
		return row
	}
	row.State, row.Says, row.Remedy = Missing, "missing "+strings.Join(missing, ", "), f.grant(missing)
	if f.Privileges.Withheld != "" {
		row.Says += fmt.Sprintf("; the file of this program grants %s, which %s withholds", f.Privileges.Withheld, cmp.Or(f.Privileges.By, "something"))
	}
	costs := map[string]string{
		capBPF: costsOfFiles, capPtrace: "how a zombie of another user died, and what another user's process executes, is absent",
		capNetAdmin: "ends of processes are found at the next gather, and ages of zombies are inexact",
	}
	var lost []string
	for _, name := range missing {
		if text := costs[name]; text != "" {
			lost = append(lost, text)
		}
	}
	row.Costs = strings.Join(lost, "; ")
	return row
}

func (f *Facts) newPrivileges() Row {
	if !f.Sandbox.NoNewPrivileges {
		return Row{Fact: "no_new_privileges", State: OK, Says: "off: file capabilities of the program have an effect"}
	}
	return Row{
		Fact: "no_new_privileges", State: Note, Says: "on (NoNewPrivileges=yes of systemd): file capabilities of the program have no effect",
		Remedy: "AmbientCapabilities= works all the same",
	}
}

func (f *Facts) seccomp() Row {
	if f.Sandbox.Seccomp == "off" {
		return Row{Fact: "seccomp", State: OK, Says: "off: no system call is refused"}
	}
	return Row{
		Fact: "seccomp", State: Note, Says: f.Sandbox.Seccomp + ": system calls can be refused (SystemCallFilter=, RestrictAddressFamilies= of systemd)",
		Remedy: "where an input fails, permit AF_NETLINK, bpf and perf_event_open",
	}
}

func (f *Facts) hidePID() Row {
	option, mounted := f.Sandbox.HidePID.Get()
	row := Row{Fact: "hidepid", State: OK, Says: "no process is hidden"}
	switch {
	case f.HidesInit:
		row.State, row.Says = Missing, "processes of other users are hidden: process 1 is not to be seen"
		row.Costs = "they are in no total, rank or group, and their zombies are not counted"
		row.Remedy = "ProtectProc=default in the unit, or gid= of a group of this user in the mount options of /proc; or " + f.grant([]string{capPtrace})
	case option != "":
		row.State, row.Says = Note, "hidepid="+option+", and this user sees processes of others all the same"
	case !mounted:
		row.State, row.Says = Note, "no proc(5) is mounted at HOST_PROC or /proc itself, so that its options are not known"
	}
	return row
}

func (f *Facts) subset() Row {
	if f.Sandbox.Subset.Or("") == "" {
		return Row{Fact: "subset", State: OK, Says: "proc(5) shows the machine too"}
	}
	return Row{
		Fact: "subset", State: Missing, Says: "proc(5) is mounted with subset=" + f.Sandbox.Subset.Or(""),
		Costs: "limits of the machine, such as pid_limit, are absent", Remedy: "ProcSubset=all in the unit",
	}
}

// notOfMachine reports that the namespace of that kind is known to be another one
// than that of the machine.
func (f *Facts) notOfMachine(kind string) bool {
	return slices.ContainsFunc(f.Sandbox.Namespaces, func(n sysprobe.Namespace) bool { return n.Kind == kind && !n.OfMachine.Or(true) })
}

// namespaceCosts are what is lost in another namespace than that of the machine, and
// the remedy.
var namespaceCosts = map[string][2]string{
	"net":  {"interfaces and addresses are those of this namespace, and not of the machine", "--network=host of a container; PrivateNetwork=no in the unit"},
	"pid":  {"processes are those of this namespace, and not of the machine", "--pid=host of a container"},
	"time": {"processes cannot be read by BPF where the offset is not that of /proc", "start the program outside of the time namespace"},
	"user": {
		"capabilities have no effect on processes and interfaces of the machine, and BPF cannot be used",
		"--userns=host of a container; PrivateUsers=no in the unit",
	},
}

// namespaces returns a row for each kind.
func (f *Facts) namespaces() []Row {
	var rows []Row
	for _, n := range f.Sandbox.Namespaces {
		row := Row{Fact: "namespace_" + n.Kind, State: OK, Says: "that of the machine"}
		ofMachine, known := n.OfMachine.Get()
		costs, matters := namespaceCosts[n.Kind]
		switch {
		case !known:
			row.State, row.Says = Note, "this user cannot find out whether it is that of the machine"
		case !ofMachine && matters:
			row.State, row.Says, row.Costs, row.Remedy = Missing, "another one than that of the machine", costs[0], costs[1]
		case !ofMachine:
			row.State, row.Says = Note, "another one than that of the machine, which changes nothing here"
		}
		rows = append(rows, row)
	}
	return rows
}

func (f *Facts) ethtool() Row {
	row := Row{Fact: "ethtool", State: OK, Says: "drivers are asked for speed, duplex and port through ethtool netlink"}
	switch {
	case f.Links != nil:
		row.State, row.Says, row.Costs = Failed, f.Links.Error(), "nicstats and nicaddrs have no rows"
		row.Remedy = "permit sockets of AF_NETLINK: RestrictAddressFamilies= of systemd"
	case f.Ethtool != nil:
		row.State, row.Says, row.Costs = Missing, f.Ethtool.Error(), "speed, duplex, autoneg and port are absent"
		row.Remedy = "a kernel of Linux 5.6 with CONFIG_ETHTOOL_NETLINK=y"
	}
	return row
}

func (f *Facts) exits() Row {
	row := Row{Fact: "proc_connector", State: OK, Says: "the end of a process is told as it happens"}
	if f.Exits == nil {
		return row
	}
	row.State, row.Says = Missing, f.Exits.Error()
	row.Costs = "without BPF, ends of processes are found at the next gather, and ages of zombies are inexact"
	row.Remedy = "run in the PID, user and network namespaces of the machine, on a kernel with CONFIG_PROC_EVENTS=y"
	if errors.Is(f.Exits, sysprobe.ErrAccessDenied) {
		row.Remedy = f.grant([]string{capNetAdmin}) + "; or Linux 6.6, which takes no privilege"
	}
	if f.Backend.Used == sysprobe.BackendBPF {
		row.State = Note
	}
	return row
}

func (f *Facts) otherNamespaces() Row {
	row := Row{Fact: "other_network_namespaces", State: OK, Says: "namespace_include, namespace_exclude and namespace_paths can be used"}
	if f.NetNS != nil {
		row.State, row.Says = Note, f.NetNS.Error()
		row.Remedy = "only for namespace_include, namespace_exclude and namespace_paths: " + f.grant([]string{capSysAdmin})
	}
	return row
}

func (f *Facts) place() Row {
	if f.Sandbox.Container == "" {
		return Row{Fact: "place", State: OK, Says: "no sign of a container"}
	}
	return Row{
		Fact: "place", State: Note, Says: "a container: " + f.Sandbox.Container,
		Remedy: "to see the host, --pid=host --network=host, and HOST_PROC and HOST_ETC where its /proc and /etc are mounted",
	}
}

// inputs returns the rows of the configuration.
func (f *Facts) inputs() []Row {
	var rows []Row
	for _, text := range f.Broken {
		rows = append(rows, Row{Fact: "configuration", State: Failed, Says: text, Costs: "the program does not start", Remedy: "correct the configuration"})
	}
	series, took := 0, time.Duration(0)
	for _, input := range f.Inputs {
		row := Row{Fact: "input", State: OK, Says: fmt.Sprintf("%s: %d series, %.1f ms for a gather", input.Name, input.Series, milliseconds(input.Took))}
		if input.Err != nil {
			row.State, row.Says = Failed, fmt.Sprintf("%s: %v", input.Name, input.Err)
			row.Costs, row.Remedy = "the input has no rows", "see the message"
		}
		rows = append(rows, row)
		series, took = series+input.Series, took+input.Took
	}
	if len(f.Broken) == 0 {
		says := fmt.Sprintf("%s: %d series, %.1f ms for all gathers", f.Config, series, milliseconds(took))
		rows = append(rows, Row{Fact: "configuration", State: OK, Says: says})
	}
	return rows
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
