// Package dashboards makes the dashboards that are beside each input: for Grafana over
// Prometheus (or VictoriaMetrics) and over InfluxDB, and for vmui of VictoriaMetrics.
// All three have the same panels, which are described here once.
//
// The first panel shows which rules of alerts.yml hold, with the expressions of that
// file; those below it say why.
package dashboards

//go:generate go run ./write ../../inputs

// Dashboard is that of one input.
type Dashboard struct {
	Input  string // the name of the input
	Title  string
	Rules  []Rule // of its alerts.yml
	Panels []Panel
}

// Rule is a rule of alerts.yml.
type Rule struct {
	Alert string
	Expr  string
}

// Panel is a graph.
type Panel struct {
	Title       string
	Description string // what one looks for
	Unit        string // of Grafana: "bps", "percent", "short", ...
	Stack       bool
	Queries     []Query
}

// Query is one or more series of a panel.
type Query struct {
	Legend string   // names of tags in braces
	By     []string // tags, beside host, that tell its series apart
	Value  Value
	Plus   *Value // added to it
	Over   *Value // what it is divided by
	Factor int    // what it is multiplied with; 0 means 1
}

// Value is a field.
type Value struct {
	Measurement, Field string
	Where              map[string]string // by tag
	Rate               bool              // of a counter: how much it grows in a second
	Positive           bool              // only where it is more than 0
	Times              int               // what it is multiplied with; 0 means 1
}

// All returns the dashboards, without the rules.
func All() []Dashboard {
	return []Dashboard{
		{Input: "nicaddrs", Title: "Addresses of network interfaces", Panels: nicaddrs()},
		{Input: "nicstats", Title: "Network interfaces", Panels: nicstats()},
		{Input: "procs", Title: "Processes", Panels: procs()},
		{Input: "zombies", Title: "Zombies", Panels: zombies()},
	}
}
