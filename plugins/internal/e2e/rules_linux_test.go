package e2e

import (
	"cmp"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"
)

// machine is one of alerts_test.yml, which promtool reads too.
type machine struct {
	Name     string
	Interval string
	Series   []struct{ Series, Values string } `yaml:"input_series"`
	Tests    []expectation                     `yaml:"alert_rule_test"`
	// began is the time of its first samples.
	began time.Time
}

// expectation is for what a rule fires at a time.
type expectation struct {
	Time  string `yaml:"eval_time"`
	Alert string `yaml:"alertname"`
	Fires []struct {
		Labels map[string]string `yaml:"exp_labels"`
	} `yaml:"exp_alerts"`
}

// rule is one of alerts.yml.
type rule struct {
	Alert, Expr string
	For         string
	// twins are the InfluxQL of the README: it fires for what any of them returns.
	twins []string
}

// noTwins are the rules that InfluxQL cannot express, as their READMEs say.
var noTwins = []string{"NicAddressLost", "ProcsGroupBusy"}

// difference is where a database cannot say what Prometheus says.
type difference struct {
	database, alert, machine string
	at                       []string
}

// differs are those that are known.
var differs = []difference{
	// A query of InfluxQL has one measurement: that an administrator set the interface
	// down is in nicstats.
	{"InfluxDB", "NicNoAddress", "privacy addresses that end, a container that ends, a network that is loaded anew, a rename, " +
		"an address with two prefix lengths of which one goes, an interface that is set down", []string{"17m", "30m"}},
	// The first sample of a series counts as a change: of a new interface that is made
	// anew, two times are enough.
	{
		"VictoriaMetrics", "NicLinkFlapping", "three flaps in ten minutes, seen every minute, and an adapter that is made anew three times",
		[]string{"14m", "15m"},
	},
}

// TestRules writes the machines of alerts_test.yml into VictoriaMetrics and InfluxDB. The
// rules have to fire in VictoriaMetrics for those for which they fire in Prometheus, and
// for no other ones, and so do their InfluxQL twins of the READMEs in InfluxDB.
func TestRules(t *testing.T) {
	influx, victoria := startInfluxDB(t), startVictoriaMetrics(t, 8428)
	if err := post(influx.url+"/query?q=CREATE+DATABASE+telegraf", ""); err != nil {
		t.Fatal(err)
	}
	rules := allRules(t)
	for _, r := range rules {
		for _, twin := range r.twins {
			if _, err := influx.query(twin); err != nil { // as it is written
				t.Errorf("%s: %v", r.Alert, err)
			}
		}
	}
	machines := allMachines(t)
	for _, m := range machines {
		lines := m.lines(t)
		for _, url := range []string{influx.url, victoria.url} {
			if err := post(url+"/write?db=telegraf", lines); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := victoria.flush(); err != nil {
		t.Fatal(err)
	}
	for _, m := range machines {
		for _, e := range m.Tests {
			r := rules[e.Alert]
			m.check(t, "VictoriaMetrics", e, r.For, func(at time.Time) ([]row, error) { return victoria.at(r.Expr, at) })
			if len(r.twins) > 0 {
				m.check(t, "InfluxDB", e, r.For, func(at time.Time) ([]row, error) { return influx.at(r.twins, at) })
			}
		}
	}
}

// check has a rule evaluated at a time of a machine and, while it holds, each minute
// before it that its "for" asks for.
func (m machine) check(t *testing.T, database string, e expectation, pending string, evaluate func(time.Time) ([]row, error)) {
	t.Helper()
	at, end := seconds(t, e.Time), seconds(t, pending)
	var want []row
	for _, alert := range e.Fires {
		want = append(want, rowOf(alert.Labels))
	}
	var firing []row
	for before := time.Duration(0); before <= end; before += time.Minute {
		rows, err := evaluate(m.began.Add(at - before))
		if err != nil {
			t.Fatal(err)
		}
		if before > 0 {
			rows = slices.DeleteFunc(firing, func(r row) bool { return !slices.ContainsFunc(rows, r.sameTags) })
		}
		if firing = rows; len(firing) == 0 {
			break
		}
	}
	missed := slices.ContainsFunc(want, func(w row) bool { return !slices.ContainsFunc(firing, func(r row) bool { return r.isOf(w) }) })
	wrong := slices.ContainsFunc(firing, func(r row) bool { return !slices.ContainsFunc(want, r.isOf) })
	known := slices.ContainsFunc(differs, func(d difference) bool {
		return d.database == database && d.alert == e.Alert && d.machine == m.Name && slices.Contains(d.at, e.Time)
	})
	if known != (missed || wrong) {
		t.Errorf("%s: %s at %v of %q fires for %v, want %v, known to differ: %v", database, e.Alert, at, m.Name, firing, want, known)
	}
}

// seconds reads a duration.
func seconds(t *testing.T, text string) time.Duration {
	t.Helper()
	d, err := time.ParseDuration(text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// notTags are the columns of answers, and labels, that do not say of what one is.
var notTags = []string{"time", "value", "__name__", "alertname", "severity", "instance", "job", "db"}

// tags are the names of what a row is of.
func (r row) tags() []string {
	var names []string
	for name, value := range r {
		if text, is := value.(string); is && text != "" && !slices.Contains(notTags, name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// sameTags says whether two rows are of the same.
func (r row) sameTags(other row) bool { return r.isOf(other) && other.isOf(r) }

// isOf says whether a row is of what another one is of, that may say more.
func (r row) isOf(other row) bool {
	return !slices.ContainsFunc(r.tags(), func(name string) bool { return r[name] != other[name] })
}

func rowOf(labels map[string]string) row {
	r := row{}
	for name, value := range labels {
		r[name] = value
	}
	return r
}

// at asks InfluxDB as if a time was now. Samples of that very second count.
func (db *influxdb) at(queries []string, now time.Time) ([]row, error) {
	var all []row
	now = now.Add(time.Second)
	literal := now.UTC().Format("'2006-01-02T15:04:05Z'")
	offset := fmt.Sprintf("%.0fs", now.Sub(now.Truncate(time.Hour)).Seconds()) // of buckets of minutes that end now
	for _, query := range queries {
		if !strings.Contains(query, "time < now()") {
			query = regexp.MustCompile(`(time > now\(\) - \w+)`).ReplaceAllString(query, "$1 AND time < now()")
		}
		query = strings.ReplaceAll(query, ", now())", ", "+offset+")")
		rows, err := db.query(strings.ReplaceAll(query, "now()", literal))
		if err != nil {
			return nil, err
		}
		all = append(all, rows...)
	}
	return all, nil
}

// post sends a body.
func post(page, body string) error {
	resp, err := http.Post(page, "text/plain", strings.NewReader(body))
	if err != nil {
		return err
	}
	defer resp.Body.Close() //nolint:errcheck // nothing is lost
	if resp.StatusCode/100 != 2 {
		return fmt.Errorf("%s: %s %s", page, resp.Status, resp.Header.Get("X-Influxdb-Error"))
	}
	return nil
}

// allRules reads the rules of all inputs, with their twins.
func allRules(t *testing.T) map[string]rule {
	t.Helper()
	rules := map[string]rule{}
	for _, text := range files(t, "../../inputs/*/alerts.yml") {
		var content struct{ Groups []struct{ Rules []rule } }
		if err := yaml.Unmarshal(text, &content); err != nil {
			t.Fatal(err)
		}
		for _, group := range content.Groups {
			for _, r := range group.Rules {
				rules[r.Alert] = r
			}
		}
	}
	for _, q := range readmeQueries(t) {
		r, is := rules[q.alert]
		if q.alert != "" && !is {
			t.Errorf("%s has queries of %s, which is no rule", q.readme, q.alert)
		}
		if is && q.language == "sql" && !slices.Contains(noTwins, q.alert) {
			r.twins = append(r.twins, q.text)
			rules[q.alert] = r
		}
	}
	for name, r := range rules {
		if (len(r.twins) == 0) != slices.Contains(noTwins, name) {
			t.Errorf("%s has %d InfluxQL queries in its README", name, len(r.twins))
		}
	}
	return rules
}

// allMachines reads the machines of all inputs, and puts them into the last months, far
// enough from each other for rules that look back.
func allMachines(t *testing.T) []machine {
	t.Helper()
	var all []machine
	for _, text := range files(t, "../../inputs/*/alerts_test.yml") {
		var content struct{ Tests []machine }
		if err := yaml.Unmarshal(text, &content); err != nil {
			t.Fatal(err)
		}
		for _, m := range content.Tests {
			m.began = time.Now().Truncate(24*time.Hour).AddDate(0, 0, -3*(len(all)+2))
			all = append(all, m)
		}
	}
	return all
}

func files(t *testing.T, pattern string) [][]byte {
	t.Helper()
	paths, err := filepath.Glob(pattern)
	if err != nil || len(paths) != 4 {
		t.Fatalf("%s: %v, error %v", pattern, paths, err)
	}
	var texts [][]byte
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, text)
	}
	return texts
}

// lines returns the samples in line protocol.
func (m machine) lines(t *testing.T) string {
	t.Helper()
	interval := seconds(t, m.Interval)
	names := metrics(t)
	var lines strings.Builder
	for _, s := range m.Series {
		metric, labels, _ := strings.Cut(s.Series, "{")
		name, is := names[metric]
		if !is {
			t.Fatalf("no field is %s in Prometheus", metric)
		}
		measurement, field := name[0], name[1]
		for _, label := range regexp.MustCompile(`(\w+)="((?:[^"\\]|\\.)*)"`).FindAllStringSubmatch(labels, -1) {
			if value, err := strconv.Unquote(`"` + label[2] + `"`); err != nil {
				t.Fatal(err)
			} else if value != "" && label[1] != "job" && label[1] != "instance" {
				measurement += "," + label[1] + "=" + strings.NewReplacer(",", `\,`, "=", `\=`, " ", `\ `).Replace(value)
			}
		}
		for i, value := range expand(t, s.Values) {
			n, err := strconv.ParseFloat(value, 64)
			if err != nil {
				continue // no sample
			}
			if strings.HasSuffix(field, "created_at") {
				n += float64(m.began.UnixNano()) // promtool begins in 1970
			}
			at := m.began.Add(time.Duration(i) * interval).UnixNano()
			fmt.Fprintf(&lines, "%s %s=%s %d\n", measurement, field, strconv.FormatFloat(n, 'f', -1, 64), at)
		}
	}
	return lines.String()
}

// metrics returns the measurement and the field of each name in Prometheus.
func metrics(t *testing.T) map[string][2]string {
	t.Helper()
	names := map[string][2]string{}
	for _, c := range cells(t) {
		if len(c) == 7 {
			names[c[4]] = [2]string{strings.TrimSuffix(c[4], "_"+c[0]), c[0]}
		}
	}
	return names
}

// expand reads the values of promtool: numbers, "_" and "stale" for none, each with "xN"
// for N more, and "A+BxN" for what grows.
func expand(t *testing.T, values string) []string {
	t.Helper()
	var all []string
	for word := range strings.FieldsSeq(values) {
		part := regexp.MustCompile(`^(_|stale|-?[\d.]+(?:e\d+)?)(?:([+-][\d.]+(?:e\d+)?))?(?:x(\d+))?$`).FindStringSubmatch(word)
		if part == nil {
			t.Fatalf("values %q", word)
		}
		more, err := strconv.Atoi("0" + part[3])
		if err != nil {
			t.Fatal(err)
		}
		if value, err := strconv.ParseFloat(part[1], 64); err == nil {
			step, err := strconv.ParseFloat(cmp.Or(part[2], "0"), 64)
			if err != nil {
				t.Fatal(err)
			}
			for i := range more + 1 {
				all = append(all, strconv.FormatFloat(value+float64(i)*step, 'f', -1, 64))
			}
			continue
		}
		for range max(1, more) {
			all = append(all, "")
		}
	}
	return all
}
