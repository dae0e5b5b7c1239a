package dashboards

import (
	"os"
	"path/filepath"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Files returns the dashboards of the inputs below a folder by their path. It reads
// the rules beside each input, and returns the errors of that.
func Files(inputs string) (map[string][]byte, error) {
	files := map[string][]byte{}
	for _, d := range All() {
		dir := filepath.Join(inputs, d.Input)
		if err := d.readRules(filepath.Join(dir, "alerts.yml")); err != nil {
			return nil, err
		}
		for name, write := range map[string]func() ([]byte, error){
			"grafana-prometheus.json": func() ([]byte, error) { return d.Grafana(Prometheus) },
			"grafana-influxdb.json":   func() ([]byte, error) { return d.Grafana(InfluxDB) },
			"vmui.json":               d.VMUI,
		} {
			text, err := write()
			if err != nil {
				return nil, err
			}
			files[filepath.Join(dir, "dashboards", name)] = text
		}
	}
	return files, nil
}

// readRules reads the rules of a dashboard.
func (d *Dashboard) readRules(path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var content struct{ Groups []struct{ Rules []Rule } }
	if err := yaml.Unmarshal(text, &content); err != nil {
		return err
	}
	for _, group := range content.Groups {
		d.Rules = append(d.Rules, group.Rules...)
	}
	return nil
}

// oneLine writes an expression in one line.
func oneLine(expr string) string { return strings.Join(strings.Fields(expr), " ") }
