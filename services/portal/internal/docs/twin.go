package docs

import (
	"fmt"
	"strings"
)

// markdown is the operation for tools.
func (o *Operation) markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "\n### %s\n\n`%s %s`\n\nCalled with %s.\n", o.Summary, o.Method, o.Path, o.who())
	if o.Description != "" {
		b.WriteString("\n" + o.Description + "\n")
	}
	if len(o.Params) > 0 {
		b.WriteString("\nParameters:\n\n")
		for _, p := range o.Params {
			fmt.Fprintf(&b, "- `%s` (%s, %s%s)%s\n", p.Name, o.In[p.Name], p.Type, requiredMark(p.Required), oneLine(p.Description))
		}
	}
	if o.Body != nil {
		b.WriteString("\nRequest body:\n\n")
		writeFields(&b, o.Body.Fields, "")
		if o.Body.Example != "" {
			fmt.Fprintf(&b, "\n```json\n%s\n```\n", o.Body.Example)
		}
	}
	if len(o.Samples) > 0 {
		fmt.Fprintf(&b, "\n```sh\n%s\n```\n", o.Samples[0].Text)
	}
	for _, a := range o.Answers {
		fmt.Fprintf(&b, "\nAnswer %s:%s\n", a.Status, oneLine(a.Description))
		if a.Body != nil && a.Body.Example != "" {
			fmt.Fprintf(&b, "\n```json\n%s\n```\n", a.Body.Example)
		}
	}
	var codes []string
	for _, e := range o.Errors {
		codes = append(codes, "`"+e.Code+"`")
	}
	fmt.Fprintf(&b, "\nErrors: %s.\n", strings.Join(codes, ", "))
	return b.String()
}

func (o *Operation) who() string {
	var ways []string
	if o.Key {
		way := "an API key"
		if o.Scope != "" {
			way += " with the scope `" + o.Scope + "`"
		}
		ways = append(ways, way)
	}
	if o.Login {
		way := "a login"
		if o.Roles != "" {
			way += " (" + o.Roles + ")"
		}
		ways = append(ways, way)
	}
	if len(ways) == 0 {
		return "no credentials"
	}
	return strings.Join(ways, " or ")
}

func requiredMark(required bool) string {
	if required {
		return ", required"
	}
	return ""
}

func oneLine(s string) string {
	if s == "" {
		return ""
	}
	return " " + strings.Join(strings.Fields(s), " ")
}

func writeFields(b *strings.Builder, fields []Field, in string) {
	for _, f := range fields {
		text := oneLine(f.Description)
		if len(f.Values) > 0 {
			text += " One of `" + strings.Join(f.Values, "`, `") + "`."
		}
		fmt.Fprintf(b, "%s- `%s` (%s%s)%s\n", in, f.Name, f.Type, requiredMark(f.Required), text)
		writeFields(b, f.Fields, in+"  ")
	}
}
