package e2e

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// description is the API's description, as far as the tests read it.
type description struct {
	Paths      map[string]map[string]json.RawMessage
	Components struct {
		Schemas    map[string]*schema
		Parameters map[string]parameter
		Responses  map[string]response
	}
}

type parameter struct {
	Ref      string `json:"$ref"`
	Name, In string
}

type response struct {
	Ref     string `json:"$ref"`
	Content map[string]struct{ Schema *schema }
}

// operation is one of the description.
type operation struct {
	id, method string
	path       []string
	query      []string
	keyed      bool // it takes an Idempotency-Key
	body       *schema
	kind       string // of the answer; empty: it has no content
	papers     bool   // it is also answered as papers or files
	answer     *schema
	statuses   []int // of the answers that are no errors
}

// schema is a JSON Schema.
type schema struct {
	Ref                  string             `json:"$ref"`
	Type                 any                `json:"type"`
	Format               string             `json:"format"`
	Pattern              string             `json:"pattern"`
	Enum                 []any              `json:"enum"`
	Properties           map[string]*schema `json:"properties"`
	Required             []string           `json:"required"`
	Items                *schema            `json:"items"`
	AdditionalProperties *schema            `json:"additionalProperties"`
	AllOf                []*schema          `json:"allOf"`
	AnyOf                []*schema          `json:"anyOf"`
	OneOf                []*schema          `json:"oneOf"`
}

// UnmarshalJSON also accepts true and false, which do not restrict the value.
func (s *schema) UnmarshalJSON(text []byte) error {
	if text[0] != '{' {
		return nil
	}
	type plain schema
	return json.Unmarshal(text, (*plain)(s))
}

// description reads the description that the system serves.
func (w *world) description(t *testing.T) *description {
	t.Helper()
	d := must[description](t, w.caller().do(t, http.MethodGet, "/openapi.json", ""), http.StatusOK)
	return &d
}

// operations lists them.
func (d *description) operations(t *testing.T) (list []*operation) {
	t.Helper()
	for path, item := range d.Paths {
		var common []parameter
		if raw, ok := item["parameters"]; ok {
			decode(t, raw, &common)
			delete(item, "parameters")
		}
		for method, raw := range item {
			list = append(list, d.operation(t, strings.ToUpper(method), path, common, raw))
		}
	}
	return list
}

func (d *description) operation(t *testing.T, method, path string, common []parameter, raw json.RawMessage) *operation {
	t.Helper()
	var v struct {
		OperationID string
		Parameters  []parameter
		RequestBody response
		Responses   map[string]response
	}
	decode(t, raw, &v)
	op := &operation{id: v.OperationID, method: method, path: strings.Split(path, "/"), body: v.RequestBody.Content["application/json"].Schema}
	for _, p := range append(common, v.Parameters...) {
		if p.Ref != "" {
			p = d.Components.Parameters[p.Ref[strings.LastIndexByte(p.Ref, '/')+1:]]
		}
		if p.In == "query" {
			op.query = append(op.query, p.Name)
		}
		op.keyed = op.keyed || p.Name == "Idempotency-Key"
	}
	for status := range v.Responses {
		if n, err := strconv.Atoi(status); err == nil && n < http.StatusMultipleChoices {
			op.statuses = append(op.statuses, n)
		}
	}
	for _, status := range []string{"200", "201", "202", "204"} {
		r, ok := v.Responses[status]
		if r.Ref != "" {
			r = d.Components.Responses[r.Ref[strings.LastIndexByte(r.Ref, '/')+1:]]
		}
		for _, kind := range slices.Sorted(maps.Keys(r.Content)) {
			if op.kind == "application/json" {
				op.papers = true
				continue
			}
			op.kind, op.answer = kind, r.Content[kind].Schema
		}
		if ok {
			break
		}
	}
	return op
}

func decode(t *testing.T, raw []byte, into any) {
	t.Helper()
	if err := json.Unmarshal(raw, into); err != nil {
		t.Fatalf("%.200s: %v", raw, err)
	}
}

// matches reports whether the operation is at the path below /api/v1, and how many of its path segments are literal.
func (o *operation) matches(method, path string) (exact int, ok bool) {
	parts := strings.Split(path, "/")
	if o.method != method || len(parts) != len(o.path) {
		return 0, false
	}
	for i, part := range parts {
		switch {
		case part == o.path[i]:
			exact++
		case !strings.HasPrefix(o.path[i], "{"):
			return 0, false
		}
	}
	return exact, true
}

// flat returns the schema with everything that it refers to or is composed of; for alternatives, the properties of all.
func (d *description) flat(s *schema) *schema {
	if s == nil {
		return &schema{}
	}
	if s.Ref != "" {
		return d.flat(d.Components.Schemas[s.Ref[strings.LastIndexByte(s.Ref, '/')+1:]])
	}
	parts := slices.Concat(s.AllOf, s.AnyOf, s.OneOf)
	if len(parts) == 0 {
		return s
	}
	out := &schema{Type: s.Type, Properties: maps.Clone(s.Properties)}
	for _, part := range parts {
		p := d.flat(part)
		if p.Type != "null" && (out.Type == nil || p.Type == "object") {
			out.Type, out.Format, out.Pattern, out.Enum = p.Type, p.Format, p.Pattern, p.Enum
			out.Items, out.AdditionalProperties = p.Items, p.AdditionalProperties
		}
		for name, property := range p.Properties {
			if out.Properties == nil {
				out.Properties = map[string]*schema{}
			}
			if old, there := out.Properties[name]; !there || old.Type == nil && old.Ref == "" {
				out.Properties[name] = property
			}
		}
	}
	return out
}

const aTime = "2026-06-17T12:00:00Z"

// example returns a value of the schema without absent or null properties.
func (d *description) example(s *schema) any {
	s = d.flat(s)
	kind := s.Type
	if list, ok := kind.([]any); ok {
		kind = list[0]
	}
	switch {
	case len(s.Enum) > 0:
		return s.Enum[0]
	case kind == "array":
		return []any{d.example(s.Items)}
	case kind == "object" || s.Properties != nil:
		out := map[string]any{}
		for name, property := range s.Properties {
			out[name] = d.example(property)
			if out[name] == "1" && strings.HasSuffix(name, "_at") { // not every time says that it is one
				out[name] = aTime
			}
		}
		if s.AdditionalProperties != nil && s.AdditionalProperties.Type != nil {
			out["1"] = d.example(s.AdditionalProperties)
		}
		return out
	case kind == "boolean":
		return true
	case kind == "integer", kind == "number":
		return 1
	case s.Format == "date-time", strings.HasSuffix(s.Pattern, "Z$"):
		return aTime
	default:
		return "1"
	}
}

// lacks lists the properties of the schema that the decoded value does not have, and its additional ones.
func (d *description) lacks(s *schema, value any, at string) (lacks, besides []string) {
	s = d.flat(s)
	switch v := value.(type) {
	case []any:
		if len(v) > 0 {
			return d.lacks(s.Items, v[0], at+"[]")
		}
	case map[string]any:
		for name, property := range s.Properties {
			if _, there := v[name]; !there {
				lacks = append(lacks, at+"."+name)
				continue
			}
			l, b := d.lacks(property, v[name], at+"."+name)
			lacks, besides = append(lacks, l...), append(besides, b...)
		}
		for name := range v {
			if _, known := s.Properties[name]; !known && (s.AdditionalProperties == nil || s.AdditionalProperties.Type == nil) {
				besides = append(besides, at+"."+name)
			}
		}
	}
	return lacks, besides
}
