package monitoring

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"
)

// Rule is a recording rule or an alert of Prometheus.
type Rule struct {
	Record      string            `json:"record,omitempty"`
	Alert       string            `json:"alert,omitempty"`
	Expr        string            `json:"expr"`
	For         string            `json:"for,omitempty"`
	Labels      map[string]string `json:"labels,omitempty"`
	Annotations map[string]string `json:"annotations,omitempty"`
}

// Group is a group of rules.
type Group struct {
	Name  string `json:"name"`
	Rules []Rule `json:"rules"`
}

// Groups reads the rules of a repository.
func Groups(root string) (all []Group, err error) {
	files, err := filepath.Glob(filepath.Join(root, "deploy/observability/rules/*.yaml"))
	if err != nil || len(files) == 0 {
		return nil, fmt.Errorf("no rules in %s: %w", root, err)
	}
	for _, f := range files {
		content, err := os.ReadFile(f)
		if err != nil {
			return nil, err
		}
		var file struct {
			Groups []Group `json:"groups"`
		}
		if err := yaml.UnmarshalStrict(content, &file); err != nil {
			return nil, fmt.Errorf("%s: %w", f, err)
		}
		all = append(all, file.Groups...)
	}
	return all, nil
}

// Object returns the rules as an object of Prometheus' operator.
func Object(groups []Group) (string, error) {
	text, err := yaml.Marshal(map[string]any{
		"apiVersion": "monitoring.coreos.com/v1", "kind": "PrometheusRule",
		"metadata": map[string]any{"name": "eupay"}, "spec": map[string]any{"groups": groups},
	})
	if err != nil {
		return "", fmt.Errorf("encode the rules: %w", err)
	}
	return "# Made of rules/ by: go test ./cmd/internal/monitoring -update\n" + string(text), nil
}

// command is a call of the operators' tool in a runbook, in a block or in a sentence.
var command = regexp.MustCompile("(?m)(?:^|`)(eupayctl [^`\n]+)")

// Commands returns the calls of eupayctl in all runbooks, each once.
func Commands(root string) ([]string, error) {
	files, err := filepath.Glob(filepath.Join(root, "docs/runbooks/*.md"))
	if err != nil {
		return nil, err
	}
	var all []string
	for _, f := range files {
		content, err := os.ReadFile(f)
		if err != nil {
			return nil, err
		}
		for _, m := range command.FindAllStringSubmatch(string(content), -1) {
			all = append(all, strings.TrimSpace(m[1]))
		}
	}
	slices.Sort(all)
	return slices.Compact(all), nil
}

// Use is a query, and where it stands.
type Use struct{ Where, Expr string }

// block is a fenced block of a runbook.
var block = regexp.MustCompile("(?ms)^```(\\w+)\n(.*?)^```$")

// Blocks returns the fenced blocks of that language in each runbook, by the runbook's name.
func Blocks(root, language string) (map[string][]string, error) {
	files, err := filepath.Glob(filepath.Join(root, "docs/runbooks/*.md"))
	if err != nil || len(files) == 0 {
		return nil, fmt.Errorf("no runbooks in %s: %w", root, err)
	}
	all := make(map[string][]string)
	for _, f := range files {
		content, err := os.ReadFile(f)
		if err != nil {
			return nil, err
		}
		name := strings.TrimSuffix(filepath.Base(f), ".md")
		all[name] = nil
		for _, m := range block.FindAllStringSubmatch(string(content), -1) {
			if m[1] == language {
				all[name] = append(all[name], strings.TrimSpace(m[2]))
			}
		}
	}
	return all, nil
}

// Uses returns all queries of the dashboards, rules and runbooks.
func Uses(root string) (all []Use, err error) {
	for _, d := range Dashboards() {
		for _, r := range d.Rows {
			for _, p := range r.Panels {
				for _, q := range p.Queries {
					all = append(all, Use{"dashboard " + d.Title + ": " + p.Title, q.Expr})
				}
			}
		}
	}
	groups, err := Groups(root)
	if err != nil {
		return nil, err
	}
	for _, g := range groups {
		for _, r := range g.Rules {
			all = append(all, Use{"rule " + r.Record + r.Alert, r.Expr})
		}
	}
	books, err := Blocks(root, "promql")
	for name, queries := range books {
		for _, q := range queries {
			all = append(all, Use{"runbook " + name, q})
		}
	}
	return all, err
}

var (
	metric = regexp.MustCompile(`\beupay_[a-z0-9_]+`)
	// matched and grouped are where labels stand: {a="b", c=~"d"} and by (a, b).
	matched = regexp.MustCompile(`\{([^}]*)\}`)
	pair    = regexp.MustCompile(`([a-z_]+)\s*(?:=~|!~|!=|=)\s*"`)
	grouped = regexp.MustCompile(`\b(?:by|on|without|ignoring)\s*\(([^)]*)\)`)
	quoted  = regexp.MustCompile(`"[^"]*"`)
)

// Names returns the metrics of ours that a query names, and the labels that it needs of them.
func Names(expr string) (metrics, labels []string) {
	// What is in quotes is a value. The braces of regular expressions in values are none of a matcher.
	bare := quoted.ReplaceAllString(expr, `""`)
	metrics = metric.FindAllString(bare, -1)
	for _, m := range matched.FindAllStringSubmatch(bare, -1) {
		for _, p := range pair.FindAllStringSubmatch(m[1], -1) {
			labels = append(labels, p[1])
		}
	}
	for _, m := range grouped.FindAllStringSubmatch(bare, -1) {
		for _, l := range strings.Split(m[1], ",") {
			labels = append(labels, strings.TrimSpace(l))
		}
	}
	for _, list := range []*[]string{&metrics, &labels} {
		slices.Sort(*list)
		*list = slices.Compact(*list)
	}
	return metrics, labels
}
