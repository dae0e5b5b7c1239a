package dashboards

import "fmt"

// The panel of the rules.
const (
	alertsTitle = "Rules that hold"
	alertsText  = "1 while the expression of a rule of alerts.yml holds, whether that is for long enough to alert or not."
)

// holds is 1 while a rule holds.
func (r Rule) holds() string { return fmt.Sprintf("clamp(%s, 1, 1)", oneLine(r.Expr)) }

// legend says which rule holds of what.
func (r Rule) legend() string {
	return r.Alert + " {{host}} {{interface}}{{process_name}}{{parent_name}}"
}

// VMUI returns the dashboard of VictoriaMetrics' vmui, which shows all hosts. It has
// one row: vmui shows the first one only until somebody opens another.
func (d *Dashboard) VMUI() ([]byte, error) {
	alerts := object{"title": alertsTitle, "description": alertsText, "width": 12, "showLegend": true}
	var exprs, aliases []string
	for _, r := range d.Rules {
		exprs, aliases = append(exprs, r.holds()), append(aliases, r.legend())
	}
	alerts["expr"], alerts["alias"] = exprs, aliases
	panels := []object{alerts}
	for i := range d.Panels {
		p := &d.Panels[i]
		var exprs, aliases []string
		for n := range p.Queries {
			exprs, aliases = append(exprs, p.Queries[n].promQL(".*", "2m")), append(aliases, p.Queries[n].legend("{{", "}}"))
		}
		panels = append(panels, object{
			"title": p.Title, "description": p.Description, "unit": vmuiUnit(p.Unit), "expr": exprs, "alias": aliases, "showLegend": true, "width": 6,
		})
	}
	return encode(object{"title": d.Title, "rows": []object{{"title": d.Title, "panels": panels}}})
}

// vmuiUnit is what vmui writes behind a number for a unit of Grafana.
func vmuiUnit(unit string) string {
	return map[string]string{"bps": "bit/s", "pps": "/s", "percent": "%", "bytes": "bytes", "Bps": "bytes/s", "s": "s", "ns": "ns", "ops": "/s"}[unit]
}
