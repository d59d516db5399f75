package docs

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"strings"
)

//go:embed examples
var exampleFiles embed.FS

// languages of the examples, in the order of their tabs.
var languages = []struct{ code, label, ext string }{
	{"curl", "curl", ".sh"}, {"node", "Node", ".mjs"}, {"go", "Go", ".go"}, {"python", "Python", ".py"}, {"php", "PHP", ".php"},
}

// samples are the examples of an operation: those that are written in the folder of examples, and for what is not written there, ones that
// are made from the operation's own example.
func samples(o *Operation) []Sample {
	var out []Sample
	for _, l := range languages {
		text := written(o.ID, l.ext)
		if text == "" {
			text = made(o, l.code)
		}
		if text != "" {
			out = append(out, newSample(l.code, l.label, text))
		}
	}
	return out
}

func newSample(lang, label, text string) Sample {
	return Sample{Lang: lang, Label: label, Text: text, HTML: highlight(lang, text)}
}

// written is an example of the folder; empty when there is none. Of a Go file it is what follows the clause of the package.
func written(name, ext string) string {
	raw, err := fs.ReadFile(exampleFiles, "examples/"+strings.ToLower(name)+ext)
	if err != nil {
		return ""
	}
	text := string(raw)
	if ext == ".go" {
		if _, rest, ok := strings.Cut(text, "package examples\n"); ok {
			text = rest
		}
	}
	return strings.TrimSpace(text)
}

// writtenSamples are the examples of that name, whatever languages there are.
func writtenSamples(name string) []Sample {
	var out []Sample
	for _, l := range languages {
		if text := written(name, l.ext); text != "" {
			out = append(out, newSample(l.code, l.label, text))
		}
	}
	return out
}

func made(o *Operation, lang string) string {
	switch lang {
	case "curl":
		return o.curl()
	case "node":
		return o.node()
	case "python":
		return o.python()
	case "php":
		return o.php()
	default:
		return "" // Go is written by hand, with the client
	}
}

// header of a request: its value is text, or the name of a variable of the environment.
type header struct{ name, value, variable string }

func (o *Operation) headers() []header {
	var out []header
	switch {
	case o.Key:
		out = append(out, header{name: "X-Api-Key", variable: "EUPAY_API_KEY"}, header{name: "X-Api-Secret", variable: "EUPAY_API_SECRET"})
	case o.Login:
		out = append(out, header{name: "Authorization", value: "Bearer ", variable: "EUPAY_TOKEN"})
	}
	if o.Body != nil {
		out = append(out, header{name: "Content-Type", value: o.Body.Type})
	}
	return out
}

func (o *Operation) json() bool { return o.Body != nil && o.Body.Example != "" }

// file is what an answer that is no JSON is saved as; empty: it is JSON, or nothing.
func (o *Operation) file() string {
	if len(o.Answers) == 0 || o.Answers[0].Body == nil {
		return ""
	}
	switch o.Answers[0].Body.Type {
	case "application/pdf":
		return "document.pdf"
	case "image/png":
		return "code.png"
	case "image/svg+xml":
		return "code.svg"
	default:
		return ""
	}
}

func (o *Operation) curl() string {
	var b strings.Builder
	b.WriteString("curl ")
	if o.Method != http.MethodGet {
		b.WriteString("-X " + o.Method + " ")
	}
	fmt.Fprintf(&b, "\"%s%s\"", baseMark, o.URLPath())
	for _, h := range o.headers() {
		value := h.value
		if h.variable != "" {
			value += "$" + h.variable
		}
		fmt.Fprintf(&b, " \\\n  -H \"%s: %s\"", h.name, value)
	}
	switch {
	case o.json():
		fmt.Fprintf(&b, " \\\n  -d '%s'", deeper(strings.ReplaceAll(o.Body.Example, "'", `'\''`), "  "))
	case o.Body != nil:
		b.WriteString(" \\\n  --data-binary @file")
	}
	if name := o.file(); name != "" {
		b.WriteString(" \\\n  --output " + name)
	}
	return b.String()
}

func (o *Operation) node() string {
	var b strings.Builder
	if o.Body != nil && !o.json() {
		b.WriteString("import { readFile } from \"node:fs/promises\";\n\n")
	}
	if o.file() != "" {
		b.WriteString("import { writeFile } from \"node:fs/promises\";\n\n")
	}
	fmt.Fprintf(&b, "const response = await fetch(\"%s%s\", {\n", baseMark, o.URLPath())
	if o.Method != http.MethodGet {
		fmt.Fprintf(&b, "  method: \"%s\",\n", o.Method)
	}
	if list := o.headers(); len(list) > 0 {
		b.WriteString("  headers: {\n")
		for _, h := range list {
			switch {
			case h.variable == "":
				fmt.Fprintf(&b, "    %q: %q,\n", h.name, h.value)
			case h.value == "":
				fmt.Fprintf(&b, "    %q: process.env.%s,\n", h.name, h.variable)
			default:
				fmt.Fprintf(&b, "    %q: `%s${process.env.%s}`,\n", h.name, h.value, h.variable)
			}
		}
		b.WriteString("  },\n")
	}
	switch {
	case o.json():
		b.WriteString("  body: JSON.stringify(" + deeper(o.Body.Example, "  ") + "),\n")
	case o.Body != nil:
		b.WriteString("  body: await readFile(\"file\"),\n")
	}
	text := strings.TrimSuffix(b.String(), "{\n") // a plain GET takes no options
	if strings.HasSuffix(text, ", ") {
		text = strings.TrimSuffix(text, ", ") + ");\n"
	} else {
		text += "});\n"
	}
	switch {
	case o.file() != "":
		text += "await writeFile(\"" + o.file() + "\", Buffer.from(await response.arrayBuffer()));"
	case o.answersJSON():
		text += "const answer = await response.json();\nif (!response.ok) throw new Error(`${answer.code}: ${answer.message}`);\nconsole.log(answer);"
	default:
		text += "console.log(response.status);"
	}
	return text
}

func (o *Operation) answersJSON() bool {
	return len(o.Answers) > 0 && o.Answers[0].Body != nil && o.Answers[0].Body.Type == "application/json"
}

func (o *Operation) python() string {
	var b strings.Builder
	b.WriteString("import os\n\nimport requests\n\nresponse = requests." + strings.ToLower(o.Method) + "(\n")
	fmt.Fprintf(&b, "    \"%s%s\",\n", baseMark, o.URLPath())
	if list := o.headers(); len(list) > 0 {
		b.WriteString("    headers={\n")
		for _, h := range list {
			switch {
			case h.variable == "":
				if o.json() {
					continue // requests sets it
				}
				fmt.Fprintf(&b, "        %q: %q,\n", h.name, h.value)
			case h.value == "":
				fmt.Fprintf(&b, "        %q: os.environ[\"%s\"],\n", h.name, h.variable)
			default:
				fmt.Fprintf(&b, "        %q: \"%s\" + os.environ[\"%s\"],\n", h.name, h.value, h.variable)
			}
		}
		b.WriteString("    },\n")
	}
	switch {
	case o.json():
		b.WriteString("    json=" + deeper(translate(o.Body.Example, pythonWords), "    ") + ",\n")
	case o.Body != nil:
		b.WriteString("    data=open(\"file\", \"rb\"),\n")
	}
	b.WriteString("    timeout=40,\n)\n")
	text := strings.ReplaceAll(b.String(), "    headers={\n    },\n", "")
	if !strings.Contains(text, "os.environ") {
		text = strings.TrimPrefix(text, "import os\n\n")
	}
	switch {
	case o.file() != "":
		text += "response.raise_for_status()\nopen(\"" + o.file() + "\", \"wb\").write(response.content)"
	case o.answersJSON():
		text += "answer = response.json()\nif not response.ok:\n    raise RuntimeError(f\"{answer['code']}: {answer['message']}\")\nprint(answer)"
	default:
		text += "print(response.status_code)"
	}
	return text
}

func (o *Operation) php() string {
	var b strings.Builder
	fmt.Fprintf(&b, "<?php\n$request = curl_init(\"%s%s\");\ncurl_setopt_array($request, [\n    CURLOPT_RETURNTRANSFER => true,\n", baseMark, o.URLPath())
	if o.Method != http.MethodGet {
		fmt.Fprintf(&b, "    CURLOPT_CUSTOMREQUEST => \"%s\",\n", o.Method)
	}
	if list := o.headers(); len(list) > 0 {
		b.WriteString("    CURLOPT_HTTPHEADER => [\n")
		for _, h := range list {
			if h.variable == "" {
				fmt.Fprintf(&b, "        \"%s: %s\",\n", h.name, h.value)
				continue
			}
			fmt.Fprintf(&b, "        \"%s: %s\" . getenv(\"%s\"),\n", h.name, h.value, h.variable)
		}
		b.WriteString("    ],\n")
	}
	switch {
	case o.json():
		b.WriteString("    CURLOPT_POSTFIELDS => json_encode(" + deeper(translate(o.Body.Example, phpWords), "    ") + "),\n")
	case o.Body != nil:
		b.WriteString("    CURLOPT_POSTFIELDS => file_get_contents(\"file\"),\n")
	}
	b.WriteString("]);\n$body = curl_exec($request);\n$status = curl_getinfo($request, CURLINFO_RESPONSE_CODE);\n")
	switch {
	case o.file() != "":
		b.WriteString("file_put_contents(\"" + o.file() + "\", $body);")
	case o.answersJSON():
		b.WriteString("$answer = json_decode($body, true);\nif ($status >= 400) {\n    throw new RuntimeException($answer[\"code\"] . \": \" . $answer[\"message\"]);\n}\nvar_dump($answer);")
	default:
		b.WriteString("var_dump($status);")
	}
	return b.String()
}

// deeper sets all lines but the first further in.
func deeper(text, by string) string { return strings.ReplaceAll(text, "\n", "\n"+by) }

// words are how a language writes what JSON has.
type words struct {
	open, close, colon string
	yes, no, none      string
	indent             string
}

var (
	pythonWords = words{open: "{", close: "}", colon: ": ", yes: "True", no: "False", none: "None", indent: "    "}
	phpWords    = words{open: "[", close: "]", colon: " => ", yes: "true", no: "false", none: "null", indent: "    "}
)

// translate writes a JSON document as a value of another language, in its order.
func translate(text string, w words) string {
	dec := json.NewDecoder(strings.NewReader(text))
	dec.UseNumber()
	var b bytes.Buffer
	if err := translateNext(dec, &b, w, ""); err != nil {
		return text
	}
	return b.String()
}

func translateNext(dec *json.Decoder, b *bytes.Buffer, w words, in string) error {
	token, err := dec.Token()
	if err != nil {
		return fmt.Errorf("read an example: %w", err)
	}
	switch t := token.(type) {
	case json.Delim:
		return translateInside(dec, b, w, in, t == '{')
	case bool:
		b.WriteString(map[bool]string{true: w.yes, false: w.no}[t])
	case nil:
		b.WriteString(w.none)
	case string:
		writeText(b, t)
	case json.Number:
		b.WriteString(t.String())
	}
	return nil
}

func translateInside(dec *json.Decoder, b *bytes.Buffer, w words, in string, object bool) error {
	begin, end := "[", "]"
	if object {
		begin, end = w.open, w.close
	}
	b.WriteString(begin)
	some := false
	for dec.More() {
		some = true
		b.WriteString("\n" + in + w.indent)
		if object {
			name, err := dec.Token()
			if err != nil {
				return fmt.Errorf("read an example: %w", err)
			}
			writeText(b, name.(string))
			b.WriteString(w.colon)
		}
		if err := translateNext(dec, b, w, in+w.indent); err != nil {
			return err
		}
		b.WriteByte(',')
	}
	if some {
		b.WriteString("\n" + in)
	}
	b.WriteString(end)
	if _, err := dec.Token(); err != nil {
		return fmt.Errorf("read an example: %w", err)
	}
	return nil
}

// highlighted is safe: highlight escapes what it does not mark.
func highlighted(html string) template.HTML {
	return template.HTML(html) //nolint:gosec // made of our own files and the description of our own API, and escaped
}
