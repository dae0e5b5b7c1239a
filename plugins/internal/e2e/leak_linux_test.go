package e2e

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// leakConfig has times as exact as the ages.
const leakConfig = `
[agent]
  interval = "1s"
  precision = "1ns"
[[inputs.zombies]]
  max_zombies = 1000
  alert_count = 10
`

const (
	leaks    = 20 // zombies
	leakerOf = "leakyd"
)

// leak is a process that forks and does not reap.
type leak struct {
	pid  int
	dead []death
	stop func() // kills it
}

// death is a zombie, and the span in which it died.
type death struct {
	pid        int
	from, till time.Time
}

// leakSlowly is what the role "leaker" does: it prints each zombie when it is
// there.
func leakSlowly() error {
	for range leaks {
		from := time.Now()
		cmd := exec.Command("/bin/sh", "-c", "exit 3")
		if err := cmd.Start(); err != nil {
			return err
		}
		if err := waitDead(cmd.Process.Pid); err != nil {
			return err
		}
		if _, err := fmt.Fprintln(os.Stdout, cmd.Process.Pid, from.UnixNano(), time.Now().UnixNano()); err != nil {
			return err
		}
		time.Sleep(150 * time.Millisecond)
	}
	_, err := io.Copy(io.Discard, os.Stdin) // until the test ends, if it does not kill
	return err
}

// waitDead waits until a child is a zombie.
func waitDead(pid int) error {
	for {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil || strings.Contains(string(stat), ") Z ") {
			return err
		}
		time.Sleep(time.Millisecond)
	}
}

// startLeak returns once all zombies are there.
func startLeak(t *testing.T) *leak {
	t.Helper()
	cmd := actor("leaker:" + fmt.Sprintf("%x", leakerOf))
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	start(t, cmd)
	l := &leak{pid: cmd.Process.Pid}
	killed := false
	l.stop = func() {
		if killed {
			return
		}
		killed = true
		stdin.Close()      //nolint:errcheck // a pipe to one that is killed
		cmd.Process.Kill() //nolint:errcheck // it is there until it is waited for
		cmd.Wait()         //nolint:errcheck // it was killed
	}
	t.Cleanup(l.stop)
	lines := bufio.NewScanner(stdout)
	for range leaks {
		if !lines.Scan() {
			t.Fatalf("the leak ended: %v", lines.Err())
		}
		var pid int
		var from, till int64
		if _, err := fmt.Sscan(lines.Text(), &pid, &from, &till); err != nil {
			t.Fatal(err)
		}
		l.dead = append(l.dead, death{pid, time.Unix(0, from), time.Unix(0, till)})
	}
	return l
}

// TestLeak follows a process that does not reap from its first zombie to its
// end.
func TestLeak(t *testing.T) {
	began := time.Now()
	db := startInfluxDB(t)
	tg := startTelegraf(t, telegrafConfig+outputSnippet(t, "influxdb")+leakSnippet(t))
	eventually(t, "a gather before the leak", func() error {
		_, err := db.latest("zombies", began)
		return err
	})
	l := startLeak(t)

	t.Run("its parent is named with the right count", func(t *testing.T) {
		eventually(t, "the parent", func() error {
			row, err := l.row(db, began)
			if err != nil {
				return err
			}
			for field, want := range map[string]int64{"zombies": leaks, "created": leaks, "reaped": 0} {
				if got := row.number(field); got != want {
					return fmt.Errorf("%s is %d, want %d", field, got, want)
				}
			}
			return nil
		})
	})
	t.Run("every zombie has its age and exit code", func(t *testing.T) {
		eventually(t, "the zombies", func() error { return l.sameDeaths(db, began) })
	})
	t.Run("the alert is raised", func(t *testing.T) {
		eventually(t, "zombie_event", func() error { return l.event(db, began, "count_exceeded") })
	})
	t.Run("it clears once the parent is killed", func(t *testing.T) {
		before := time.Now()
		l.stop()
		killed := time.Now()
		eventually(t, "the alert to clear", func() error { return l.event(db, before, "count_cleared") })
		eventually(t, "the zombies to go", func() error {
			if _, err := db.latest("zombies", killed); err != nil {
				return err
			}
			row, err := l.row(db, killed)
			if err == nil {
				return fmt.Errorf("it is there: %v", row)
			}
			return nil
		})
	})
	for _, line := range tg.errors(t) {
		t.Errorf("Telegraf has an error: %s", line)
	}
}

// leakSnippet runs sysprobe-execd in the network namespace that go test is in:
// in a new one, such as that of this test, the kernel reports no exits.
func leakSnippet(t *testing.T) string {
	t.Helper()
	text := snippetFor(t, leakConfig)
	if os.Geteuid() == 0 {
		text = strings.Replace(text, "command = [", fmt.Sprintf(`command = ["nsenter", "--net=/proc/%d/ns/net", "--", `, os.Getppid()), 1)
	}
	return text
}

// row is the last one of the parent.
func (l *leak) row(db *influxdb, after time.Time) (row, error) {
	rows, err := db.latest("zombies_parent", after)
	if err != nil {
		return nil, err
	}
	at := slices.IndexFunc(rows, func(r row) bool { return r.number("parent_pid") == int64(l.pid) && r.raw("parent_name") == leakerOf })
	if at < 0 {
		return nil, fmt.Errorf("no %s with PID %d among %v", leakerOf, l.pid, rows)
	}
	return rows[at], nil
}

// sameDeaths compares the last gather with what died. Ages count from the death
// or, if the kernel did not report it, from the first gather that came later.
func (l *leak) sameDeaths(db *influxdb, after time.Time) error {
	rows, err := db.latest("zombies_process", after)
	if err != nil {
		return err
	}
	found := map[int64]row{}
	for _, r := range rows {
		if r.number("ppid") == int64(l.pid) {
			found[r.number("pid")] = r
		}
	}
	if len(found) != len(l.dead) {
		return fmt.Errorf("%d zombies, want %d", len(found), len(l.dead))
	}
	for _, d := range l.dead {
		r := found[int64(d.pid)]
		age, err := strconv.ParseFloat(fmt.Sprint(r["age"]), 64)
		if err != nil {
			return err
		}
		died := time.Unix(0, r.number("time")).Add(-time.Duration(age * float64(time.Second)))
		slack := 50 * time.Millisecond
		late := slack
		if r["age_exact"] != true {
			late = 10 * time.Second
		}
		if died.Before(d.from.Add(-slack)) || died.After(d.till.Add(late)) || r.number("exit_code") != 3 {
			return fmt.Errorf("zombie %d that died at %v: died %v later, %v", d.pid, d.from, died.Sub(d.from), r)
		}
	}
	return nil
}

// event looks for an alert of the parent.
func (l *leak) event(db *influxdb, after time.Time, name string) error {
	rows, err := db.query(fmt.Sprintf(`SELECT * FROM "zombie_event" WHERE time > %d`, after.UnixNano()))
	if err != nil {
		return err
	}
	for _, r := range rows {
		if r.number("parent_pid") == int64(l.pid) && r.text("event") == name {
			return nil
		}
	}
	return fmt.Errorf("no %s of %d in %v", name, l.pid, rows)
}
