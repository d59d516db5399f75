package flux10

import (
	"bytes"
	"encoding/xml"
)

// writer writes one element per line without a namespace: the schema's root has none.
type writer struct {
	buf   bytes.Buffer
	depth int
}

// in writes an element with the content that body writes.
func (w *writer) in(name string, body func()) {
	w.indent()
	w.buf.WriteString("<" + name + ">\n")
	w.depth++
	body()
	w.depth--
	w.indent()
	w.buf.WriteString("</" + name + ">\n")
}

// with writes an element with an attribute and the content that body writes.
func (w *writer) with(name, attribute string, body func()) {
	w.indent()
	w.buf.WriteString("<" + name + " " + attribute + ">\n")
	w.depth++
	body()
	w.depth--
	w.indent()
	w.buf.WriteString("</" + name + ">\n")
}

// attributed writes an element with an attribute, which needs no escaping, and a value.
func (w *writer) attributed(name, attribute, value string) {
	w.indent()
	w.buf.WriteString("<" + name + " " + attribute + ">")
	w.value(value)
	w.buf.WriteString("</" + name + ">\n")
}

// text writes an element with a value.
func (w *writer) text(name, value string) {
	w.indent()
	w.buf.WriteString("<" + name + ">")
	w.value(value)
	w.buf.WriteString("</" + name + ">\n")
}

// identifier writes an element with an identifier of a scheme, which needs no escaping.
func (w *writer) identifier(name, scheme, value string) {
	w.attributed(name, `schemeId="`+scheme+`"`, value)
}

// value writes character data. Characters that XML cannot represent become U+FFFD. Writing to a buffer never fails.
func (w *writer) value(s string) { _ = xml.EscapeText(&w.buf, []byte(s)) }

func (w *writer) indent() {
	for range w.depth {
		w.buf.WriteString("  ")
	}
}
