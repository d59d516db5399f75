package docs

import (
	"encoding/json"
	"fmt"
	"strings"
)

// file is something to download, or for the page's script.
type file struct {
	kind, name string
	body       []byte
}

func (m *maker) makeFiles() error {
	b := m.book
	b.files = map[string]file{}
	for path, of := range map[string]struct {
		name string
		v    any
	}{
		"/docs/search.json":                   {"", b.entries},
		"/docs/errors.json":                   {"", m.explained()},
		"/docs/examples.json":                 {"", m.examples()},
		"/docs/eupay.postman_collection.json": {"eupay.postman_collection.json", m.postman()},
	} {
		raw, err := json.Marshal(of.v)
		if err != nil {
			return fmt.Errorf("write %s: %w", path, err)
		}
		b.files[path] = file{kind: "application/json", name: of.name, body: raw}
	}
	if m.desc != nil {
		b.files["/docs/openapi.json"] = file{kind: "application/json", name: "eupay.openapi.json", body: m.desc.raw}
	}
	b.files["/llms.txt"] = file{kind: "text/plain; charset=utf-8", body: []byte(m.llms())}
	for _, p := range b.pages {
		b.files[p.Path+".md"] = file{kind: "text/markdown; charset=utf-8", body: []byte(p.Markdown)}
	}
	return nil
}

// explained is what the tester says of a code.
func (m *maker) explained() map[string]map[string]string {
	out := map[string]map[string]string{}
	for _, e := range m.errors {
		out[e.Code] = map[string]string{"meaning": plainOf(e.Meaning), "fix": plainOf(e.Fix)}
	}
	return out
}

func plainOf(markdown string) string { return strings.ReplaceAll(markdown, "`", "") }

// Example is one that a test can run.
type Example struct {
	Name     string `json:"name"`
	Method   string `json:"method,omitempty"`
	Path     string `json:"path,omitempty"`
	Language string `json:"language"`
	Code     string `json:"code"`
}

// examples are all that the pages show, by operation.
func (m *maker) examples() []Example {
	var out []Example
	for _, o := range m.all {
		for _, s := range o.Samples {
			out = append(out, Example{o.ID, o.Method, o.Path, s.Lang, strings.ReplaceAll(s.Text, baseMark, m.base)})
		}
	}
	return out
}

// llms is the list of all pages for language models, as llmstxt.org describes it.
func (m *maker) llms() string {
	var b strings.Builder
	b.WriteString("# EU Pay\n\n> SEPA bank-to-bank payments over PSD2 Open Banking, signed QR codes, table ordering and French e-invoices, over one REST API.\n\n")
	fmt.Fprintf(&b, "The API is at %s. Every page below is also at its address without `.md`, as HTML.\n", m.base)
	for _, c := range m.book.chapters {
		fmt.Fprintf(&b, "\n## %s\n\n", c.Title)
		for _, p := range c.Pages {
			fmt.Fprintf(&b, "- [%s](%s.md): %s\n", p.Title, p.Path, short(p.Summary))
		}
	}
	b.WriteString("\n## Files\n\n- [OpenAPI 3.1](/docs/openapi.json): every operation and schema\n- [Postman collection](/docs/eupay.postman_collection.json): every operation with an example\n- [Examples](/docs/examples.json): every example in every language\n")
	return b.String()
}

// postman is a collection in the format 2.1.
func (m *maker) postman() map[string]any {
	var folders []any
	for _, p := range m.book.pages {
		var items []any
		for _, o := range p.Operations {
			items = append(items, postmanItem(o))
		}
		if len(items) > 0 {
			folders = append(folders, map[string]any{"name": p.Title, "description": plainOf(p.Summary), "item": items})
		}
	}
	variable := func(key, value string) map[string]any {
		return map[string]any{"key": key, "value": value, "type": "string"}
	}
	return map[string]any{
		"info": map[string]any{
			"name": "EU Pay API", "description": "Set the variables api_key and api_secret, or token for what needs a login.", "_postman_id": postmanID,
			"schema": "https://schema.getpostman.com/json/collection/v2.1.0/collection.json",
		},
		"item":     folders,
		"variable": []any{variable("base_url", m.base), variable("api_key", "pk_test_"), variable("api_secret", "sk_test_"), variable("token", "")},
	}
}

// postmanID lets Postman know the collection again when it is imported anew.
const postmanID = "5d0a3b6e-8f27-4c19-9d4a-2f6b1c7e0a58"

func postmanItem(o *Operation) map[string]any {
	headers := []any{}
	add := func(key, value string, off bool) {
		headers = append(headers, map[string]any{"key": key, "value": value, "disabled": off})
	}
	switch {
	case o.Key:
		add("X-Api-Key", "{{api_key}}", false)
		add("X-Api-Secret", "{{api_secret}}", false)
	case o.Login:
		add("Authorization", "Bearer {{token}}", false)
	}
	var query, variables []any
	for _, p := range o.Params {
		switch o.In[p.Name] {
		case "query":
			query = append(query, map[string]any{"key": p.Name, "value": p.Example, "description": p.Description, "disabled": !p.Required})
		case "path":
			variables = append(variables, map[string]any{"key": p.Name, "value": p.Example, "description": p.Description})
		case "header":
			add(p.Name, p.Example, true)
		}
	}
	path := postmanPath.Replace(strings.TrimPrefix(o.Path, "/"))
	url := map[string]any{"raw": "{{base_url}}/" + path, "host": []string{"{{base_url}}"}, "path": strings.Split(path, "/")}
	if len(query) > 0 {
		url["query"] = query
	}
	if len(variables) > 0 {
		url["variable"] = variables
	}
	request := map[string]any{"method": o.Method, "url": url, "description": o.Description}
	if o.json() {
		add("Content-Type", "application/json", false)
		request["body"] = map[string]any{"mode": "raw", "raw": o.Body.Example, "options": map[string]any{"raw": map[string]any{"language": "json"}}}
	}
	request["header"] = headers
	return map[string]any{"name": o.Summary, "request": request, "response": []any{}}
}

// postmanPath writes a parameter as Postman does: :id.
var postmanPath = strings.NewReplacer("{", ":", "}", "")
