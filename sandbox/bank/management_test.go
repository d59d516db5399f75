package bank

import (
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
)

// manage makes a call to the management port.
func (r *rig) manage(method, path string, body any) answer {
	r.t.Helper()
	server := httptest.NewServer(r.b.Management())
	defer server.Close()
	port := &rig{t: r.t, url: server.URL}
	return port.call(method, path, body)
}

func TestManagementActs(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for _, c := range []struct {
		verb string
		body any
		want string
	}{
		{"authorise", nil, "done"},
		{"authorise", change{"connector": "shrug"}, "accepted"},
		{"authorise", change{"connector": Shrug}, "accepted"},
		{"authorise", change{"state": "pending"}, "pending"},
		{"authorise", change{"state": "rejected", "error_code": "invalidLabel"}, "rejected:invalidLabel"},
		{"authorise", change{"state": "pdng/rjct"}, "pending"},
		{"authorise", change{"account": "empty"}, "rejected:insufficientFunds"},
		{"refuse", nil, "rejected:CancelledByUser"},
		{"expire", nil, "expired"},
		{"settle", nil, "done"},
		{"settle", change{"state": "accepted"}, "accepted"},
		{"settle", change{"state": "rejected"}, "rejected:noSpecifiedReason"},
	} {
		id := r.create().id()
		a := r.manage("POST", fmt.Sprintf("/payments/%d/%s", id, c.verb), c.body)
		if a.status != 200 || stateOf(r, id) != c.want || a.path("state") != strings.Split(c.want, ":")[0] {
			t.Errorf("%s %v: %d %s", c.verb, c.body, a.status, a.text)
		}
	}
	id := r.create().id()
	for _, c := range []struct {
		path   string
		body   any
		status int
	}{
		{fmt.Sprintf("/payments/%d/dance", id), nil, 400},
		{fmt.Sprintf("/payments/%d/authorise", id), change{"conector": "x"}, 400},
		{fmt.Sprintf("/payments/%d/authorise", id), change{"connector": "x"}, 400},
		{fmt.Sprintf("/payments/%d/authorise", id), change{"state": "rich"}, 400},
		{"/payments/1/authorise", nil, 404},
		{"/payments/x/authorise", nil, 404},
		{fmt.Sprintf("/payments/%d/expire", id), nil, 200},
		{fmt.Sprintf("/payments/%d/authorise", id), nil, 409},
	} {
		if a := r.manage("POST", c.path, c.body); a.status != c.status {
			t.Errorf("%s %v: %d %s", c.path, c.body, a.status, a.text)
		}
	}
}

func TestManagementReads(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	id := r.create(change{"reference_id": "REF-1"}).id()
	r.create()
	r.want(r.manage("GET", "/payments?reference_id=REF-1", nil), map[string]any{
		"total": 1, "payments.0.id": id, "payments.0.amount_cents": 5090,
		"payments.0.beneficiary": testIBAN, "payments.0.client_state": "s-1",
	})
	r.want(r.manage("GET", "/payments?limit=1&offset=1", nil), map[string]any{"total": 2, "payments.0.id": id + 1, "payments.1": nil})
	r.want(r.manage("GET", fmt.Sprintf("/payments/%d", id), nil), map[string]any{"reference_id": "REF-1", "state": "created"})
	r.want(r.manage("GET", "/stats", nil), map[string]any{"create": 2, "payments": 2, "state created": 2})
	r.want(r.manage("GET", "/healthz", nil), map[string]any{"status": "ok"})
	r.want(r.manage("GET", "/webhooks", nil), map[string]any{"webhooks": []any{}, "waiting": 0})
	if a := r.manage("GET", "/payments/1", nil); a.status != 404 {
		t.Error(a.status)
	}
	r.want(r.manage("POST", "/reset", nil), map[string]any{"ok": true})
	r.want(r.manage("GET", "/payments", nil), map[string]any{"total": 0, "payments": []any{}})
}

func TestManagementSettings(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.want(r.manage("PUT", "/faults", change{"faults": []any{change{"kind": "error", "operation": "get", "status": 503}}}),
		map[string]any{"faults.0.kind": "error"})
	if a := r.get(r.create().id()); a.status != 503 {
		t.Error(a.status)
	}
	a := r.manage("POST", "/faults", change{"kind": "slow", "operation": "list", "latency_ms": 1})
	r.want(r.manage("GET", "/faults", nil), map[string]any{"faults.0.hits": 1, "faults.1.kind": "slow"})
	one := fmt.Sprintf("/faults/%v", a.path("id"))
	if first, second := r.manage("DELETE", one, nil), r.manage("DELETE", one, nil); first.status != 200 || second.status != 404 {
		t.Error(first.status, second.status)
	}
	for _, wrong := range []any{change{"kind": "x"}, change{"kind": "slow", "often": true}, "{"} {
		if a := r.manage("POST", "/faults", wrong); a.status != 400 {
			t.Errorf("%v: %d", wrong, a.status)
		}
	}
	r.want(r.manage("DELETE", "/faults", nil), map[string]any{"ok": true})
	if a := r.get(r.create().id()); a.status != 200 {
		t.Error(a.status)
	}
	r.want(r.manage("PUT", "/latency", change{"ms": 1, "operations": change{"get": 0}}), map[string]any{"ms": 1})
	r.want(r.manage("GET", "/latency", nil), map[string]any{"ms": 1, "operations.get": 0})
	r.want(r.manage("PUT", "/autoauthorise", change{"enabled": true, "delay_ms": 0}), map[string]any{"enabled": true})
	if got := stateOf(r, r.create().id()); got != "done" {
		t.Error(got)
	}
}
