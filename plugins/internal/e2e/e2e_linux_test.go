package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// telegrafConfig goes with the snippets that the packages have for inputs.execd and
// for an output.
const telegrafConfig = `
[agent]
  interval = "1s"
  flush_interval = "1s"
  hostname = "e2e"
`

// sysprobeConfig has a second procs that has to warn.
const sysprobeConfig = `
[agent]
  interval = "1s"
[[inputs.nicaddrs]]
[[inputs.nicstats]]
[[inputs.procs]]
  collect = ["top", "group", "process"]
  max_processes = 30000
[[inputs.procs]]
  alias = "narrow"
  name_override = "narrow"
  collect = ["process"]
  max_processes = 1
[[inputs.zombies]]
  max_zombies = 1000
`

// names are what the kernel takes as the name of a process and what is special
// somewhere on the way.
var names = []string{
	"", "plain", "with space", " ", "a) S 1 (b", "new\nline", "\n", "tab\t", `quo"te's`, "com,ma", "eq=ual", "#hash",
	`back\slash\`, "100%", "%00", "\xff\xfe\x80", "ünïcödé", "\x1b[2J", "fifteen bytes !",
}

// parentName has most of that at once.
const parentName = "(p) \"q\\\",x=y\n\xff"

// interfaceName has what can be in the name of an interface; % cannot.
const interfaceName = `w,="\é` + `\`

func TestChain(t *testing.T) {
	makeInterfaces(t)
	began := time.Now()
	parent := startZombies(t, parentName, names)
	db := startInfluxDB(t)
	tg := startTelegraf(t, telegrafConfig+outputSnippet(t, "influxdb")+snippet(t))

	t.Run("every measurement arrives", func(t *testing.T) {
		for _, m := range []string{
			"nicaddrs", "nicaddrs_interface", "nicstats", "procs", "procs_top", "procs_group", "procs_process",
			"zombies", "zombies_parent", "zombies_process",
		} {
			eventually(t, m, func() error {
				rows, err := db.latest(m, began)
				if err == nil && rows[0].text("host") != "e2e" {
					t.Errorf("%s has host %q, want the one tag of Telegraf", m, rows[0].text("host"))
				}
				return err
			})
		}
	})
	t.Run("addresses equal those of ip(8)", func(t *testing.T) {
		eventually(t, "the same addresses", func() error { return sameAddresses(t, db, began) })
	})
	t.Run("names of interfaces come back", func(t *testing.T) {
		eventually(t, "the interface", func() error {
			rows, err := db.latest("nicstats", began)
			if err == nil && !slices.ContainsFunc(rows, func(r row) bool { return r.raw("interface") == interfaceName }) {
				err = fmt.Errorf("no interface %q in %v", interfaceName, rows)
			}
			return err
		})
	})
	t.Run("zombies of any name come back with their parent", func(t *testing.T) {
		eventually(t, "the zombies", func() error { return sameZombies(db, began, parent) })
	})
	t.Run("a process of any name comes back", func(t *testing.T) {
		eventually(t, "the parent", func() error { return livingParent(db, began, parent) })
	})
	t.Run("the dashboards show it", func(t *testing.T) { dashboards(t, db) })
	t.Run("messages keep their level", func(t *testing.T) { levels(t, tg) })
	t.Run("a killed sysprobe-execd is started again", func(t *testing.T) { killed(t, db, tg) })
	t.Run("nothing is left when Telegraf stops", func(t *testing.T) {
		pid, err := tg.child()
		if err != nil {
			t.Fatal(err)
		}
		tg.childEnds(t)
		stop(t, tg.cmd, syscall.SIGTERM)
		eventually(t, "sysprobe-execd to be gone", func() error { return gone(pid) })
		for _, line := range tg.errors(t) {
			t.Errorf("Telegraf has an error: %s", line)
		}
	})
}

// snippet is the packaged one with the files and the patience of this test.
func snippet(t *testing.T) string {
	t.Helper()
	return snippetFor(t, sysprobeConfig)
}

// snippetFor is snippet with another configuration.
func snippetFor(t *testing.T, config string) string {
	t.Helper()
	text, err := os.ReadFile("../../cmd/sysprobe-execd/packaging/sysprobe.conf")
	if err != nil {
		t.Fatal(err)
	}
	return strings.NewReplacer(
		`"/usr/bin/sysprobe-execd"`, strconv.Quote(program(t, "sysprobe-execd")),
		`"/etc/telegraf/sysprobe.conf"`, strconv.Quote(write(t, "sysprobe.conf", config)),
		`"10s"`, `"1s"`,
	).Replace(string(text))
}

// makeInterfaces makes addresses of all kinds and an odd name.
func makeInterfaces(t *testing.T) {
	t.Helper()
	for _, args := range [][]string{
		{"link", "add", "e0", "type", "veth", "peer", "name", interfaceName},
		{"addr", "add", "192.0.2.1/24", "broadcast", "+", "dev", "e0"},
		{"addr", "add", "192.0.2.2", "peer", "198.51.100.2/32", "dev", "e0"},
		{"addr", "add", "2001:db8::1/64", "dev", "e0", "nodad"},
		{"link", "set", "e0", "up"},
		{"addr", "add", "203.0.113.1/31", "dev", interfaceName},
	} {
		run(t, "ip", args...)
	}
}

// sameAddresses compares the last gather with the answer of iproute2.
func sameAddresses(t *testing.T, db *influxdb, after time.Time) error {
	var want, got []string
	var interfaces []struct {
		Name      string `json:"ifname"`
		Address   string `json:"address"`
		Addresses []struct {
			Local  string `json:"local"`
			Length int64  `json:"prefixlen"`
		} `json:"addr_info"`
	}
	if err := json.Unmarshal([]byte(run(t, "ip", "-json", "addr")), &interfaces); err != nil {
		return err
	}
	for _, i := range interfaces {
		want = append(want, fmt.Sprintf("%s link %s", i.Name, i.Address))
		for _, a := range i.Addresses {
			want = append(want, fmt.Sprintf("%s %s/%d", i.Name, a.Local, a.Length))
		}
	}
	rows, err := db.latest("nicaddrs", after)
	if err != nil {
		return err
	}
	for _, r := range rows {
		if r.text("family") == "link" {
			got = append(got, fmt.Sprintf("%s link %s", r.raw("interface"), r.text("address")))
		} else {
			got = append(got, fmt.Sprintf("%s %s/%d", r.raw("interface"), r.text("address"), r.number("prefix_length")))
		}
	}
	slices.Sort(want)
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		return fmt.Errorf("addresses (-ip +InfluxDB):\n%s", diff)
	}
	return nil
}

// sameZombies compares the last gather with the zombies of parent.
func sameZombies(db *influxdb, after time.Time, parent int) error {
	rows, err := db.latest("zombies_process", after)
	if err != nil {
		return err
	}
	var got []string
	for _, r := range rows {
		if r.number("ppid") != int64(parent) {
			continue
		}
		if name := r.raw("parent_name"); name != parentName {
			return fmt.Errorf("parent_name is %q, want %q", name, parentName)
		}
		got = append(got, r.raw("process_name"))
	}
	want := slices.Sorted(slices.Values(names))
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		return fmt.Errorf("names of zombies (-want +got):\n%s", diff)
	}

	rows, err = db.latest("zombies_parent", after)
	if err != nil {
		return err
	}
	for _, r := range rows {
		if r.number("parent_pid") == int64(parent) && r.raw("parent_name") == parentName && r.number("zombies") == int64(len(names)) {
			return nil
		}
	}
	return fmt.Errorf("no %q with PID %d and %d zombies among the parents %v", parentName, parent, len(names), rows)
}

// livingParent looks for parent among the processes.
func livingParent(db *influxdb, after time.Time, parent int) error {
	rows, err := db.latest("procs_process", after)
	if err != nil {
		return err
	}
	for _, r := range rows {
		if r.number("pid") == int64(parent) {
			if name := r.raw("process_name"); name != parentName {
				return fmt.Errorf("process_name is %q, want %q", name, parentName)
			}
			return nil
		}
	}
	return fmt.Errorf("no process %d among %d", parent, len(rows))
}

// levels looks for the warning in the log of Telegraf.
func levels(t *testing.T, tg *telegraf) {
	eventually(t, "a warning", func() error {
		for _, line := range tg.lines(t) {
			if strings.HasPrefix(line, "W! [inputs.execd] [inputs.procs::narrow] ") {
				return nil
			}
		}
		return fmt.Errorf("no warning of procs::narrow")
	})
	for _, line := range tg.lines(t) {
		if strings.Contains(line, "stderr:") {
			t.Errorf("a message came without a level: %s", line)
		}
	}
}

// killed kills sysprobe-execd.
func killed(t *testing.T, db *influxdb, tg *telegraf) {
	pid, err := tg.child()
	if err != nil {
		t.Fatal(err)
	}
	victim, err := os.FindProcess(pid)
	if err != nil {
		t.Fatal(err)
	}
	tg.childEnds(t)
	if err := victim.Kill(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "another sysprobe-execd", func() error {
		next, err := tg.child()
		if err == nil && next == pid {
			return fmt.Errorf("%d is still there", pid)
		}
		return err
	})
	restarted := time.Now()
	eventually(t, "data of it", func() error {
		_, err := db.latest("zombies", restarted)
		return err
	})
}

// TestCompiledIn asks the Telegraf of make telegraf for one gather.
func TestCompiledIn(t *testing.T) {
	config := "[[inputs.nicaddrs]]\n[[inputs.nicstats]]\n[[inputs.procs]]\n[[inputs.zombies]]\n"
	out := run(t, program(t, "telegraf"), "--config", write(t, "telegraf.conf", config), "--test")
	for _, measurement := range []string{"nicaddrs", "nicstats", "procs", "zombies"} {
		if !strings.Contains(out, "\n> "+measurement+",") {
			t.Errorf("no %s in:\n%s", measurement, out)
		}
	}
}
