package docs

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// node is an object of the OpenAPI document.
type node map[string]any

// description is the OpenAPI document of the API.
type description struct {
	raw  []byte
	root node
}

// readDescription reads the document. Numbers keep their text.
func readDescription(raw []byte) (*description, error) {
	d := &description{raw: raw}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	if err := dec.Decode(&d.root); err != nil {
		return nil, fmt.Errorf("read the description of the API: %w", err)
	}
	if len(d.root.at("paths")) == 0 {
		return nil, fmt.Errorf("read the description of the API: it has no paths")
	}
	return d, nil
}

// at is the object of that name; an empty one when there is none.
func (n node) at(name string) node { return asNode(n[name]) }

func asNode(v any) node {
	switch m := v.(type) {
	case node:
		return m
	case map[string]any:
		return m
	default:
		return nil
	}
}

func (n node) text(name string) string {
	s, _ := n[name].(string)
	return s
}

func (n node) list(name string) []any {
	l, _ := n[name].([]any)
	return l
}

func (n node) texts(name string) []string {
	var out []string
	for _, v := range n.list(name) {
		if s, ok := v.(string); ok {
			out = append(out, s)
		}
	}
	return out
}

// keys are the names in order, so that every run says the same.
func (n node) keys() []string {
	out := make([]string, 0, len(n))
	for k := range n {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

// follow is what a reference points to, with what stands beside the reference. What is none is itself.
func (d *description) follow(v any) node {
	n := asNode(v)
	for range 8 {
		ref := n.text("$ref")
		if ref == "" {
			return n
		}
		target := d.root
		for part := range strings.SplitSeq(strings.TrimPrefix(ref, "#/"), "/") {
			target = target.at(part)
		}
		if len(n) == 1 {
			n = target
			continue
		}
		merged := make(node, len(target)+len(n))
		for k, v := range target {
			merged[k] = v
		}
		for k, v := range n {
			if k != "$ref" {
				merged[k] = v
			}
		}
		if _, ok := target["$ref"]; ok {
			merged["$ref"] = target["$ref"]
		}
		n = merged
	}
	return n
}

// Field is a row of a table: a parameter, or a field of a JSON object.
type Field struct {
	Name, Type string
	Required   bool
	// Description is Markdown. Bounds say what is allowed, such as "1 to 500 characters".
	Description, Bounds string
	Values              []string
	Default, Example    string
	Fields              []Field
}

// maxDepth of a table: deeper objects are described by their name alone.
const maxDepth = 4

// flat is the schema with allOf merged, and the alternatives of oneOf and anyOf as one object that may have the fields of each.
func (d *description) flat(v any) node {
	s := d.follow(v)
	parts := append(slices.Clone(s.list("allOf")), append(slices.Clone(s.list("oneOf")), s.list("anyOf")...)...)
	if len(parts) == 0 {
		return s
	}
	out := make(node, len(s))
	for k, v := range s {
		out[k] = v
	}
	delete(out, "allOf")
	delete(out, "oneOf")
	delete(out, "anyOf")
	optional := len(s.list("allOf")) == 0
	for _, p := range parts {
		d.mergeInto(out, d.flat(p), optional)
	}
	return out
}

func (d *description) mergeInto(out, part node, optional bool) {
	if part.text("type") == "null" {
		return
	}
	for k, v := range part {
		switch k {
		case "properties":
			all := node{}
			for name, p := range out.at("properties") {
				all[name] = p
			}
			for name, p := range asNode(v) {
				all[name] = p
			}
			out["properties"] = map[string]any(all)
		case "required":
			if !optional {
				out["required"] = append(slices.Clone(out.list("required")), part.list("required")...)
			}
		default:
			if _, ok := out[k]; !ok {
				out[k] = v
			}
		}
	}
}

// fields are those of an object or of the objects in a list: what is required first, as the document orders it.
func (d *description) fields(v any, depth int) []Field {
	s := d.flat(v)
	for s.at("items") != nil {
		s = d.flat(s["items"])
	}
	if depth >= maxDepth {
		return nil
	}
	var out []Field
	properties := s.at("properties")
	for _, name := range d.order(s) {
		out = append(out, d.field(name, properties[name], slices.Contains(s.texts("required"), name), depth))
	}
	return out
}

// order of an object's fields: the required ones as the document lists them, then the others by name.
func (d *description) order(s node) []string {
	properties := s.at("properties")
	var names []string
	for _, name := range s.texts("required") {
		if _, ok := properties[name]; ok && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	for _, name := range properties.keys() {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

func (d *description) field(name string, schema any, required bool, depth int) Field {
	s := d.flat(schema)
	f := Field{
		Name: name, Type: d.typeOf(s), Required: required, Description: strings.TrimSpace(s.text("description")), Bounds: bounds(s),
		Fields: d.fields(s, depth+1),
	}
	for _, v := range s.list("enum") {
		f.Values = append(f.Values, plain(v))
	}
	if s.at("items") != nil && len(f.Values) == 0 {
		for _, v := range d.flat(s["items"]).list("enum") {
			f.Values = append(f.Values, plain(v))
		}
	}
	f.Default = plain(s["default"])
	f.Example = plain(s["example"])
	return f
}

// plain is a JSON value as text; none is empty.
func plain(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	default:
		raw, err := json.Marshal(v)
		if err != nil {
			return ""
		}
		return string(raw)
	}
}

func (d *description) typeOf(s node) string {
	t := s.text("type")
	if t == "" {
		var many []string
		for _, one := range s.texts("type") {
			if one == "null" {
				one = "null"
			}
			many = append(many, one)
		}
		t = strings.Join(many, " or ")
	}
	switch {
	case t == "" && s.at("properties") != nil:
		t = "object"
	case t == "" && len(s.list("enum")) > 0:
		t = "string"
	case t == "":
		t = "any"
	}
	if s.at("items") != nil {
		inner := d.typeOf(d.flat(s["items"]))
		return strings.Replace(t, "array", "array of "+inner+"s", 1)
	}
	if format := s.text("format"); format != "" {
		t += " (" + format + ")"
	}
	return t
}

func bounds(s node) string {
	var out []string
	pair := func(low, high, unit string) {
		l, h := plain(s[low]), plain(s[high])
		switch {
		case l != "" && h != "":
			out = append(out, l+" to "+h+unit)
		case l != "":
			out = append(out, "at least "+l+unit)
		case h != "":
			out = append(out, "at most "+h+unit)
		}
	}
	pair("minimum", "maximum", "")
	pair("minLength", "maxLength", " characters")
	pair("minItems", "maxItems", " elements")
	if over := plain(s["exclusiveMinimum"]); over != "" {
		out = append(out, "more than "+over)
	}
	return strings.Join(out, ", ")
}
