package control_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"european-pay.eu/eupay/sandbox/internal/control"
	"european-pay.eu/eupay/sandbox/internal/fault"
)

func TestManagement(t *testing.T) {
	t.Parallel()
	m := &control.Mux{StatusOf: func(error) int { return http.StatusTeapot }}
	m.Health()
	m.Faults(&fault.Set{Operations: []string{"get"}})
	m.On("POST /fails", func(*http.Request) (any, error) { return nil, errors.New("no") })
	for _, c := range []struct {
		method, path, body string
		status             int
		answer             string
	}{
		{"GET", "/healthz", "", 200, `{"status":"ok"}`},
		{"POST", "/fails", "", 418, `{"error":"no"}`},
		{"POST", "/faults", `{"kind":"error","operation":"get"}`, 200, `"id":1`},
		{"POST", "/faults", `{"kind":"error","operation":"put"}`, 418, "unknown operation"},
		{"POST", "/faults", `{"kind":"error","tymes":1}`, 418, "unknown field"},
		{"POST", "/faults", `{"kind":"error"} {}`, 418, "more than one value"},
		{"PUT", "/faults", `{"faults":[{"kind":"slow"},{"kind":"cut"}]}`, 200, `"id":3`},
		{"GET", "/faults", "", 200, `"kind":"cut"`},
		{"DELETE", "/faults/1", "", 404, "unknown fault"},
		{"DELETE", "/faults/x", "", 404, "unknown fault"},
		{"DELETE", "/faults/2", "", 200, `{"ok":true}`},
		{"DELETE", "/faults", "", 200, `{"ok":true}`},
		{"GET", "/faults", "", 200, `{"faults":[]}`},
	} {
		w := httptest.NewRecorder()
		m.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), c.method, c.path, strings.NewReader(c.body)))
		if w.Code != c.status || !strings.Contains(w.Body.String(), c.answer) {
			t.Errorf("%s %s %s: %d %s, want %d %s", c.method, c.path, c.body, w.Code, w.Body, c.status, c.answer)
		}
	}
}
