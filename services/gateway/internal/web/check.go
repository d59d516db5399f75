package web

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"strconv"
	"strings"
	"sync"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/refuse"
)

// Limits of a document: no valid request is nested more deeply, and an answer need not list more errors.
const (
	maxDepth   = 16
	maxReports = 20
	maxName    = 64
)

// Refusal is an error of a field's UnmarshalJSON that the caller may see: the rest of a sentence that begins with the field's
// name, without the full stop.
type Refusal string

// Error implements error.
func (r Refusal) Error() string { return string(r) }

// check compares a valid JSON document with the type of into and returns the errors. encoding/json alone would accept "Amount"
// for "amount", the last of two equal keys, and null for everything. A known field that is null counts as absent; null in an
// array or under a key that the caller chose is refused.
func check(body []byte, into any) refuse.Problems {
	k := &checker{body: body, dec: json.NewDecoder(bytes.NewReader(body))}
	k.dec.UseNumber()
	k.value("", reflect.TypeOf(into).Elem(), false)
	return k.bad
}

type checker struct {
	body  []byte
	dec   *json.Decoder
	depth int
	stop  bool
	bad   refuse.Problems
}

func (k *checker) refuse(path, message string) {
	if len(k.bad) == maxReports {
		k.stop = true
		return
	}
	if path == "" {
		k.bad = append(k.bad, errs.Field{Field: "body", Message: "The body " + message + "."})
		return
	}
	k.bad.Add(path, "%s", message)
}

var unmarshaler = reflect.TypeFor[json.Unmarshaler]()

// value checks the next value against want; nil means any value. optional permits null.
func (k *checker) value(path string, want reflect.Type, optional bool) {
	if k.stop {
		return
	}
	if want != nil && want != reflect.TypeFor[json.RawMessage]() && reflect.PointerTo(want).Implements(unmarshaler) {
		k.custom(path, want, optional)
		return
	}
	token, err := k.dec.Token()
	if err != nil {
		k.stop = true
		return
	}
	want, nullable := indirect(want)
	switch t := token.(type) {
	case json.Delim:
		k.nested(path, t, want)
	case string:
		k.text(path, t, want)
	case json.Number:
		k.number(path, t, want)
	case bool:
		k.expect(path, want, want == nil || want.Kind() == reflect.Bool)
	case nil:
		k.expect(path, want, want == nil || nullable || optional)
	}
}

// indirect strips pointers; want is nil if any value is permitted.
func indirect(want reflect.Type) (reflect.Type, bool) {
	nullable := false
	for want != nil && want.Kind() == reflect.Pointer {
		want, nullable = want.Elem(), true
	}
	if want != nil && (want.Kind() == reflect.Interface || want == reflect.TypeFor[json.RawMessage]()) {
		want = nil
	}
	return want, nullable
}

func (k *checker) custom(path string, want reflect.Type, optional bool) {
	from := k.dec.InputOffset()
	before := len(k.bad)
	k.value(path, nil, true)
	if k.stop || len(k.bad) > before {
		return
	}
	text := bytes.TrimLeft(k.body[from:k.dec.InputOffset()], " \t\r\n:,")
	if string(text) == "null" && !optional {
		k.refuse(path, "must not be null")
		return
	}
	err := reflect.New(want).Interface().(json.Unmarshaler).UnmarshalJSON(text)
	var why Refusal
	switch {
	case errors.As(err, &why):
		k.refuse(path, string(why))
	case err != nil:
		k.refuse(path, "is not valid")
	}
}

func (k *checker) text(path, value string, want reflect.Type) {
	k.expect(path, want, want == nil || want.Kind() == reflect.String)
	// encoding/json returns this for half of a surrogate pair. Databases could not store the original.
	if strings.ContainsRune(value, '\uFFFD') {
		k.refuse(path, "holds a character that is not valid Unicode")
	}
}

func (k *checker) number(path string, value json.Number, want reflect.Type) {
	if want == nil || want.Kind() == reflect.Float64 {
		return
	}
	isInt := want.Kind() >= reflect.Int && want.Kind() <= reflect.Int64
	n, err := strconv.ParseInt(value.String(), 10, 64)
	k.expect(path, want, isInt && err == nil && !want.OverflowInt(n))
}

func (k *checker) expect(path string, want reflect.Type, ok bool) {
	if !ok {
		k.refuse(path, "must be "+kindName(want))
	}
}

func kindName(t reflect.Type) string {
	switch t.Kind() {
	case reflect.String:
		return "a string"
	case reflect.Bool:
		return "true or false"
	case reflect.Float64:
		return "a number"
	case reflect.Slice, reflect.Array:
		return "an array"
	case reflect.Struct, reflect.Map:
		return "an object"
	default:
		return "an integer"
	}
}

func (k *checker) nested(path string, open json.Delim, want reflect.Type) {
	if k.depth++; k.depth > maxDepth {
		k.refuse(path, "is nested too deeply")
		k.stop = true
		return
	}
	defer func() { k.depth-- }()
	if open == '[' {
		k.array(path, want)
	} else {
		k.object(path, want)
	}
	if !k.stop {
		if _, err := k.dec.Token(); err != nil { // the closing bracket
			k.stop = true
		}
	}
}

func (k *checker) array(path string, want reflect.Type) {
	var element reflect.Type
	if want != nil && (want.Kind() == reflect.Slice || want.Kind() == reflect.Array) {
		element = want.Elem()
	} else {
		k.expect(path, want, want == nil)
	}
	for i := 0; k.dec.More() && !k.stop; i++ {
		k.value(path+"["+strconv.Itoa(i)+"]", element, false)
	}
}

func (k *checker) object(path string, want reflect.Type) {
	var known map[string]reflect.Type
	var element reflect.Type
	switch {
	case want != nil && want.Kind() == reflect.Struct:
		known = fieldsOf(want)
	case want != nil && want.Kind() == reflect.Map:
		element = want.Elem()
	default:
		k.expect(path, want, want == nil)
	}
	seen := make(map[string]bool)
	for k.dec.More() && !k.stop {
		k.member(path, known, element, seen)
	}
}

func (k *checker) member(path string, known map[string]reflect.Type, element reflect.Type, seen map[string]bool) {
	token, err := k.dec.Token()
	name, ok := token.(string)
	if err != nil || !ok {
		k.stop = true
		return
	}
	full := join(path, name)
	if seen[name] {
		k.refuse(full, "is given more than once")
	}
	seen[name] = true
	if known != nil {
		var found bool
		if element, found = known[name]; !found {
			k.refuse(full, "is not a known field")
		}
	}
	k.value(full, element, known != nil)
}

// join appends a name to a path for the answer. The name comes from the request, so it is shortened and stripped of control
// characters.
func join(path, name string) string {
	name = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return '?'
		}
		return r
	}, name)
	if r := []rune(name); len(r) > maxName {
		name = string(r[:maxName]) + "…"
	}
	if path == "" {
		return name
	}
	return path + "." + name
}

var fieldCache sync.Map // reflect.Type → map[string]reflect.Type

// fieldsOf maps the JSON names of a struct to the types of its fields.
func fieldsOf(t reflect.Type) map[string]reflect.Type {
	if cached, ok := fieldCache.Load(t); ok {
		return cached.(map[string]reflect.Type)
	}
	fields := make(map[string]reflect.Type)
	for _, f := range reflect.VisibleFields(t) {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f.IsExported() && name != "" && name != "-" {
			fields[name] = f.Type
		}
	}
	fieldCache.Store(t, fields)
	return fields
}
