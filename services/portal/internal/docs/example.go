package docs

import (
	"bytes"
	"encoding/json"
	"strings"
)

// Examples of values that a schema says nothing of, by the name of the field.
var byName = map[string]string{
	"id": "01977db0-7c35-7a4e-9c53-2f1f3c5f0a15", "merchant_id": "0f8fad5b-d9cb-469f-a165-70867728950e", "merchantId": "0f8fad5b-d9cb-469f-a165-70867728950e",
	"product_id": "3f8a2c1e-5b7d-4f90-8a21-6c3d9e0b4f12", "productId": "3f8a2c1e-5b7d-4f90-8a21-6c3d9e0b4f12", "token": "a1b2c3d4e5f6a1b2c3d4e5f6a1b2c3d4",
	"refund": "REF-20260618-4C1D8E7A90B2F356", "reference": "PAY-20260617-0B25921FB72918ED", "email": "owner@example.com", "name": "My Shop",
	"description": "Order #1042", "merchant_reference": "ORDER-1042", "currency": "EUR", "code": "123456", "iban": "FR7630006000011234567890189",
	"siren": "732829320", "siret": "73282932000074", "payment_url": "https://eu-pay.biapi.pro/...", "url": "https://yourstore.com/webhooks/eupay",
	"qrData": "https://www.european-pay.fr/pay?data=...", "deepLinkData": "eupay://pay?data=...", "image_url": "https://cdn.european-pay.fr/product-images/UUID.jpg",
}

var byFormat = map[string]string{
	"date-time": "2026-06-17T12:25:30Z", "date": "2026-06-17", "uuid": "01977db0-7c35-7a4e-9c53-2f1f3c5f0a15", "email": "owner@example.com",
	"uri": "https://yourstore.com/", "ipv4": "203.0.113.7", "byte": "…", "binary": "…",
}

// example is a value of the schema as JSON text, fields in the order of the tables. full: with its optional fields.
func (d *description) example(schema any, full bool) string {
	var b bytes.Buffer
	d.writeExample(&b, "", schema, full, 0)
	return indent(b.Bytes())
}

func indent(raw []byte) string {
	var out bytes.Buffer
	if err := json.Indent(&out, raw, "", "  "); err != nil {
		return string(raw)
	}
	return out.String()
}

func (d *description) writeExample(b *bytes.Buffer, name string, schema any, full bool, depth int) {
	s := d.flat(schema)
	if v, ok := given(s); ok {
		d.writeValue(b, v, s)
		return
	}
	kind := s.text("type")
	if kind == "" {
		for _, t := range s.texts("type") {
			if t != "null" {
				kind = t
				break
			}
		}
	}
	switch {
	case s.at("properties") != nil && depth < maxDepth+1:
		d.writeObject(b, s, full, depth)
	case kind == "object" || s.at("properties") != nil:
		b.WriteString("{}")
	case kind == "array" && depth >= maxDepth+1:
		b.WriteString("[]")
	case kind == "array":
		b.WriteByte('[')
		d.writeExample(b, name, s["items"], full, depth+1)
		b.WriteByte(']')
	case kind == "boolean":
		b.WriteString("true")
	case kind == "integer" || kind == "number":
		b.WriteString(number(kind, s))
	default:
		writeText(b, textOf(name, s))
	}
}

func number(kind string, s node) string {
	for _, bound := range []string{"minimum", "exclusiveMinimum"} {
		if low := plain(s[bound]); low != "" && low != "0" && low != "0.01" {
			return low
		}
	}
	if kind == "number" {
		return "29.99"
	}
	return "1"
}

func textOf(name string, s node) string {
	if v, ok := byFormat[s.text("format")]; ok {
		return v
	}
	if v, ok := byName[name]; ok {
		return v
	}
	if strings.HasSuffix(name, "_at") {
		return byFormat["date-time"]
	}
	if strings.HasSuffix(name, "_id") {
		return byName["id"]
	}
	return "…"
}

// given is the example that the document has for a schema.
func given(s node) (any, bool) {
	if v, ok := s["example"]; ok {
		return v, true
	}
	if list := s.list("examples"); len(list) > 0 {
		return list[0], true
	}
	if v, ok := s["const"]; ok {
		return v, true
	}
	if v, ok := s["default"]; ok && v != nil {
		return v, true
	}
	if list := s.list("enum"); len(list) > 0 {
		return list[0], true
	}
	return nil, false
}

func (d *description) writeObject(b *bytes.Buffer, s node, full bool, depth int) {
	b.WriteByte('{')
	first := true
	required := s.texts("required")
	for i, name := range d.order(s) {
		child := d.flat(s.at("properties")[name])
		_, shown := child["example"]
		if !full && i >= len(required) && !shown {
			continue
		}
		if !first {
			b.WriteByte(',')
		}
		first = false
		writeText(b, name)
		b.WriteByte(':')
		d.writeExample(b, name, child, full, depth+1)
	}
	b.WriteByte('}')
}

func writeText(b *bytes.Buffer, s string) {
	enc := json.NewEncoder(b)
	enc.SetEscapeHTML(false)
	if enc.Encode(s) == nil {
		b.Truncate(b.Len() - 1) // its line break
	}
}

// writeValue writes an example that the document has, in the order of its schema.
func (d *description) writeValue(b *bytes.Buffer, v any, schema any) {
	s := d.flat(schema)
	switch v := v.(type) {
	case map[string]any:
		b.WriteByte('{')
		first := true
		write := func(name string) {
			if !first {
				b.WriteByte(',')
			}
			first = false
			writeText(b, name)
			b.WriteByte(':')
			d.writeValue(b, v[name], s.at("properties")[name])
		}
		done := map[string]bool{}
		for _, name := range d.order(s) {
			if _, ok := v[name]; ok {
				done[name] = true
				write(name)
			}
		}
		for _, name := range node(v).keys() {
			if !done[name] {
				write(name)
			}
		}
		b.WriteByte('}')
	case []any:
		b.WriteByte('[')
		for i, one := range v {
			if i > 0 {
				b.WriteByte(',')
			}
			d.writeValue(b, one, s["items"])
		}
		b.WriteByte(']')
	case string:
		writeText(b, v)
	default:
		b.WriteString(orNull(plain(v)))
	}
}

func orNull(s string) string {
	if s == "" {
		return "null"
	}
	return s
}
