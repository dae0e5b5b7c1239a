package doctor

import (
	"encoding/json"
	"fmt"
	"strings"
)

// Text returns rows for people.
func Text(rows []Row) string {
	var b strings.Builder
	for _, r := range rows {
		fmt.Fprintf(&b, "%-8s %s: %s\n", r.State, r.Fact, r.Says)
		if r.Costs != "" {
			fmt.Fprintf(&b, "%-8s costs: %s\n", "", r.Costs)
		}
		if r.Remedy != "" {
			fmt.Fprintf(&b, "%-8s remedy: %s\n", "", r.Remedy)
		}
	}
	return b.String()
}

// JSON returns rows for other programs, as a list. It returns the error of the
// encoder.
func JSON(rows []Row) (string, error) {
	b, err := json.MarshalIndent(rows, "", "  ")
	return string(b) + "\n", err
}
