package dashboards

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"telegraf-sysprobe/sysprobe/sysprobetest"
)

// inputsDir is where the inputs are.
var inputsDir = filepath.Join("..", "..", "inputs")

// These are the parts of @grafana/schema's Dashboard that the files use, with the
// names and types of its raw/dashboard and raw/composable.
type (
	grafanaDashboard struct {
		Title, UID, Refresh string
		Tags                []string
		SchemaVersion       int
		Editable            bool
		GraphTooltip        int
		Time                struct{ From, To string }
		Templating          struct{ List []grafanaVariable }
		Panels              []grafanaPanel
	}
	grafanaVariable struct {
		Name, Label, Type, Query, AllValue string
		Datasource                         grafanaSource
		Refresh, Sort                      int
		Multi, IncludeAll                  bool
		Current                            struct{ Text, Value string }
	}
	grafanaSource struct{ Type, UID string }
	grafanaPanel  struct {
		ID                       int
		Type, Title, Description string
		Datasource               grafanaSource
		GridPos                  struct{ X, Y, W, H int }
		Targets                  []grafanaTarget
		FieldConfig              struct {
			Defaults struct {
				Unit   string
				Min    float64
				Custom struct {
					Stacking               struct{ Mode, Group string }
					FillOpacity, LineWidth int
					ShowPoints             string
				}
			}
			Overrides []struct{}
		}
		Options struct {
			Legend struct {
				DisplayMode, Placement string
				ShowLegend             bool
				Calcs                  []string
			}
			Tooltip struct{ Mode, Sort string }
		}
	}
	grafanaTarget struct {
		RefID              string
		Datasource         grafanaSource
		Expr, LegendFormat string // of Prometheus
		Query, Alias       string // of InfluxDB
		RawQuery           bool
		ResultFormat       string
	}
)

// vmuiDashboard is what app/vmui of VictoriaMetrics reads (types/index.ts,
// DashboardSettings).
type vmuiDashboard struct {
	Title string
	Rows  []struct {
		Title  string
		Panels []struct {
			Title, Description, Unit string
			Expr, Alias              []string
			ShowLegend               bool
			Width                    int
		}
	}
}

// read decodes the dashboard of an input strictly.
func read[T any](t *testing.T, input, name string) (d T) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(inputsDir, input, "dashboards", name))
	if err != nil {
		t.Fatal(err)
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&d); err != nil {
		t.Fatalf("%s of %s: %v", name, input, err)
	}
	return d
}

// TestCurrent holds the files to this package and the rules.
func TestCurrent(t *testing.T) {
	files, err := Files(inputsDir)
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range files {
		got, err := os.ReadFile(path)
		if err != nil {
			t.Error(err)
		}
		if diff := cmp.Diff(string(want), string(got)); diff != "" {
			t.Errorf("%s is stale, run make generate (-want +got):\n%s", path, diff)
		}
	}
	there, err := filepath.Glob(filepath.Join(inputsDir, "*", "dashboards", "*.json"))
	if err != nil || len(there) != len(files) {
		t.Errorf("%d files, and %d are made: %v, error %v", len(there), len(files), there, err)
	}
}

// TestGrafanaShowsIt holds what makes Grafana refuse a dashboard, or hide a part of it.
func TestGrafanaShowsIt(t *testing.T) {
	uids := map[string]bool{}
	for _, d := range All() {
		for _, source := range []string{Prometheus, InfluxDB} {
			g := read[grafanaDashboard](t, d.Input, "grafana-"+source+".json")
			if uids[g.UID] || len(g.UID) > 40 || g.Title == "" {
				t.Errorf("uid %q, title %q", g.UID, g.Title)
			}
			uids[g.UID] = true
			taken := map[[2]int]string{}
			for i, p := range g.Panels {
				if p.ID != i+1 || p.Title == "" || len(p.Targets) == 0 || p.GridPos.X+p.GridPos.W > gridWidth {
					t.Errorf("%s: panel %+v", g.UID, p)
				}
				for x := range p.GridPos.W {
					for y := range p.GridPos.H {
						at := [2]int{p.GridPos.X + x, p.GridPos.Y + y}
						if other := taken[at]; other != "" {
							t.Errorf("%s: panel %s lies upon %s", g.UID, p.Title, other)
						}
						taken[at] = p.Title
					}
				}
				refs := map[string]bool{}
				for _, target := range p.Targets {
					if refs[target.RefID] || target.Datasource.Type != source || (target.Expr == "") == (target.Query == "") {
						t.Errorf("%s: target %+v", g.UID, target)
					}
					refs[target.RefID] = true
				}
			}
		}
	}
}

// promQLOf lists the expressions of the dashboards of an input, with values for
// variables.
func promQLOf(t *testing.T, input string) []string {
	t.Helper()
	var all []string
	for _, p := range read[grafanaDashboard](t, input, "grafana-"+Prometheus+".json").Panels {
		for _, target := range p.Targets {
			all = append(all, strings.NewReplacer("$host", "web1", "$__rate_interval", "5m").Replace(target.Expr))
		}
	}
	for _, row := range read[vmuiDashboard](t, input, "vmui.json").Rows {
		for _, p := range row.Panels {
			if len(p.Expr) == 0 || len(p.Expr) != len(p.Alias) || p.Title == "" || p.Width < 1 || p.Width > 12 {
				t.Errorf("%s: panel %+v", input, p)
			}
			all = append(all, p.Expr...)
		}
	}
	return all
}

// fields reads the table of an input: which fields and which tags a measurement has.
func fields(t *testing.T, input string) (metrics map[string]bool, tags map[string][]string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(inputsDir, input, "FIELDS.md"))
	if err != nil {
		t.Fatal(err)
	}
	metrics, tags = map[string]bool{}, map[string][]string{}
	measurement := ""
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if name, is := strings.CutPrefix(line, "## "); is {
			measurement = name
		} else if list, is := strings.CutPrefix(line, "Tags: "); is {
			tags[measurement] = strings.Split(strings.NewReplacer("[", "", "]", "").Replace(list), ", ")
		} else if cells := strings.Split(line, " | "); len(cells) == 7 && measurement != "" {
			metrics[measurement+"_"+strings.TrimPrefix(cells[0], "| ")] = true
		}
	}
	return metrics, tags
}

// TestFieldsExist looks for all that a panel shows in the tables of fields, which the
// tests of the inputs hold to what these send.
func TestFieldsExist(t *testing.T) {
	for _, d := range All() {
		metrics, tags := fields(t, d.Input)
		for _, p := range d.Panels {
			for _, q := range p.Queries {
				for _, v := range []*Value{&q.Value, q.Plus, q.Over} {
					if v == nil {
						continue
					}
					if !metrics[v.Measurement+"_"+v.Field] {
						t.Errorf("%s, %s: no field %s of %s", d.Input, p.Title, v.Field, v.Measurement)
					}
					for tag := range v.Where {
						q.By = append(q.By, tag)
					}
				}
				for _, tag := range q.By {
					if !slices.Contains(tags[q.Value.Measurement], tag) {
						t.Errorf("%s, %s: no tag %s of %s", d.Input, p.Title, tag, q.Value.Measurement)
					}
				}
				for _, m := range regexp.MustCompile(`\{(\w+)\}`).FindAllStringSubmatch(q.Legend, -1) {
					if !slices.Contains(q.By, m[1]) {
						t.Errorf("%s, %s: the legend has a tag %s, by which the series are not told apart", d.Input, p.Title, m[1])
					}
				}
			}
		}
		for _, expr := range promQLOf(t, d.Input) {
			for _, metric := range regexp.MustCompile(`\b`+d.Input+`_\w+`).FindAllString(expr, -1) {
				if !metrics[metric] {
					t.Errorf("%s: no metric %s, in %s", d.Input, metric, expr)
				}
			}
		}
	}
}

// TestPromtool has Prometheus read all expressions.
func TestPromtool(t *testing.T) {
	sysprobetest.NeedTool(t, "promtool")
	var b strings.Builder
	b.WriteString("groups:\n- name: panels\n  rules:\n")
	n := 0
	for _, d := range All() {
		for _, expr := range promQLOf(t, d.Input) {
			n++
			fmt.Fprintf(&b, "  - record: panel:%d\n    expr: %q\n", n, expr)
		}
	}
	path := filepath.Join(t.TempDir(), "panels.yml")
	if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("promtool", "check", "rules", path).CombinedOutput()
	if err != nil || !bytes.Contains(out, fmt.Appendf(nil, "%d rules found", n)) {
		t.Errorf("promtool: %v, of %d expressions\n%s", err, n, out)
	}
}
