package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"
)

// needed returns the path of a program of a Debian package.
func needed(t *testing.T, name, pkg string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Fatalf("%v: install the package %s", err, pkg)
	}
	return path
}

// serve starts a server of this test and returns once it is ready. A signal ends it with
// the test.
func serve(t *testing.T, cmd *exec.Cmd, end syscall.Signal, ready func() error) {
	t.Helper()
	var log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &log, &log
	start(t, cmd)
	t.Cleanup(func() {
		stop(t, cmd, end)
		if t.Failed() {
			t.Logf("log of %s:\n%s", cmd.Path, log.Bytes()[max(0, log.Len()-5000):])
		}
	})
	eventually(t, cmd.Path+" to answer", ready)
}

// answers returns a function that asks for a page.
func answers(page string) func() error {
	return func() error { return get(page, nil) }
}

// get decodes the JSON of a page into value, unless that is nil.
func get(page string, value any) error {
	resp, err := http.Get(page)
	if err != nil {
		return err
	}
	defer resp.Body.Close() //nolint:errcheck // what is read is checked by the decoder
	if resp.StatusCode/100 != 2 {
		text, _ := io.ReadAll(resp.Body) //nolint:errcheck // it explains an error
		return fmt.Errorf("%s: %s: %s", page, resp.Status, text)
	}
	if value == nil {
		return nil
	}
	return json.NewDecoder(resp.Body).Decode(value)
}

// prometheus is a server of this test, or another one with its interface.
type prometheus struct{ url string }

// startPrometheus starts Debian's Prometheus, which asks Telegraf each second. It ends
// with the test.
func startPrometheus(t *testing.T) *prometheus {
	t.Helper()
	config := write(t, "prometheus.yml", `
global: {scrape_interval: 1s}
scrape_configs: [{job_name: telegraf, static_configs: [{targets: ["127.0.0.1:9273"]}]}]
`)
	db := &prometheus{url: "http://127.0.0.1:9090"}
	serve(t, exec.Command(needed(t, "prometheus", "prometheus"), "--config.file="+config, "--storage.tsdb.path="+t.TempDir(),
		"--web.listen-address=127.0.0.1:9090", "--log.level=warn"), syscall.SIGTERM, answers(db.url+"/-/ready"))
	return db
}

// query returns the labels of an answer, and its "value".
func (db *prometheus) query(expression string) ([]row, error) { return db.at(expression, time.Now()) }

// at asks what an answer was at a time.
func (db *prometheus) at(expression string, at time.Time) ([]row, error) {
	var answer struct {
		Data struct {
			Result []struct {
				Metric map[string]string
				Value  [2]any
			}
		}
	}
	query := url.Values{"query": {expression}, "time": {strconv.FormatInt(at.Unix(), 10)}, "step": {"5m"}}
	if err := get(db.url+"/api/v1/query?"+query.Encode(), &answer); err != nil {
		return nil, fmt.Errorf("%s: %w", expression, err)
	}
	var rows []row
	for _, result := range answer.Data.Result {
		r := row{"value": json.Number(fmt.Sprint(result.Value[1]))}
		for label, value := range result.Metric {
			r[label] = value
		}
		rows = append(rows, r)
	}
	return rows, nil
}

// victoriaMetrics is a server of this test.
type victoriaMetrics struct{ prometheus }

// startVictoriaMetrics starts Debian's VictoriaMetrics at a port. It ends with the test.
func startVictoriaMetrics(t *testing.T, port int) *victoriaMetrics {
	t.Helper()
	db := &victoriaMetrics{prometheus{url: fmt.Sprintf("http://127.0.0.1:%d", port)}}
	cmd := exec.Command(needed(t, "victoria-metrics", "victoria-metrics"),
		fmt.Sprintf("-httpListenAddr=127.0.0.1:%d", port), "-storageDataPath="+t.TempDir(), "-retentionPeriod=10y",
		"-search.latencyOffset=0s", "-search.minStalenessInterval=30s", "-memory.allowedBytes=100MB", "-loggerLevel=WARN")
	serve(t, cmd, syscall.SIGTERM, answers(db.url+"/health"))
	return db
}

// flush makes what was written visible.
func (db *victoriaMetrics) flush() error { return get(db.url+"/internal/force_flush", nil) }

// sqlQuery asks a database and returns a row for each one of the answer.
type sqlQuery func(query string) ([]row, error)

// startPostgreSQL starts Debian's PostgreSQL with a user and a database telegraf. It
// ends with the test.
func startPostgreSQL(t *testing.T) sqlQuery {
	t.Helper()
	servers, err := filepath.Glob("/usr/lib/postgresql/*/bin/postgres")
	if err != nil || len(servers) == 0 {
		t.Fatalf("no PostgreSQL, error %v: install the package postgresql", err)
	}
	bin := filepath.Dir(servers[len(servers)-1])
	dir := t.TempDir()
	own := unprivileged(t, dir)
	initdb := exec.Command(filepath.Join(bin, "initdb"), "--username=telegraf", "--auth=trust", "--no-sync", "--encoding=UTF8", "--locale=C.UTF-8", dir)
	initdb.Dir, initdb.SysProcAttr = dir, own
	if out, err := initdb.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", initdb.Path, err, out)
	}
	cmd := exec.Command(filepath.Join(bin, "postgres"), "-D", dir, "-c", "fsync=off",
		"-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", "-c", "log_min_messages=warning")
	cmd.Dir, cmd.SysProcAttr = dir, own
	psql := func(database, statement string) ([]byte, error) {
		out, err := exec.Command(needed(t, "psql", "postgresql-client"), "--host=127.0.0.1", "--username=telegraf", "--dbname="+database,
			"--no-psqlrc", "--quiet", "--no-align", "--tuples-only", "--set=ON_ERROR_STOP=1", "--command="+statement).Output()
		if err != nil {
			err = fmt.Errorf("%s: %w%s", statement, err, stderrOf(err))
		}
		return out, err
	}
	serve(t, cmd, syscall.SIGINT, func() error {
		_, err := psql("postgres", "CREATE DATABASE telegraf")
		return err
	})
	return func(query string) ([]row, error) {
		out, err := psql("telegraf", "SELECT json_agg(answer) FROM ("+query+") AS answer")
		if err != nil {
			return nil, err
		}
		return rowsOf(out)
	}
}

// unprivileged makes a directory the one of the user postgres, as whom PostgreSQL runs,
// since it refuses to run as root.
func unprivileged(t *testing.T, dir string) *syscall.SysProcAttr {
	t.Helper()
	account, err := user.Lookup("postgres")
	if err != nil {
		t.Fatalf("%v: install the package postgresql", err)
	}
	uid, err := strconv.ParseUint(account.Uid, 10, 32)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(dir, int(uid), 0); err != nil {
		t.Skipf("needs root that can become another user, since PostgreSQL does not run as root: %v", err)
	}
	if err := os.Chmod(filepath.Dir(dir), 0o755); err != nil { //nolint:gosec // for that user to reach dir
		t.Fatal(err)
	}
	return &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid)}}
}

// sqliteFile asks the database in a file.
func sqliteFile(t *testing.T, path string) sqlQuery {
	t.Helper()
	program := needed(t, "sqlite3", "sqlite3")
	return func(query string) ([]row, error) {
		out, err := exec.Command(program, "-json", "-readonly", path, query).Output()
		if err != nil {
			return nil, fmt.Errorf("%s: %w%s", query, err, stderrOf(err))
		}
		return rowsOf(out)
	}
}

// rowsOf decodes rows in JSON, which are nothing if there are none.
func rowsOf(out []byte) ([]row, error) {
	var rows []row
	if len(bytes.TrimSpace(out)) == 0 {
		return nil, nil
	}
	decoder := json.NewDecoder(bytes.NewReader(out))
	decoder.UseNumber()
	err := decoder.Decode(&rows)
	return rows, err
}
