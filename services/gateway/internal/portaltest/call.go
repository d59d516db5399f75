package portaltest

import (
	"net/http"
	"strings"
	"testing"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/services/gateway/internal/gatewaytest"
)

// Reply is an answer with its JSON.
type Reply struct {
	Status int
	Header http.Header
	Text   string
	JSON   map[string]any
}

// Code returns the code of an error.
func (r Reply) Code() string { return r.Str("code") }

// Str returns a text field of the answer.
func (r Reply) Str(field string) string { s, _ := r.JSON[field].(string); return s }

// Fields returns the field names in the errors of a VALIDATION_ERROR.
func (r Reply) Fields() string { return strings.Join(gatewaytest.Fields(r.JSON), " ") }

// Rows returns the elements of a list.
func (r Reply) Rows() []map[string]any {
	list, _ := r.JSON["data"].([]any)
	rows := make([]map[string]any, len(list))
	for i, e := range list {
		rows[i] = e.(map[string]any)
	}
	return rows
}

// As are the credentials of a request: a login token, or the two parts of an API key.
type As struct{ Token, Public, Secret string }

// Call sends a request; body may be empty.
func (p *Portal) Call(t *testing.T, who As, method, path, body string) Reply {
	t.Helper()
	headers := append(gatewaytest.Bearer(who.Token), "X-Api-Key", who.Public, "X-Api-Secret", who.Secret)
	a := p.API.Call(t, method, path, body, headers...)
	if a.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("%s %s may be cached: %q", method, path, a.Header.Get("Cache-Control"))
	}
	return Reply{a.Status, a.Header, a.Text, a.JSON}
}

// Must is Call for a request that must succeed.
func (p *Portal) Must(t *testing.T, who As, method, path, body string) Reply {
	t.Helper()
	r := p.Call(t, who, method, path, body)
	if r.Status >= 300 {
		t.Fatalf("%s %s answers %d %s", method, path, r.Status, r.Text)
	}
	return r
}

// Refused expects the error.
func (p *Portal) Refused(t *testing.T, code errs.Code, who As, method, path, body string) Reply {
	t.Helper()
	r := p.Call(t, who, method, path, body)
	if r.Status != code.HTTPStatus() || r.Code() != string(code) || r.JSON["success"] != false {
		t.Errorf("%s %s %s answers %d %s, want %s", method, path, body, r.Status, r.Text, code)
	}
	return r
}
