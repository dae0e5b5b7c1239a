package doctor

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/influxdata/telegraf/testutil"

	"telegraf-sysprobe/sysprobe"
)

// whole returns the facts of a machine on which nothing is missing.
func whole() *Facts {
	f := &Facts{
		Version: "v1", System: "linux", UID: 0, Config: "x.conf", Backend: sysprobe.BackendStatus{Used: sysprobe.BackendBPF},
		Sandbox: sysprobe.Sandbox{
			Kernel: "6.1.0", BTF: true, Seccomp: "off", HidePID: sysprobe.Some(""), Subset: sysprobe.Some(""),
			Effective: []string{capNetAdmin, capPtrace, capSysAdmin, capPerfmon, capBPF},
			Bounding:  []string{capNetAdmin, capPtrace, capSysAdmin, capPerfmon, capBPF},
		},
		Inputs: []Input{{Name: "inputs.procs[1]", Series: 7, Took: 1500 * time.Microsecond}},
	}
	for _, kind := range []string{"cgroup", "ipc", "mnt", "net", "pid", "time", "user", "uts"} {
		f.Sandbox.Namespaces = append(f.Sandbox.Namespaces, sysprobe.Namespace{Kind: kind, OfMachine: sysprobe.Some(true)})
	}
	return f
}

func TestNothingIsMissing(t *testing.T) {
	rows := whole().Rows()
	for _, r := range rows {
		if r.State != OK || r.Costs != "" || r.Remedy != "" {
			t.Errorf("%+v", r)
		}
	}
	if code := Code(rows); code != 0 {
		t.Errorf("status %d", code)
	}
	text := Text(rows)
	for _, want := range []string{"ok       kernel: 6.1.0, with BTF\n", "inputs.procs[1]: 7 series, 1.5 ms for a gather\n"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q lacks %q", text, want)
		}
	}
}

// TestRows changes one fact of a whole machine. The places that a test can make are
// those of the tests of sysprobe-execd; these are of machines that it cannot.
func TestRows(t *testing.T) {
	denied := fmt.Errorf("load BPF program: %w", sysprobe.ErrAccessDenied)
	unsupported := fmt.Errorf("this kernel: %w", sysprobe.ErrNotSupported)
	without := func(f *Facts, names ...string) {
		f.Sandbox.Effective = slices.DeleteFunc(f.Sandbox.Effective, func(name string) bool { return slices.Contains(names, name) })
	}
	for _, tt := range []struct {
		fact   string
		change func(*Facts)
		state  State
		code   int
		want   []string
	}{
		{"ethtool", func(f *Facts) { f.Ethtool = unsupported }, Missing, 2, []string{"speed, duplex", "CONFIG_ETHTOOL_NETLINK"}},
		{"backend", func(f *Facts) {
			f.Backend = sysprobe.BackendStatus{Used: sysprobe.BackendProcFS, Reason: unsupported}
		}, Missing, 2, []string{"the kernel or its namespaces lack"}},
		{"backend", func(f *Facts) {
			f.Backend = sysprobe.BackendStatus{Used: sysprobe.BackendProcFS, Reason: denied}
		}, Missing, 2, []string{"lockdown=confidentiality"}},
		{"backend", func(f *Facts) {
			without(f, capBPF, capPerfmon)
			f.Backend = sysprobe.BackendStatus{Used: sysprobe.BackendProcFS, Reason: denied}
			f.Sandbox.Container = "docker"
		}, Missing, 2, []string{"start the container with --cap-add=BPF --cap-add=PERFMON"}},
		{"backend", func(f *Facts) {
			without(f, capBPF)
			f.Backend = sysprobe.BackendStatus{Used: sysprobe.BackendProcFS, Reason: denied}
		}, Missing, 2, []string{`printf '[Service]\nAmbientCapabilities=CAP_BPF\n' | sudo tee /etc/systemd/system/telegraf.service.d/cap_bpf.conf`}},
		{"proc_connector", func(f *Facts) {
			without(f, capNetAdmin)
			f.Exits = denied
			f.Backend.Used = sysprobe.BackendProcFS
		}, Missing, 2, []string{"CAP_NET_ADMIN", "Linux 6.6"}},
		{"proc_connector", func(f *Facts) { f.Exits = unsupported }, Note, 0, []string{"CONFIG_PROC_EVENTS"}},
		{"capabilities", func(f *Facts) {
			without(f, capPtrace)
			f.Privileges = sysprobe.Privileges{Withheld: capPtrace, By: "nosuid"}
		}, Missing, 2, []string{"which nosuid withholds", "how a zombie of another user died"}},
		{"place", func(f *Facts) { f.Sandbox.Container = "podman" }, Note, 0, []string{"podman", "HOST_PROC"}},
		{"namespace_time", func(f *Facts) { f.Sandbox.Namespaces[5].OfMachine = sysprobe.Some(false) }, Missing, 2, []string{"time namespace"}},
		{"namespace_net", func(f *Facts) { f.Sandbox.Namespaces[3].OfMachine = sysprobe.Some(false) }, Missing, 2, []string{"--network=host"}},
		{"namespace_mnt", func(f *Facts) { f.Sandbox.Namespaces[2].OfMachine = sysprobe.Opt[bool]{} }, Note, 0, []string{"cannot find out"}},
		{"hidepid", func(f *Facts) { f.Sandbox.HidePID = sysprobe.Opt[string]{} }, Note, 0, []string{"not known"}},
		{"input", func(f *Facts) { f.Inputs[0].Err = errors.New("no such thing") }, Failed, 1, []string{"inputs.procs[1]: no such thing"}},
	} {
		f := whole()
		tt.change(f)
		rows := f.Rows()
		at := slices.IndexFunc(rows, func(r Row) bool { return r.Fact == tt.fact })
		row := rows[at]
		text := row.Says + "|" + row.Costs + "|" + row.Remedy
		if row.State != tt.state || Code(rows) != tt.code {
			t.Errorf("%s is %s and the status %d, want %s and %d: %s", tt.fact, row.State, Code(rows), tt.state, tt.code, text)
		}
		for _, part := range tt.want {
			if !strings.Contains(text, part) {
				t.Errorf("%s: %q lacks %q", tt.fact, text, part)
			}
		}
		if row.State == Missing && (row.Costs == "" || row.Remedy == "") {
			t.Errorf("%s does not say what it costs and what helps: %+v", tt.fact, row)
		}
	}
}

// TestOtherSystems has no rows of what only Linux has.
func TestOtherSystems(t *testing.T) {
	f := &Facts{Version: "v1", System: "freebsd", SandboxErr: sysprobe.ErrNotSupported, Backend: sysprobe.BackendStatus{Used: sysprobe.BackendSysctl}}
	rows := f.Rows()
	if Code(rows) != 0 || len(rows) != 4 || rows[2].Says != "processes are read through sysctl" {
		t.Errorf("%+v", rows)
	}
}

// TestAboutWaits wants the backend in the very first row.
func TestAboutWaits(t *testing.T) {
	asked := 0
	backend := func() sysprobe.BackendStatus {
		if asked++; asked < 3 {
			return sysprobe.BackendStatus{}
		}
		return sysprobe.BackendStatus{Used: sysprobe.BackendBPF}
	}
	var acc testutil.Accumulator
	a := NewAbout("v1", []func() sysprobe.BackendStatus{backend, backend})
	if err := errors.Join(a.Init(), a.Gather(&acc)); err != nil {
		t.Fatal(err)
	}
	m := acc.Metrics[0]
	if len(acc.Metrics) != 1 || m.Measurement != measurement || m.Tags["backend"] != "bpf" || m.Tags["version"] != "v1" {
		t.Errorf("%v", acc.Metrics)
	}
}

// TestREADME looks for each fact and each name of the metric in the README of the
// project.
func TestREADME(t *testing.T) {
	b, err := os.ReadFile(filepath.Join("..", "..", "..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	private, err := os.ReadFile(filepath.Join("..", "..", "PRIVACY.md"))
	if err != nil {
		t.Fatal(err)
	}
	names := []string{"capabilities_missing", "capabilities_missing_count", "version"}
	for _, name := range names {
		if !strings.Contains(string(private), "`"+name+"`") {
			t.Errorf("PRIVACY.md does not name `%s`", name)
		}
	}
	names = append(names, measurement)
	for _, r := range whole().Rows() {
		if kind, is := strings.CutPrefix(r.Fact, "namespace_"); is {
			names = append(names, kind)
			continue
		}
		names = append(names, r.Fact)
	}
	for _, name := range names {
		if !strings.Contains(string(b), "`"+name+"`") {
			t.Errorf("the README does not name `%s`", name)
		}
	}
}
