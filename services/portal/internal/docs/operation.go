package docs

import (
	"encoding/json"
	"html/template"
	"regexp"
	"slices"
	"strings"
)

// Operation is one endpoint of the API as the pages show it.
type Operation struct {
	ID, Method, Path, Summary, Tag string
	// Description is Markdown.
	Description string
	// Key: an API key may call it. Login: somebody who is logged in. Neither: anybody.
	Key, Login bool
	// Scope is what a key needs; Roles are what a login needs. Empty: the description does not say.
	Scope, Roles string

	Params []Field
	// In is where a parameter goes, by its name: path, query or header.
	In      map[string]string
	Body    *Body
	Answers []Answer
	Errors  []ErrorCode
	Samples []Sample
	// Page is the path of the page that describes it.
	Page string
}

// Body is what a request or an answer carries.
type Body struct {
	Type     string
	Required bool
	Fields   []Field
	Example  string
}

// Answer is one that an operation gives when it succeeds.
type Answer struct {
	Status, Description string
	Body                *Body
}

// ErrorCode is a row of the table of errors.
type ErrorCode struct {
	Code, HTTP, Meaning string
	// Fix is what to do, in Markdown.
	Fix string `json:",omitempty"`
}

// methods in the order in which they are shown.
var methods = []string{"get", "post", "put", "patch", "delete"}

// operations are all of the document, by path and method.
func (d *description) operations(errors []ErrorCode) []*Operation {
	var out []*Operation
	paths := d.root.at("paths")
	for _, path := range paths.keys() {
		item := paths.at(path)
		for _, method := range methods {
			if op := item.at(method); op != nil {
				out = append(out, d.operation(path, method, item, op, errors))
			}
		}
	}
	return out
}

var (
	scopeOf = regexp.MustCompile("[Ss]cope `([a-z]+:[a-z]+)`")
	rolesOf = regexp.MustCompile(`[Rr]oles?: ([a-z]+(?:(?:, | and | or )[a-z]+)*)`)
	codeOf  = regexp.MustCompile("`([A-Z][A-Z_]{3,})`")
)

func (d *description) operation(path, method string, item, op node, errors []ErrorCode) *Operation {
	o := &Operation{
		ID: op.text("operationId"), Method: strings.ToUpper(method), Path: path, Summary: op.text("summary"),
		Description: strings.TrimSpace(op.text("description")), In: map[string]string{},
	}
	if tags := op.texts("tags"); len(tags) > 0 {
		o.Tag = tags[0]
	}
	for _, way := range op.list("security") {
		_, key := asNode(way)["ApiKey"]
		_, login := asNode(way)["Login"]
		o.Key, o.Login = o.Key || key, o.Login || login
	}
	if m := scopeOf.FindStringSubmatch(o.Description); m != nil {
		o.Scope = m[1]
	}
	if m := rolesOf.FindStringSubmatch(o.Description); m != nil {
		o.Roles = m[1]
	}
	for _, p := range append(slices.Clone(item.list("parameters")), op.list("parameters")...) {
		d.param(o, d.follow(p))
	}
	if body := d.follow(op["requestBody"]); body != nil {
		o.Body = d.body(body, bodies[o.ID])
		o.Body.Required, _ = body["required"].(bool)
	}
	responses := op.at("responses")
	for _, status := range responses.keys() {
		if status[0] != '2' && status[0] != '3' {
			continue
		}
		r := d.follow(responses[status])
		o.Answers = append(o.Answers, Answer{Status: status, Description: strings.TrimSpace(r.text("description")), Body: d.body(r, "")})
	}
	o.Errors = o.mayFail(errors)
	o.Samples = samples(o)
	return o
}

func (d *description) param(o *Operation, p node) {
	name := p.text("name")
	f := d.field(name, p["schema"], p["required"] == true, maxDepth)
	if text := strings.TrimSpace(p.text("description")); text != "" {
		f.Description = text
	}
	if example := plain(p["example"]); example != "" {
		f.Example = example
	}
	o.In[name] = p.text("in")
	if o.In[name] == "path" && f.Example == "" {
		if f.Example = byName[name]; f.Example == "" {
			f.Example = byName["id"]
		}
	}
	o.Params = append(o.Params, f)
}

// body is that of a request or an answer. Its example is written, or the document's, or made from the schema.
func (d *description) body(n node, written string) *Body {
	content := n.at("content")
	if len(content) == 0 {
		return nil
	}
	kind := content.keys()[0]
	if _, ok := content["application/json"]; ok {
		kind = "application/json"
	}
	media := content.at(kind)
	b := &Body{Type: kind}
	if kind != "application/json" {
		return b
	}
	b.Fields = d.fields(media["schema"], 0)
	_, isAnswer := n["headers"]
	switch example, ok := firstExample(media); {
	case written != "":
		b.Example = indent([]byte(written))
	case ok:
		b.Example = d.exampleOf(example, media["schema"])
	default:
		b.Example = d.example(media["schema"], isAnswer)
	}
	return b
}

func (d *description) exampleOf(v, schema any) string {
	var b strings.Builder
	buf := newBuffer()
	d.writeValue(buf, v, schema)
	b.WriteString(indent(buf.Bytes()))
	return b.String()
}

func firstExample(media node) (any, bool) {
	if v, ok := media["example"]; ok {
		return v, true
	}
	examples := media.at("examples")
	for _, name := range examples.keys() {
		if v, ok := examples.at(name)["value"]; ok {
			return v, true
		}
	}
	return nil, false
}

// mayFail are the codes that the operation may answer: those that every caller of its kind meets, and those that its description names.
func (o *Operation) mayFail(all []ErrorCode) []ErrorCode {
	var want []string
	if o.Key {
		want = append(want, "MISSING_CREDENTIALS", "INVALID_API_KEY", "INVALID_SECRET", "API_ACCESS_DISABLED", "IP_NOT_ALLOWED", "INSUFFICIENT_SCOPE")
	}
	if o.Login {
		want = append(want, "UNAUTHENTICATED", "FORBIDDEN")
	}
	if o.Body != nil || len(o.Params) > 0 {
		want = append(want, "VALIDATION_ERROR")
	}
	if strings.Contains(o.Path, "{") {
		want = append(want, "NOT_FOUND")
	}
	if o.Tag == "E-invoicing" {
		want = append(want, "NOT_ENROLLED")
	}
	want = append(want, "RATE_LIMIT_EXCEEDED", "SERVICE_UNAVAILABLE")
	for _, m := range codeOf.FindAllStringSubmatch(o.Description, -1) {
		want = append(want, m[1])
	}
	var out []ErrorCode
	for _, e := range all {
		if slices.Contains(want, e.Code) {
			out = append(out, e)
		}
	}
	return out
}

var errorRow = regexp.MustCompile("(?m)^\\|\\s*(\\d{3})\\s*\\|\\s*`([A-Z_]+)`\\s*\\|\\s*(.*?)\\s*\\|\\s*$")

// errorCodes are the rows of the table of errors in the document.
func (d *description) errorCodes() []ErrorCode {
	table := d.root.at("components").at("schemas").at("Error").at("properties").at("code").text("description")
	var out []ErrorCode
	for _, m := range errorRow.FindAllStringSubmatch(table, -1) {
		out = append(out, ErrorCode{HTTP: m[1], Code: m[2], Meaning: m[3], Fix: fixes[m[2]]})
	}
	slices.SortStableFunc(out, func(a, b ErrorCode) int { return strings.Compare(a.HTTP, b.HTTP) })
	return out
}

// Event is a type of the catalogue of events.
type Event struct {
	Name, Description, Example string
	// Default: endpoints that ask for no types get it.
	Default bool
	Fields  []Field
}

var byDefault = []string{"payment.completed", "payment.failed", "payment.refunded"}

// events are the types that are sent to endpoints, the default ones first.
func (d *description) events() []Event {
	var out []Event
	hooks := d.root.at("webhooks")
	for _, name := range hooks.keys() {
		post := hooks.at(name).at("post")
		media := post.at("requestBody").at("content").at("application/json")
		example, ok := firstExample(media)
		if !ok {
			continue // what is said of all events
		}
		out = append(out, Event{
			Name: name, Description: post.text("summary"), Default: slices.Contains(byDefault, name),
			Example: d.exampleOf(example, media["schema"]), Fields: d.fields(media["schema"], 0),
		})
	}
	return out
}

// Family is the part of an event's name before the dot.
func (e Event) Family() string {
	family, _, _ := strings.Cut(e.Name, ".")
	return family
}

// URLPath is the path with its parameters filled in by their examples.
func (o *Operation) URLPath() string {
	path := o.Path
	for _, p := range o.Params {
		if o.In[p.Name] == "path" {
			path = strings.ReplaceAll(path, "{"+p.Name+"}", p.Example)
		}
	}
	return path
}

// Anchor is where the operation is on its page.
func (o *Operation) Anchor() string { return o.Page + "#" + o.ID }

// Parts are the pieces of the path: those in braces are parameters.
func (o *Operation) Parts() []string { return pathPart.FindAllString(o.Path, -1) }

var pathPart = regexp.MustCompile(`\{[^}]*\}|[^{]+`)

// tried is what the tester has to know of an operation.
type tried struct {
	ID     string       `json:"id"`
	Method string       `json:"method"`
	Path   string       `json:"path"`
	Key    bool         `json:"key"`
	Login  bool         `json:"login"`
	Params []triedParam `json:"params,omitempty"`
	Body   string       `json:"body,omitempty"`
	Type   string       `json:"type,omitempty"`
	Answer string       `json:"answer,omitempty"`
}

type triedParam struct {
	Name     string   `json:"name"`
	In       string   `json:"in"`
	Required bool     `json:"required,omitempty"`
	Example  string   `json:"example,omitempty"`
	Values   []string `json:"values,omitempty"`
}

// Try is the operation as the tester reads it: JSON for an attribute.
func (o *Operation) Try() (string, error) {
	t := tried{ID: o.ID, Method: o.Method, Path: o.Path, Key: o.Key, Login: o.Login}
	for _, p := range o.Params {
		values := p.Values
		if p.Type == "boolean" {
			values = []string{"true", "false"}
		}
		one := triedParam{Name: p.Name, In: o.In[p.Name], Required: p.Required, Values: values}
		if one.In == "path" || p.Required {
			one.Example = p.Example
		}
		t.Params = append(t.Params, one)
	}
	if o.Body != nil {
		t.Body, t.Type = o.Body.Example, o.Body.Type
	}
	if len(o.Answers) > 0 && o.Answers[0].Body != nil {
		t.Answer = o.Answers[0].Body.Type
	}
	raw, err := json.Marshal(t)
	return string(raw), err
}

// Sample is an example in one language.
type Sample struct {
	Lang, Label, Text string
	HTML              template.HTML
}
