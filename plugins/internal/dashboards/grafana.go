package dashboards

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// object is an object of JSON, whose keys are written in order.
type object map[string]any

// The sources of data.
const (
	Prometheus = "prometheus"
	InfluxDB   = "influxdb"
)

// Grafana's grid has 24 columns.
const (
	gridWidth   = 24
	panelHeight = 8
	perLine     = 2
)

// Grafana returns the dashboard of Grafana over that source of data.
func (d *Dashboard) Grafana(source string) ([]byte, error) {
	g := grafana{source: source}
	if source == Prometheus {
		g.add(d.alertPanel(g.datasource()), gridWidth)
	}
	for i := range d.Panels {
		g.add(g.panel(&d.Panels[i]), gridWidth/perLine)
	}
	return encode(object{
		"title":         d.Title,
		"uid":           "sysprobe-" + d.Input + "-" + source,
		"tags":          []string{"sysprobe", d.Input},
		"schemaVersion": 39,
		"editable":      true,
		"graphTooltip":  1,
		"refresh":       "30s",
		"time":          object{"from": "now-1h", "to": "now"},
		"templating":    object{"list": g.variables(d.Panels[0].Queries[0].Value.Measurement)},
		"panels":        g.panels,
	})
}

// encode writes a file.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	err := e.Encode(v)
	return b.Bytes(), err
}

// grafana lays out panels from left to right.
type grafana struct {
	source string
	panels []object
	x, y   int
}

// add gives a panel its number and its place.
func (g *grafana) add(panel object, width int) {
	panel["id"] = len(g.panels) + 1
	panel["gridPos"] = object{"x": g.x, "y": g.y, "w": width, "h": panelHeight}
	if g.x += width; g.x >= gridWidth {
		g.x, g.y = 0, g.y+panelHeight
	}
	g.panels = append(g.panels, panel)
}

// datasource is a reference to the variable of that name.
func (g *grafana) datasource() object {
	return object{"type": g.source, "uid": "${datasource}"}
}

// variables are the source of data, and the hosts that a measurement has.
func (g *grafana) variables(measurement string) []object {
	hosts := fmt.Sprintf(`SHOW TAG VALUES FROM %q WITH KEY = "host"`, measurement)
	if g.source == Prometheus {
		hosts = fmt.Sprintf("label_values({__name__=~%q}, host)", measurement+"_.+")
	}
	return []object{
		{"name": "datasource", "label": "Source", "type": "datasource", "query": g.source},
		{
			"name": "host", "label": "Host", "type": "query", "query": hosts, "datasource": g.datasource(),
			"refresh": 2, "sort": 1, "multi": true, "includeAll": true, "allValue": ".*", "current": object{"text": "All", "value": "$__all"},
		},
	}
}

// panel makes a graph.
func (g *grafana) panel(p *Panel) object {
	var targets []object
	for i := range p.Queries {
		q := &p.Queries[i]
		target := object{"refId": string(rune('A' + i)), "datasource": g.datasource()}
		if g.source == Prometheus {
			target["expr"], target["legendFormat"] = q.promQL("$host", "$__rate_interval"), q.legend("{{", "}}")
		} else {
			target["query"], target["alias"] = q.influxQL(), q.legend("$tag_", "")
			target["rawQuery"], target["resultFormat"] = true, "time_series"
		}
		targets = append(targets, target)
	}
	return timeseries(p, g.datasource(), targets)
}

// timeseries is a panel of that type.
func timeseries(p *Panel, datasource object, targets []object) object {
	stacking := "none"
	fill := 0
	if p.Stack {
		stacking, fill = "normal", 30
	}
	return object{
		"type": "timeseries", "title": p.Title, "description": p.Description, "datasource": datasource, "targets": targets,
		"fieldConfig": object{
			"defaults": object{
				"unit": p.Unit, "min": 0,
				"custom": object{"stacking": object{"mode": stacking, "group": "A"}, "fillOpacity": fill, "lineWidth": 1, "showPoints": "auto"},
			},
			"overrides": []object{},
		},
		"options": object{
			"legend":  object{"displayMode": "table", "placement": "right", "showLegend": true, "calcs": []string{"lastNotNull", "max"}},
			"tooltip": object{"mode": "multi", "sort": "desc"},
		},
	}
}

// alertPanel shows when which rule held, on all hosts.
func (d *Dashboard) alertPanel(datasource object) object {
	var targets []object
	for i, r := range d.Rules {
		targets = append(targets, object{
			"refId": string(rune('A' + i)), "datasource": datasource, "expr": r.holds(), "legendFormat": r.legend(),
		})
	}
	return timeseries(&Panel{Title: alertsTitle, Description: alertsText, Unit: "short"}, datasource, targets)
}
