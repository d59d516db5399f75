package e2e

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	eupay "european-pay.eu/eupay/sdk/go"
)

// notInTheClient are the operations that the Go client lacks.
var notInTheClient = map[string]string{
	"getOpenAPIYAML":  "the client reads the JSON",
	"platformWebhook": "only the e-invoicing platform calls it", "testPlatformWebhook": "only the e-invoicing platform calls it",
	"providerWebhook": "only the payment provider calls it",
	"pollPrinter":     "only printers call it", "fetchTicket": "only printers call it", "confirmTicket": "only printers call it",
	"payerReturn": "a page of the payer's browser", "returnFromConnect": "a page of the customer's browser",
	"returnFromReceiving":   "the merchant's browser on its way back from the bank",
	"preflightPublicStatus": "browsers ask it by themselves", "preflightMenu": "browsers ask it by themselves", "preflightOrder": "browsers ask it by themselves",
}

// elsewhere are properties of requests that the client sends in another way, or that only a browser has.
var elsewhere = map[string]string{"livemode": "it is the query's"}

// TestTheGoClientAgreesWithTheDescription calls every method of the client with every field filled. A transport compares the request with
// the operation at that path, and answers with every field that the operation may answer; what the method returns must have them all.
func TestTheGoClientAgreesWithTheDescription(t *testing.T) {
	t.Parallel()
	d := shared.description(t)
	w := &witness{d: d, operations: d.operations(t), met: map[string]bool{}}
	for _, format := range []eupay.ImageFormat{eupay.PNG, eupay.SVG} {
		o := eupay.Options{BaseURL: "http://eupay.example", HTTPClient: &http.Client{Transport: w}, Retries: -1}
		client := reflect.ValueOf(eupay.New("", "", o).WithToken("t")).Elem()
		for i := range client.NumField() {
			part, name := client.Field(i), client.Type().Field(i).Name
			for m := range part.NumMethod() {
				w.call(t, name+"."+part.Type().Method(m).Name, part.Method(m), format)
			}
		}
	}
	for _, op := range w.operations {
		if _, excused := notInTheClient[op.id]; w.met[op.id] == excused {
			t.Errorf("%s: the client has it is %t, and it need not have it %t", op.id, w.met[op.id], excused)
		}
	}
	for id := range notInTheClient {
		if !slices.ContainsFunc(w.operations, func(op *operation) bool { return op.id == id }) {
			t.Errorf("%s is no operation", id)
		}
	}
}

// witness replaces the API.
type witness struct {
	d          *description
	operations []*operation
	met        map[string]bool
	last       *operation
	problems   []string
}

func (w *witness) say(format string, args ...any) {
	w.problems = append(w.problems, fmt.Sprintf(format, args...))
}

// RoundTrip implements http.RoundTripper.
func (w *witness) RoundTrip(r *http.Request) (*http.Response, error) {
	path, best := strings.TrimPrefix(r.URL.Path, "/api/v1"), -1
	w.last = nil
	for _, op := range w.operations {
		if exact, ok := op.matches(r.Method, path); ok && exact > best {
			w.last, best = op, exact
		}
	}
	if w.last == nil {
		return nil, fmt.Errorf("%s %s is no operation", r.Method, path)
	}
	w.met[w.last.id] = true
	w.query(r.URL.Query())
	if keyed := r.Header.Get("Idempotency-Key") != ""; keyed != w.last.keyed {
		w.say("it has an Idempotency-Key: %t", keyed)
	}
	if err := w.body(r.Body); err != nil {
		return nil, err
	}
	return w.answer()
}

func (w *witness) query(sent url.Values) {
	for name := range sent {
		if !slices.Contains(w.last.query, name) {
			w.say("?%s is no parameter", name)
		}
	}
	for _, name := range w.last.query {
		if name == "token" && (w.last.id == "getOrder" || w.last.id == "getTicket" || w.last.id == "emailTicket") || name == "page" && sent.Has("starting_after") ||
			w.last.papers && (name == "format" || name == "language") && !sent.Has(name) {
			continue // in another method; or the other way of reading the list
		}
		if !sent.Has(name) {
			w.say("?%s cannot be said", name)
		}
	}
}

func (w *witness) body(body io.Reader) error {
	if w.last.body == nil {
		return nil
	}
	raw, err := io.ReadAll(body)
	if err != nil {
		return err
	}
	var sent any
	if err := json.Unmarshal([]byte(cmp.Or(string(raw), "{}")), &sent); err != nil {
		return err
	}
	lacks, besides := w.d.lacks(w.last.body, sent, "")
	for _, at := range lacks {
		if _, excused := elsewhere[at[1:]]; !excused || !slices.Contains(w.last.query, at[1:]) {
			w.say("%s cannot be sent", at)
		}
	}
	for _, at := range besides {
		w.say("%s is sent and no property", at)
	}
	return nil
}

func (w *witness) answer() (*http.Response, error) {
	r := &http.Response{StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {w.last.kind}}, Body: io.NopCloser(strings.NewReader("id: 1\n\n"))}
	if w.last.kind == "application/json" {
		raw, err := json.Marshal(w.d.example(w.last.answer))
		if err != nil {
			return nil, err
		}
		r.Body = io.NopCloser(bytes.NewReader(raw))
	}
	return r, nil
}

// call calls the method and compares its result with the answer of the operation.
func (w *witness) call(t *testing.T, name string, method reflect.Value, format eupay.ImageFormat) {
	t.Helper()
	args := []reflect.Value{reflect.ValueOf(t.Context())}
	for i := 1; i < method.Type().NumIn(); i++ {
		args = append(args, filled(method.Type().In(i), format))
	}
	w.problems = nil
	results := method.Call(args)
	result, err := results[0], results[len(results)-1].Interface()
	if results[0].Kind() == reflect.Func {
		result, err = first(result)
	}
	if err != nil {
		if failure, ok := err.(error); ok {
			t.Errorf("%s: %v", name, failure)
			return
		}
	}
	if len(results) == 2 || results[0].Kind() == reflect.Func {
		w.returned(t, result)
	}
	for _, problem := range w.problems {
		t.Errorf("%s (%s): %s", name, w.last.id, problem)
	}
}

// first calls an iterator and returns the first element.
func first(iterator reflect.Value) (element reflect.Value, err any) {
	yield := reflect.MakeFunc(iterator.Type().In(0), func(got []reflect.Value) []reflect.Value {
		element, err = got[0], got[1].Interface()
		return []reflect.Value{reflect.ValueOf(false)}
	})
	iterator.Call([]reflect.Value{yield})
	return element, err
}

// returned compares a result with the schema of the answer, or of the part that the method returns.
func (w *witness) returned(t *testing.T, result reflect.Value) {
	t.Helper()
	answer := w.d.flat(w.last.answer)
	is := reflect.Indirect(result)
	if is.Kind() == reflect.String || is.Type() == reflect.TypeFor[eupay.File]() || is.Type() == reflect.TypeFor[eupay.Stream]() || is.Type() == reflect.TypeFor[eupay.KitchenStream]() ||
		is.Type() == reflect.TypeFor[eupay.Download]() {
		return
	}
	raw, err := json.Marshal(result.Interface())
	if err != nil {
		t.Fatal(err)
	}
	var value any
	decode(t, raw, &value)
	if data, there := answer.Properties["data"]; there {
		v, object := value.(map[string]any)
		if _, page := v["data"]; !object || !page {
			answer = w.d.flat(data)
		}
		if _, list := value.([]any); !list && answer.Items != nil {
			answer = w.d.flat(answer.Items) // of an iterator
		}
	}
	lacks, _ := w.d.lacks(answer, value, "")
	for _, at := range lacks {
		if at != ".success" {
			w.say("%s cannot be read", at)
		}
	}
}

// filled returns a value of the type without zero fields.
func filled(of reflect.Type, format eupay.ImageFormat) reflect.Value {
	v := reflect.New(of).Elem()
	switch of.Kind() {
	case reflect.String:
		v.SetString("1")
		if of == reflect.TypeFor[eupay.ImageFormat]() {
			v.SetString(string(format))
		}
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(1)
	case reflect.Pointer:
		v.Set(reflect.New(of.Elem()))
		v.Elem().Set(filled(of.Elem(), format))
	case reflect.Slice:
		if of == reflect.TypeFor[json.RawMessage]() {
			return reflect.ValueOf(json.RawMessage(`{}`))
		}
		v.Set(reflect.Append(v, filled(of.Elem(), format)))
	case reflect.Map:
		v.Set(reflect.MakeMap(of))
		v.SetMapIndex(filled(of.Key(), format), filled(of.Elem(), format))
	case reflect.Interface:
		v.Set(reflect.ValueOf("1"))
	case reflect.Struct:
		if of == reflect.TypeFor[time.Time]() {
			return reflect.ValueOf(time.Date(2026, 6, 17, 12, 0, 0, 0, time.UTC))
		}
		for i := range of.NumField() {
			v.Field(i).Set(filled(of.Field(i).Type, format))
		}
	case reflect.Uint8:
		v.SetUint(1)
	}
	return v
}
