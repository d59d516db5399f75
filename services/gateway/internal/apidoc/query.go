package apidoc

import (
	"strings"

	"european-pay.eu/eupay/services/gateway/internal/web"
)

// openQuery marks an operation whose URL may carry additional parameters of others.
const openQuery = "x-open-query"

// Query returns the query parameters of an operation. The path is written as in the router: /orders/:id.
func (d Document) Query(method, path string) web.Query {
	parts := strings.Split(path, "/")
	for i, p := range parts {
		if name, ok := strings.CutPrefix(p, ":"); ok {
			parts[i] = "{" + name + "}"
		}
	}
	return d.queries[operation(method, strings.Join(parts, "/"))]
}

func operation(method, path string) string { return strings.ToUpper(method) + " " + path }

// queries collects the query parameters of all operations of the merged description.
func queries(merged map[string]any) map[string]web.Query {
	components, _ := merged["components"].(map[string]any)
	shared, _ := components["parameters"].(map[string]any)
	found := make(map[string]web.Query)
	paths, _ := merged["paths"].(map[string]any)
	for path, value := range paths {
		item, _ := value.(map[string]any)
		for method, value := range item {
			op, ok := value.(map[string]any)
			if !ok {
				continue
			}
			q := web.Query{Names: make(map[string]bool)}
			q.Open, _ = op[openQuery].(bool)
			collect(q.Names, item["parameters"], shared)
			collect(q.Names, op["parameters"], shared)
			found[operation(method, path)] = q
		}
	}
	return found
}

func collect(names map[string]bool, parameters any, shared map[string]any) {
	list, _ := parameters.([]any)
	for _, value := range list {
		p, _ := value.(map[string]any)
		if ref, ok := p["$ref"].(string); ok {
			p, _ = shared[strings.TrimPrefix(ref, "#/components/parameters/")].(map[string]any)
		}
		if name, ok := p["name"].(string); ok && p["in"] == "query" {
			names[name] = true
		}
	}
}
