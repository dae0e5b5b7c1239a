package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"
)

// machineConfig is that of the machine to which this test does things.
const machineConfig = `
[agent]
  interval = "1s"
[[inputs.nicaddrs]]
  watch = true
[[inputs.nicstats]]
[[inputs.procs]]
  collect = ["top", "group"]
  group_by = ["user"]
  top_count = 50
  tag_with = ["process_name", "user"]
[[inputs.zombies]]
  max_zombies = 1000
`

// otherMachine prints what a machine with other hardware would: a card with a private
// flag that receives 100 of its 1000 Mbit/s, units, a program that lacks a capability, and
// two more zombies each second, of 32000 that there can be.
const otherMachine = `while sleep 1; do
printf 'nicstats,host=other,interface=eth9,kind=ether private_flags="a,rx_cqe_compress",speed=1000i,bytes_recv=%di\n' $(($(date +%s%N) / 80))
printf 'procs_group,host=other,group_by=unit,unit=%s memory_rss=%di\n' mysql.service 30000000000 cron.service 5000000 other 40000000000
printf 'sysprobe,host=other,version=1 capabilities_missing="CAP_BPF",capabilities_missing_count=1i\n'
printf 'zombies,host=other total=%di,pid_limit=32768i,pids_in_use=768i\n' $(($(date +%s) * 2))
done`

// answer is what a query of a README has to give.
type answer struct {
	// part is what of the query no other one has.
	part string
	// shorter is what to replace for a machine that runs for a minute: pairs.
	shorter []string
	// row has texts of rows that there have to be, and low and high are the limits of
	// the mean of a column of these, if there is one: the only one where it is "".
	row       row
	column    string
	low, high float64
}

// near is an answer that has to equal a value within 5 %.
func (a answer) near(value float64) answer {
	a.low, a.high = 0.95*value, 1.05*value
	return a
}

// errNoRow is that of an answer without the row, as of Prometheus after it could not ask
// Telegraf in time.
var errNoRow = errors.New("no such row")

// compare asks a database, a few times if it has no such row.
func (a answer) compare(ask sqlQuery, text string) error {
	err := a.compareOnce(ask, text)
	for range 5 {
		if !errors.Is(err, errNoRow) {
			break
		}
		time.Sleep(time.Second)
		err = a.compareOnce(ask, text)
	}
	return err
}

func (a answer) compareOnce(ask sqlQuery, text string) error {
	text = strings.NewReplacer(a.shorter...).Replace(text)
	rows, err := ask(text)
	if err != nil {
		return err
	}
	sum, n := 0.0, 0
	for _, r := range rows {
		if value, has := r.only(a.column); r.matches(a.row) && (has || a.high == 0) {
			sum += value
			n++
		}
	}
	if n == 0 {
		return fmt.Errorf("%w as %v in the answer to\n%s\n%v", errNoRow, a.row, text, rows)
	}
	mean := sum / float64(n)
	if a.high > 0 && (mean < a.low || mean > a.high) {
		return fmt.Errorf("%d rows like %v have a mean of %v, want %v to %v, in the answer to\n%s\n%v", n, a.row, mean, a.low, a.high, text, rows)
	}
	return nil
}

func (r row) matches(want row) bool {
	for name, value := range want {
		if r[name] != value {
			return false
		}
	}
	return true
}

// only returns the number in a column, or the only one beside the time.
func (r row) only(column string) (float64, bool) {
	for name, value := range r {
		number, is := value.(json.Number)
		if !is || name == "time" || column != "" && column != name {
			continue
		}
		f, err := number.Float64()
		return f, err == nil
	}
	return 0, false
}

// TestQueries asks databases every query of the READMEs but the rules, and compares the
// answers with what it did to the machine: links that flap, an address that goes, a leak,
// a process of known use, and in the middle the end of sysprobe-execd by
// SIGKILL.
func TestQueries(t *testing.T) {
	postgresql := startPostgreSQL(t)
	influx := startInfluxDB(t)
	victoria := startVictoriaMetrics(t, 8428)
	prom := startPrometheus(t)
	makeMachine(t)
	config := telegrafConfig + strings.Replace(snippetFor(t, machineConfig), `restart_delay = "1s"`, `restart_delay = "100ms"`, 1) +
		fmt.Sprintf("[[inputs.execd]]\n  command = [\"sh\", \"-c\", '''%s''']\n  signal = \"none\"\n", otherMachine)
	for _, name := range []string{"influxdb", "postgresql", "prometheus", "victoriametrics"} {
		config += outputSnippet(t, name)
	}
	b := startBurner(t)
	tg := startTelegraf(t, config)
	ask := databases{
		"sql":        {"InfluxDB": influx.query},
		"promql":     {"Prometheus": prom.query, "VictoriaMetrics": victoria.query},
		"postgresql": {"PostgreSQL": postgresql},
	}
	ask.waitForBurner(t, 1)
	window := time.Now()
	used := disturb(t, influx, tg, b)
	ask.waitForBurner(t, 0)
	answers := whatIsRight(b, used, time.Since(window))
	asked := make([]int, len(answers))
	for _, q := range readmeQueries(t) {
		if q.alert != "" && (q.language != "sql" || !slices.Contains(noTwins, q.alert)) {
			continue // TestRules asks
		}
		found := false
		for i, a := range answers {
			if strings.Contains(q.text, a.part) {
				found = true
				asked[i]++
				for name, database := range ask[q.language] {
					if err := a.compare(database, q.text); err != nil {
						t.Errorf("%s: %s: %v", q.readme, name, err)
					}
				}
			}
		}
		if !found {
			t.Errorf("%s: no answer is known to\n%s", q.readme, q.text)
		}
	}
	for i, n := range asked {
		if n != 1 {
			t.Errorf("%d queries have %q", n, answers[i].part)
		}
	}
	for _, line := range append(tg.errors(t), tg.outputWarnings(t)...) {
		t.Errorf("Telegraf says: %s", line)
	}
}

// databases are what to ask in a language, by name.
type databases map[string]map[string]sqlQuery

// waitForBurner waits until the last row of the burner's user in each database has a
// number of processes.
func (ask databases) waitForBurner(t *testing.T, processes int) {
	t.Helper()
	for language, query := range map[string]string{
		"sql":        `SELECT last("processes") FROM "procs_group" WHERE "user" = '%s'`,
		"promql":     `procs_group_processes{user="%s"}`,
		"postgresql": `SELECT processes FROM procs_group WHERE "user" = '%s' ORDER BY time DESC LIMIT 1`,
	} {
		for name, database := range ask[language] {
			eventually(t, "the burner in "+name, func() error {
				rows, err := database(fmt.Sprintf(query, burnerUser))
				if n, _ := append(rows, nil)[0].only(""); err == nil && (len(rows) == 0 || int(n) != processes) {
					err = fmt.Errorf("rows %v", rows)
				}
				return err
			})
		}
	}
}

// makeMachine makes links and addresses.
func makeMachine(t *testing.T) {
	t.Helper()
	for _, args := range [][]string{
		{"link", "add", "q0", "type", "veth", "peer", "name", "q1"},
		{"link", "add", "dead0", "type", "veth", "peer", "name", "dead1"},
		{"link", "add", "br0", "type", "bridge"},
		{"link", "set", "q1", "master", "br0", "mtu", "1400"},
		{"link", "set", "q0", "up"},
		{"link", "set", "q1", "up"},
		{"link", "set", "br0", "up"},
		{"link", "set", "dead0", "up"},
		{"addr", "add", "192.0.2.10/24", "dev", "q0"},
		{"addr", "add", "198.51.100.9/24", "dev", "q0"},
		{"addr", "add", "192.0.2.99/32", "valid_lft", "300", "preferred_lft", "200", "dev", "br0"},
	} {
		run(t, "ip", args...)
	}
	removeLinks(t, "q0", "dead0", "br0")
}

// userRow returns an error while there is no row of the burner's user.
func userRow(db *influxdb, after time.Time) error {
	rows, err := db.query(fmt.Sprintf(`SELECT "processes" FROM "procs_group" WHERE "user" = '%s' AND time > %d`, burnerUser, after.UnixNano()))
	if err == nil && len(rows) == 0 {
		err = fmt.Errorf("no row of the user %s", burnerUser)
	}
	return err
}

// disturb does to the machine what the databases are asked for, for a minute or more. It
// returns what the burner used, in seconds.
func disturb(t *testing.T, db *influxdb, tg *telegraf, b *burner) float64 {
	t.Helper()
	b.begin(t)
	startLeak(t)
	for range 3 {
		for _, state := range []string{"down", "up"} {
			run(t, "ip", "link", "set", "q1", state)
			time.Sleep(300 * time.Millisecond)
		}
	}
	run(t, "ip", "addr", "del", "198.51.100.9/24", "dev", "q0")
	// A gather is at a full second: what is used from then to the first one after the
	// restart is in no counter. It, and a second by which times of rows are wrong on a
	// busy machine, have to be a thirtieth of the whole.
	time.Sleep(time.Until(b.from.Add(20 * time.Second).Truncate(time.Second).Add(300 * time.Millisecond)))
	lost := time.Now().Truncate(time.Second)
	killed(t, db, tg)
	eventually(t, "the burner's user again", func() error { return userRow(db, lost) })
	rows, err := db.query(fmt.Sprintf(`SELECT first("processes") FROM "procs_group" WHERE "user" = '%s' AND time > %d`, burnerUser, lost.UnixNano()))
	if err != nil || len(rows) != 1 {
		t.Fatalf("%d rows, error %v", len(rows), err)
	}
	time.Sleep(5 * time.Second) // until no database can miss that counters began at 0
	run(t, "ip", "addr", "add", "198.51.100.77/24", "dev", "q0")
	time.Sleep(time.Until(b.from.Add(30 * (time.Unix(0, rows[0].number("time")).Sub(lost) + time.Second))))
	return b.end(t)
}

// whatIsRight lists the answers, for a machine on which the burner used a number of
// seconds within a span that ends now.
func whatIsRight(b *burner, used float64, span time.Duration) []answer {
	seconds := fmt.Sprintf("%.0f", math.Ceil(span.Seconds()))
	while := []string{"time(1m)", "time(5s)", "time > now() - 1h", fmt.Sprintf("time >= %ds AND time < %ds",
		b.from.Truncate(5*time.Second).Unix()+5, b.till.Truncate(5*time.Second).Unix())}
	during := fmt.Sprintf(`max_over_time(procs_top_cpu_usage{by="cpu"}[10s] @ %d)`, b.till.Unix()-3)
	rate, mean := used/b.till.Sub(b.from).Seconds(), used/math.Ceil(span.Seconds())
	user, unit := row{"host": "e2e", "user": burnerUser}, row{"host": "other", "unit": "mysql.service"}
	leaker, flag := row{"host": "e2e", "parent_name": leakerOf}, row{"host": "other", "interface": "eth9"}
	q0 := row{"host": "e2e", "interface": "q0"}
	some := math.Inf(1)
	return []answer{
		{part: `"capabilities_missing_count" > 0`, row: row{"host": "other", "last": "CAP_BPF"}},
		{part: `sysprobe_capabilities_missing_count > 0`, row: row{"host": "other"}, low: 1, high: 1},

		{part: `non_negative_difference("changes")`, row: q0, low: 2, high: 2},
		{part: `increase(nicaddrs_interface_changes`, row: q0, low: 1.9, high: 2.3},
		{part: `count("new") AS "losses"`, row: q0, low: 3, high: 3},
		{part: `"event" = 'address_removed'`, row: q0},
		{part: `SELECT last("prefix_length")`, row: q0, low: 24, high: 24},
		{part: `max(time) AS seen FROM nicaddrs`, row: q0},
		{part: `last("valid_lifetime") AS "left"`, row: row{"host": "e2e", "address": "192.0.2.99"}, low: 60, high: 300},

		answer{part: `max("bytes_recv")`, shorter: while, row: flag}.near(10),
		{part: `last("mtu"), "master"`, row: row{"interface": "q1", "master": "br0"}, low: 1400, high: 1400},
		{part: `last("private_flags")`, row: flag},
		{part: `AND NOT isup`, row: row{"host": "e2e", "interface": "dead0", "operstate": "lowerlayerdown"}},

		{
			part: `"process_name", "pid", "cpu_usage"`, row: row{"host": "e2e", "process_name": "burner"}, column: "cpu_usage",
			low: 80 * rate, high: 105 * rate,
		},
		{
			part: `topk by (host) (5, procs_top_cpu_usage`, row: row{"process_name_tag": "burner"},
			shorter: []string{`procs_top_cpu_usage{by="cpu"}`, during, "5,", "1000,"},
			low:     50 * rate, high: 200 * rate,
		},
		answer{part: `last("cpu_time_user"), 1s)`, shorter: while, row: user}.near(rate),
		answer{part: `sum by (host, user) (rate(`, shorter: []string{"5m", seconds + "s"}, row: user}.near(mean),
		answer{part: `lag(used)`, shorter: []string{"300", seconds, "5 minutes", seconds + " seconds"}, row: user, column: "processors"}.near(mean),
		{part: `top("rss", "unit", 5)`, row: unit, low: 3e10, high: 3e10},
		{part: `procs_group_memory_rss{group_by="unit"`, row: unit, low: 3e10, high: 3e10},
		{part: `last("created"), 1s)`, shorter: []string{"time(1m)", "time(5s)"}, row: row{"host": "e2e"}, low: 0.4, high: some},
		{part: `rate(procs_created`, shorter: []string{"5m", seconds + "s"}, row: row{"host": "e2e"}, low: 0.4, high: some},

		{part: `last("oldest_age") AS "oldest"`, row: row{"host": "e2e"}, column: "old", low: leaks, high: some},
		{part: `last("zombies") AS "zombies"`, row: leaker, column: "zombies", low: leaks, high: leaks},
		{part: `zombies_parent_zombies and`, shorter: []string{"> 60", "> 20"}, row: leaker, low: leaks, high: leaks},
		{part: `DISTINCT ON (host, parent_name`, row: leaker, column: "zombies", low: leaks, high: leaks},
		answer{part: `AS "hours"`, shorter: []string{"300", seconds, "5m", seconds + "s"}, row: row{"host": "other"}}.near(32000. / 2 / 3600),
		{part: `SELECT "exit_code"`, row: leaker, column: "exit_code", low: 3, high: 3},
	}
}
