package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os/exec"
	"syscall"
	"testing"
	"time"
)

// influxdb is a server of this test.
type influxdb struct{ url string }

const influxdbConfig = `
reporting-disabled = true
bind-address = "127.0.0.1:8088"
[meta]
  dir = "%[1]s/meta"
[data]
  dir = "%[1]s/data"
  wal-dir = "%[1]s/wal"
[monitor]
  store-enabled = false
[logging]
  level = "warn"
[http]
  bind-address = "127.0.0.1:8086"
  log-enabled = false
`

// startInfluxDB starts Debian's influxd with its data in a temporary
// directory. It ends with the test.
func startInfluxDB(t *testing.T) *influxdb {
	t.Helper()
	config := write(t, "influxdb.conf", fmt.Sprintf(influxdbConfig, t.TempDir()))
	db := &influxdb{url: "http://127.0.0.1:8086"}
	serve(t, exec.Command(needed(t, "influxd", "influxdb"), "-config", config), syscall.SIGTERM, answers(db.url+"/ping"))
	return db
}

// row is a point of an answer: tags, fields and "time", in nanoseconds from InfluxDB.
type row map[string]any

func (r row) text(column string) string {
	s, _ := r[column].(string) // absent, which the caller sees
	return s
}

func (r row) number(column string) int64 {
	n, ok := r[column].(json.Number)
	if !ok {
		return -1
	}
	i, err := n.Int64()
	if err != nil {
		return -1
	}
	return i
}

// raw is the text that a tag stands for.
func (r row) raw(tag string) string {
	s, err := url.PathUnescape(r.text(tag))
	if err != nil {
		return fmt.Sprintf("%q: %v", r.text(tag), err)
	}
	if s == "\x00" {
		return ""
	}
	return s
}

// query returns the rows of one InfluxQL statement.
func (db *influxdb) query(statement string) ([]row, error) {
	resp, err := http.Get(db.url + "/query?" + url.Values{"db": {"telegraf"}, "epoch": {"ns"}, "q": {statement}}.Encode())
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close() //nolint:errcheck // what is read is checked by the decoder
	var answer struct {
		Error   string
		Results []struct {
			Error  string
			Series []struct {
				Tags    map[string]string
				Columns []string
				Values  [][]any
			}
		}
	}
	decoder := json.NewDecoder(resp.Body)
	decoder.UseNumber()
	if err := decoder.Decode(&answer); err != nil {
		return nil, fmt.Errorf("%s: %s: %w", statement, resp.Status, err)
	}
	var rows []row
	for _, result := range answer.Results {
		if result.Error != "" {
			return nil, fmt.Errorf("%s: %s", statement, result.Error)
		}
		for _, series := range result.Series {
			for _, values := range series.Values {
				r := row{}
				for tag, value := range series.Tags {
					r[tag] = value
				}
				for i, value := range values {
					r[series.Columns[i]] = value
				}
				rows = append(rows, r)
			}
		}
	}
	if answer.Error != "" {
		return nil, fmt.Errorf("%s: %s", statement, answer.Error)
	}
	return rows, nil
}

// latest returns the rows of the last gather that wrote into a measurement
// after a time.
func (db *influxdb) latest(measurement string, after time.Time) ([]row, error) {
	rows, err := db.query(fmt.Sprintf(`SELECT * FROM %q WHERE time > %d ORDER BY time DESC LIMIT 2000`, measurement, after.UnixNano()))
	if err != nil {
		return nil, err
	}
	if len(rows) == 0 {
		return nil, fmt.Errorf("no rows in %s", measurement)
	}
	for i := range rows {
		if rows[i].number("time") != rows[0].number("time") {
			return rows[:i], nil
		}
	}
	return rows, nil
}

// eventually waits until f returns nil.
func eventually(t *testing.T, what string, f func() error) {
	t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for {
		err := f()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("waited 30 s for %s: %v", what, err)
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// stop ends a process of this test and waits for it.
func stop(t *testing.T, cmd *exec.Cmd, signal syscall.Signal) {
	t.Helper()
	if cmd.ProcessState != nil {
		return
	}
	if err := cmd.Process.Signal(signal); err != nil {
		t.Errorf("%s: %v", cmd.Path, err)
	}
	timer := time.AfterFunc(20*time.Second, func() {
		t.Errorf("%s does not end", cmd.Path)
		if err := cmd.Process.Kill(); err != nil {
			t.Error(err)
		}
	})
	defer timer.Stop()
	if err := cmd.Wait(); err != nil {
		t.Errorf("%s: %v", cmd.Path, err)
	}
}
