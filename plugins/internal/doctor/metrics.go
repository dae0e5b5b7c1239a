package doctor

import (
	"strings"
	"time"

	"github.com/influxdata/telegraf"
)

const measurement = "sysprobe"

// send sends the row of this program. Backend is empty where no input reads
// processes; missing is nil where this system has no capabilities.
func send(acc telegraf.Accumulator, version, backend string, missing []string, at time.Time) {
	tags := map[string]string{"version": version}
	if backend != "" {
		tags["backend"] = backend
	}
	fields := map[string]any{
		"capabilities_missing":       strings.Join(missing, ","),
		"capabilities_missing_count": int64(len(missing)),
	}
	acc.AddGauge(measurement, fields, tags, at)
}
