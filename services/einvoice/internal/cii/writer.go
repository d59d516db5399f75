package cii

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// writer writes one element per line, with the prefixes that are declared at the root. encoding/xml would put a namespace on each
// element instead, and some readers of invoices expect the usual prefixes.
type writer struct {
	buf  bytes.Buffer
	open []string
}

// attr is an attribute of an element.
type attr struct{ name, value string }

// in writes an element with the content that body writes.
func (w *writer) in(name string, body func(), attrs ...attr) {
	w.start(name, attrs)
	w.buf.WriteByte('\n')
	w.open = append(w.open, name)
	body()
	w.open = w.open[:len(w.open)-1]
	w.indent()
	w.end(name)
}

// text writes an element with a value. It writes nothing if the value is blank, because the rules refuse empty elements.
func (w *writer) text(name, value string, attrs ...attr) {
	if strings.TrimSpace(value) == "" {
		return
	}
	w.start(name, attrs)
	escape(&w.buf, value, false)
	w.end(name)
}

// empty writes an element without content, which the schema requires in one place.
func (w *writer) empty(name string) {
	w.indent()
	w.buf.WriteString("<" + name + "/>\n")
}

func (w *writer) start(name string, attrs []attr) {
	w.indent()
	w.buf.WriteString("<" + name)
	for _, a := range attrs {
		w.buf.WriteString(" " + a.name + `="`)
		escape(&w.buf, a.value, true)
		w.buf.WriteByte('"')
	}
	w.buf.WriteByte('>')
}

func (w *writer) end(name string) { w.buf.WriteString("</" + name + ">\n") }

func (w *writer) indent() {
	for range w.open {
		w.buf.WriteString("  ")
	}
}

// escape writes s as character data (XML 1.0 section 2.4) or as the value of an attribute. Characters that XML cannot represent
// (section 2.2: control characters, invalid UTF-8) become U+FFFD, so that the document can always be parsed.
func escape(buf *bytes.Buffer, s string, attribute bool) {
	for _, r := range s {
		switch {
		case r == '&':
			buf.WriteString("&amp;")
		case r == '<':
			buf.WriteString("&lt;")
		case r == '>':
			buf.WriteString("&gt;")
		case r == '\r':
			buf.WriteString("&#xD;") // a parser would convert it to a line feed
		case attribute && r == '"':
			buf.WriteString("&quot;")
		case attribute && r == '\n':
			buf.WriteString("&#xA;")
		case attribute && r == '\t':
			buf.WriteString("&#x9;")
		case !legal(r):
			buf.WriteRune(utf8.RuneError)
		default:
			buf.WriteRune(r)
		}
	}
}

// legal reports whether XML 1.0 can represent the character.
func legal(r rune) bool {
	return r == '\t' || r == '\n' || r >= 0x20 && r != 0xFFFE && r != 0xFFFF
}
