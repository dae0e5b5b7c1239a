package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// emptyPanels are those of what this machine has not.
const emptyPanels = "Load|Speed in Mbit/s|Below what both ends can do|Members of bonds, ports of bridges|Time that leases have left|" +
	"Descriptors, of the process that is nearest to its limit|Disk by name|Time until there is no process ID|Most memory now"

// dashboards asks InfluxDB what Grafana would ask it, and requires rows for what there
// is.
func dashboards(t *testing.T, db *influxdb) {
	t.Helper()
	files, err := filepath.Glob("../../inputs/*/dashboards/grafana-influxdb.json")
	if err != nil || len(files) != 4 {
		t.Fatalf("dashboards %v, error %v", files, err)
	}
	for _, path := range files {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var dashboard struct {
			Panels []struct {
				Title   string
				Targets []struct{ Query string }
			}
		}
		if err := json.Unmarshal(text, &dashboard); err != nil {
			t.Fatal(err)
		}
		for _, panel := range dashboard.Panels {
			eventually(t, panel.Title+" of "+path, func() error {
				shown := 0
				for _, target := range panel.Targets {
					rows, err := db.query(strings.NewReplacer("$timeFilter", "time > now() - 1m", "$__interval", "1s", "$host", "e2e").Replace(target.Query))
					if err != nil {
						t.Errorf("%s: %v", path, err)
					}
					shown += len(rows)
				}
				if shown == 0 && !strings.Contains(emptyPanels, panel.Title) {
					return fmt.Errorf("no rows of %v", panel.Targets)
				}
				return nil
			})
		}
	}
}
