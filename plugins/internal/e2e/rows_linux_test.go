package e2e

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// metric is one of those that Telegraf wrote into a file.
type metric struct {
	Name   string
	Fields map[string]any
	Tags   map[string]string
}

// metricsIn reads a file of outputs.file in JSON.
func metricsIn(t *testing.T, path string) []metric {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var all []metric
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var m metric
		if err := json.Unmarshal(lines.Bytes(), &m); err != nil {
			t.Fatal(err)
		}
		all = append(all, m)
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

// database is what is asked what arrived.
type database struct {
	// separator is between a measurement and a field in names.
	separator string
	// keeps says which values of fields it has.
	keeps func(field string, value any) bool
	// tags says whether a tag is a column.
	tags bool
	// count returns how many values there are by name, of measurements.
	count func(measurements []string) (map[string]int, error)
	// names returns the different values of the tag process_name of zombies_process.
	names func() ([]string, error)
}

func isAny(string, any) bool { return true }

func isNoCommand(field string, _ any) bool { return field != "cmdline" }

func isNumber(_ string, value any) bool {
	_, is := value.(float64)
	return is
}

func isNoText(_ string, value any) bool {
	_, is := value.(string)
	return !is
}

// nothingLost compares a database with what Telegraf sent.
func (db database) nothingLost(t *testing.T, sent []metric) {
	t.Helper()
	want, names := map[string]int{}, map[string]bool{}
	measurements := map[string]bool{}
	for _, m := range sent {
		measurements[m.Name] = true
		for field, value := range m.Fields {
			if db.keeps(field, value) {
				want[m.Name+db.separator+field]++
			}
		}
		for tag := range m.Tags {
			if db.tags {
				want[m.Name+db.separator+tag]++
			}
		}
		if m.Name == "zombies_process" {
			names[m.Tags["process_name"]] = true
		}
	}
	eventually(t, "what was sent", func() error {
		got, err := db.count(sorted(measurements))
		if err != nil {
			return err
		}
		if diff := cmp.Diff(want, got); diff != "" {
			return fmt.Errorf("values by name (-Telegraf +database):\n%s", diff)
		}
		return nil
	})
	gotNames, err := db.names()
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(gotNames)
	if diff := cmp.Diff(sorted(names), gotNames); diff != "" {
		t.Errorf("names of zombies (-Telegraf +database):\n%s", diff)
	}
}

func sorted(set map[string]bool) []string {
	keys := make([]string, 0, len(set))
	for key := range set {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

// database asks InfluxDB.
func (db *influxdb) database() database {
	return database{
		separator: ".", keeps: isAny,
		count: func(measurements []string) (map[string]int, error) {
			counts := map[string]int{}
			for _, m := range measurements {
				rows, err := db.query(fmt.Sprintf(`SELECT count(*) FROM %q`, m))
				if err != nil || len(rows) != 1 {
					return nil, fmt.Errorf("%d rows, error %w", len(rows), err)
				}
				for column := range rows[0] {
					if field, is := strings.CutPrefix(column, "count_"); is {
						counts[m+"."+field] = int(rows[0].number(column))
					}
				}
			}
			return counts, nil
		},
		names: func() ([]string, error) {
			rows, err := db.query(`SHOW TAG VALUES FROM "zombies_process" WITH KEY = "process_name"`)
			return column(rows, "value"), err
		},
	}
}

// column returns the values of a column of text.
func column(rows []row, name string) []string {
	texts := make([]string, 0, len(rows))
	for _, r := range rows {
		texts = append(texts, r.text(name))
	}
	return texts
}

// database asks PostgreSQL or SQLite, whose query for the columns of a table is given.
func (ask sqlQuery) database(columns string) database {
	return database{
		separator: ".", keeps: isAny, tags: true,
		count: func(measurements []string) (map[string]int, error) {
			counts := map[string]int{}
			for _, m := range measurements {
				rows, err := ask(fmt.Sprintf(columns, m))
				if err != nil {
					return nil, err
				}
				var sums []string
				for _, name := range column(rows, "name") {
					if name != "time" && name != "timestamp" {
						sums = append(sums, fmt.Sprintf(`count(%q) AS %[1]q`, name))
					}
				}
				rows, err = ask(fmt.Sprintf(`SELECT %s FROM %q`, strings.Join(sums, ", "), m))
				if err != nil || len(rows) != 1 {
					return nil, fmt.Errorf("%d rows, error %w", len(rows), err)
				}
				for name := range rows[0] {
					counts[m+"."+name] = int(rows[0].number(name))
				}
			}
			return counts, nil
		},
		names: func() ([]string, error) {
			rows, err := ask(`SELECT DISTINCT process_name FROM zombies_process`)
			return column(rows, "process_name"), err
		},
	}
}

// database asks VictoriaMetrics.
func (db *victoriaMetrics) database(keeps func(field string, value any) bool) database {
	return database{
		separator: "_", keeps: keeps,
		count: func([]string) (map[string]int, error) {
			if err := db.flush(); err != nil {
				return nil, err
			}
			soon := time.Now().Add(time.Second) // times of rows are rounded
			rows, err := db.at(`sum by (__name__) (count_over_time({__name__!=""}[1h]) keep_metric_names)`, soon)
			counts := map[string]int{}
			for _, r := range rows {
				counts[r.text("__name__")] = int(r.number("value"))
			}
			return counts, err
		},
		names: func() ([]string, error) {
			var answer struct{ Data []string }
			err := get(db.url+"/api/v1/label/process_name/values?"+url.Values{"match[]": {"zombies_process_age"}}.Encode(), &answer)
			return answer.Data, err
		},
	}
}

// database asks the receiver of OpenTelemetry.
func (o *otlp) database() database {
	return database{
		separator: "_", keeps: isNumber,
		count: func([]string) (map[string]int, error) { return o.all(), nil },
		names: func() ([]string, error) { return sorted(o.names), nil },
	}
}
