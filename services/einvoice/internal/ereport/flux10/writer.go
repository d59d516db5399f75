package flux10

import (
	"bytes"
	"encoding/xml"
)

// writer writes elements, one on a line, without any namespace: the schema's root has none.
type writer struct {
	buf   bytes.Buffer
	depth int
}

// in writes an element around what body writes.
func (w *writer) in(name string, body func()) {
	w.indent()
	w.buf.WriteString("<" + name + ">\n")
	w.depth++
	body()
	w.depth--
	w.indent()
	w.buf.WriteString("</" + name + ">\n")
}

// text writes an element that holds a value.
func (w *writer) text(name, value string) {
	w.indent()
	w.buf.WriteString("<" + name + ">")
	w.value(value)
	w.buf.WriteString("</" + name + ">\n")
}

// identifier writes an element that holds an identifier of a scheme, which needs no escaping.
func (w *writer) identifier(name, scheme, value string) {
	w.indent()
	w.buf.WriteString("<" + name + ` schemeId="` + scheme + `">`)
	w.value(value)
	w.buf.WriteString("</" + name + ">\n")
}

// value writes character data. What XML cannot hold becomes U+FFFD; a buffer never fails.
func (w *writer) value(s string) { _ = xml.EscapeText(&w.buf, []byte(s)) }

func (w *writer) indent() {
	for range w.depth {
		w.buf.WriteString("  ")
	}
}
