package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
)

// object is a JSON object.
type object map[string]any

// json encodes it like most clients: without the HTML escaping of encoding/json.
func (o object) json() string {
	var text strings.Builder
	enc := json.NewEncoder(&text)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(o); err != nil {
		panic(err) // the tests' own literals
	}
	return text.String()
}

// caller sends requests from one address with one set of headers.
type caller struct {
	w       *world
	ip      string
	headers []string // name, value, …
}

// with returns the same caller with more headers.
func (c caller) with(headers ...string) caller {
	c.headers = append(append([]string{}, c.headers...), headers...)
	return c
}

// from returns the same caller at another address.
func (c caller) from(ip string) caller {
	c.ip = ip
	return c
}

// answer is an answer.
type answer struct {
	status int
	header http.Header
	raw    []byte
}

var traceOfAnswer = regexp.MustCompile(`"trace_id":"[0-9a-f]{32}"`)

// said is the answer without the id of its trace, which is another for each request.
func (a answer) said() string { return traceOfAnswer.ReplaceAllString(string(a.raw), "") }

// do sends a request to the API. Every answer must have a request id, and none may be a server error: a test that provokes one
// uses try.
func (c caller) do(t testing.TB, method, path, body string) answer {
	t.Helper()
	a, err := c.try(method, path, body)
	if err != nil {
		t.Fatal(err)
	}
	if a.header.Get("X-Request-Id") == "" {
		t.Errorf("%s %s: the answer has no X-Request-Id", method, path)
	}
	if a.status >= http.StatusInternalServerError {
		t.Errorf("%s %s: %d %s", method, path, a.status, a.raw)
	}
	return a
}

func (c caller) try(method, path, body string) (answer, error) {
	req, err := http.NewRequest(method, c.w.url()+path, strings.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	req.Header.Set("X-Forwarded-For", c.ip)
	for i := 0; i+1 < len(c.headers); i += 2 {
		req.Header.Set(c.headers[i], c.headers[i+1])
	}
	resp, err := c.w.client.Do(req)
	if err != nil {
		return answer{}, fmt.Errorf("%s %s: %w", method, path, err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	return answer{resp.StatusCode, resp.Header, raw}, err
}

// read decodes a bare answer.
func (a answer) read(into any) error {
	d := json.NewDecoder(bytes.NewReader(a.raw))
	d.UseNumber()
	return d.Decode(into)
}

// must fails the test unless the answer has that status, and decodes it.
func must[T any](t testing.TB, a answer, status int) (v T) {
	t.Helper()
	if a.status != status {
		t.Fatalf("got %d %s\nwant %d", a.status, a.raw, status)
	}
	if err := a.read(&v); err != nil {
		t.Fatalf("%s: %v", a.raw, err)
	}
	return v
}

// mustData is must for the data of {"success":true,"data":…}.
func mustData[T any](t testing.TB, a answer, status int) T {
	t.Helper()
	v := must[struct {
		Success bool
		Data    T
	}](t, a, status)
	if !v.Success {
		t.Errorf("not a success: %s", a.raw)
	}
	return v.Data
}

// failure is the form of every error in the API reference.
type failure struct {
	Success    *bool
	Code       string
	Message    string
	RetryAfter int `json:"retry_after"`
	Errors     []struct{ Field, Message string }
}

// refused checks that the answer is that error.
func (a answer) refused(t testing.TB, status int, code string) failure {
	t.Helper()
	var f failure
	if err := a.read(&f); err != nil {
		t.Fatalf("%d %s: %v", a.status, a.raw, err)
	}
	if a.status != status || f.Code != code || f.Success == nil || *f.Success || f.Message == "" {
		t.Errorf("got %d %s\nwant %d %s", a.status, a.raw, status, code)
	}
	return f
}
