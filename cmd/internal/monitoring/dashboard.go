// Package monitoring has the dashboards, reads the rules of Prometheus and the runbooks, and says which metrics they name. Its tests keep
// all of them together and true; those of cmd/e2e compare the names with what a running system exposes.
package monitoring

import (
	"encoding/json"
	"fmt"
)

// Dashboard is a page of Grafana.
type Dashboard struct {
	// File is the name of its file, and its address in Grafana.
	File, Title, Description string
	Rows                     []Row
}

// Row is a titled group of panels.
type Row struct {
	Title  string
	Panels []Panel
}

// Panel is one picture.
type Panel struct {
	Title string
	// Says is what the reader should know: what is normal, and what to do about the rest.
	Says string
	// Unit as Grafana names it: s, reqps, percentunit, short, dateTimeFromNow.
	Unit string
	// Stat shows the last value as a number, otherwise it is a graph over time.
	Stat bool
	// Red is the value from which on it is not well; 0: none.
	Red     float64
	Queries []Query
}

// Query is a curve, or one for each set of labels.
type Query struct{ Expr, Legend string }

// The grid of Grafana has 24 columns.
const (
	columns    = 24
	width      = 8
	height     = 7
	statHeight = 4
)

// object is a JSON object.
type object = map[string]any

// JSON returns the dashboard as Grafana imports it. Every panel asks the data source that the reader chooses at the top.
func (d Dashboard) JSON() (string, error) {
	var panels []object
	id, y := 0, 0
	next := func() int { id++; return id }
	for _, r := range d.Rows {
		panels = append(panels, object{
			"id": next(), "type": "row", "title": r.Title, "collapsed": false, "panels": []any{}, "gridPos": object{"x": 0, "y": y, "w": columns, "h": 1},
		})
		y++
		x, tallest := 0, 0
		for _, p := range r.Panels {
			h := height
			if p.Stat {
				h = statHeight
			}
			if x+width > columns {
				x, y, tallest = 0, y+tallest, 0
			}
			one := p.json()
			one["id"], one["gridPos"] = next(), object{"x": x, "y": y, "w": width, "h": h}
			panels = append(panels, one)
			x, tallest = x+width, max(tallest, h)
		}
		y += tallest
	}
	text, err := json.MarshalIndent(object{
		"uid": "eupay-" + d.File, "title": "EU Pay / " + d.Title, "description": d.Description, "tags": []string{"eupay"}, "schemaVersion": 39, "version": 1,
		"editable": false, "timezone": "utc", "refresh": "30s", "time": object{"from": "now-6h", "to": "now"}, "graphTooltip": 1,
		"templating": object{"list": []object{{
			"name": "datasource", "label": "Prometheus", "type": "datasource", "query": "prometheus", "hide": 0, "refresh": 1, "multi": false, "includeAll": false,
		}}},
		"annotations": object{"list": []any{}}, "links": []any{}, "panels": panels,
	}, "", "  ")
	if err != nil {
		return "", fmt.Errorf("encode dashboard %s: %w", d.File, err)
	}
	return string(text) + "\n", nil
}

func (p Panel) json() object {
	source := object{"type": "prometheus", "uid": "${datasource}"}
	var targets []object
	for i, q := range p.Queries {
		targets = append(targets, object{
			"refId": string(rune('A' + i)), "expr": q.Expr, "legendFormat": q.Legend, "datasource": source, "instant": p.Stat, "range": !p.Stat,
		})
	}
	steps := []object{{"color": "green", "value": nil}}
	if p.Red != 0 {
		steps = append(steps, object{"color": "red", "value": p.Red})
	}
	defaults := object{"unit": p.Unit, "min": 0, "thresholds": object{"mode": "absolute", "steps": steps}}
	panel := object{
		"title": p.Title, "description": p.Says, "datasource": source, "targets": targets, "fieldConfig": object{"defaults": defaults, "overrides": []any{}},
	}
	if p.Stat {
		panel["type"], panel["options"] = "stat", object{
			"reduceOptions": object{"calcs": []string{"lastNotNull"}, "fields": "", "values": false}, "colorMode": "value", "graphMode": "none",
		}
		return panel
	}
	style := "off"
	if p.Red != 0 {
		style = "line"
	}
	defaults["custom"] = object{"lineWidth": 1, "fillOpacity": 10, "showPoints": "never", "spanNulls": false, "thresholdsStyle": object{"mode": style}}
	panel["type"], panel["options"] = "timeseries", object{
		"legend": object{"displayMode": "list", "placement": "bottom"}, "tooltip": object{"mode": "multi", "sort": "desc"},
	}
	return panel
}
