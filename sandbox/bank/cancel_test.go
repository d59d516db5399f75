package bank

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

var cancelBody = change{"cancel": true, "client_redirect_uri": "https://shop.example/cancelled", "client_state": "c-1"}

// pendingAt makes a payment that waits at a bank.
func pendingAt(r *rig, connector string, changes ...change) int64 {
	id := r.create(append([]change{{"label": "pdng/done - X", "execution_date_type": "first_open_day"}}, changes...)...).id()
	r.must(r.b.AuthoriseWith(id, Choice{Connector: connector}))
	return id
}

func TestCancelCreated(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for _, c := range []change{nil, {"/connector_uuid": NoWayBack}} {
		r.want(r.operate(r.create(c).id(), cancelBody), map[string]any{"state": "rejected", "error_code": "cancelledByUser"})
	}
}

func TestCancelPendingHasThreeOutcomes(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.want(r.operate(pendingAt(r, "nowhere"), cancelBody), map[string]any{"state": "rejected", "error_code": "cancelledByUser"})
	a := r.operate(pendingAt(r, "no-way-back"), cancelBody)
	r.want(a, map[string]any{"code": "notSupported", "description": "Bad request, please check your request parameters."})
	if a.status != 400 {
		t.Error(a.status)
	}
	a = r.operate(pendingAt(r, "ask-twice"), cancelBody)
	r.want(a, map[string]any{"state": "pending", "state_detail": "cancelling", "action": "redirect"})
	if !strings.HasPrefix(a.path("validate_uri").(string), r.url+"/bank/ask-twice/cancellations/") {
		t.Error(a.path("validate_uri"))
	}
}

func TestCancelIsRefused(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	instant := pendingAt(r, "nowhere", change{"execution_date_type": "instant"})
	r.want(r.operate(instant, cancelBody), map[string]any{"code": "notSupported"})
	r.want(r.operate(r.create().id(), change{"cancel": true}), map[string]any{"code": "missingParameter"})
	r.want(r.operate(r.create().id(), change{"cancel": false, "client_redirect_uri": "https://x.example/"}), map[string]any{"code": "invalidValue"})
	r.want(r.operate(r.create().id(), change{}), map[string]any{"code": "missingParameter"})
}

func TestOlderSpellingOfCancelling(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(c *Config) { c.CancellingDetail, c.CancelErrorCode = "cancelling_webauth", "CancelledByClient" })
	id := pendingAt(r, "ask-twice")
	r.want(r.operate(id, cancelBody), map[string]any{"state_detail": "cancelling_webauth"})
	r.must(r.b.Authorise(id))
	r.want(r.get(id), map[string]any{"state": "rejected", "error_code": "CancelledByClient"})
}

func TestPayerAnswersACancellation(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for _, c := range []struct{ button, state, detail, back string }{
		{"authorise", "rejected", "", "https://shop.example/cancelled?bank_message=&error_code=cancelledByUser&payment_state=rejected&state=c-1"},
		{"refuse", "pending", "", "https://shop.example/cancelled?payment_state=pending&state=c-1"},
	} {
		id := pendingAt(r, "ask-twice")
		r.operate(id, cancelBody)
		v := r.visit(id)
		if page := v.page(); !strings.Contains(page, "cancellation") || !strings.Contains(page, `id="bank-ask-twice"`) {
			t.Fatalf("no way to the bank: %s", page)
		}
		page := v.press("bank", "ask-twice")
		if !strings.Contains(page, "Cancel this payment?") {
			t.Fatalf("not the bank: %s", page)
		}
		v.press("answer", c.button)
		want, err := url.Parse(c.back)
		r.must(err)
		r.wantReturn(v, want, id)
		a := r.get(id)
		r.want(a, map[string]any{"state": c.state})
		if a.path("state_detail") != nil {
			t.Errorf("%s: still %v", c.button, a.path("state_detail"))
		}
	}
}

func TestGivingUpLeavesACancellationOpen(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	id := pendingAt(r, "ask-twice")
	r.operate(id, cancelBody)
	v := r.visit(id)
	v.page()
	v.press("cancel", "1")
	if q := v.returned().Query(); q.Get("error") != "cancelled" {
		t.Error(q)
	}
	r.want(r.get(id), map[string]any{"state": "pending", "state_detail": "cancelling"})
	r.clock.Add(15 * time.Minute) // executed before anybody approved the cancellation
	r.want(r.get(id), map[string]any{"state": "done", "state_detail": nil, "validate_uri": nil})
	if res := v.open(r.b.bankPage(r.b.store.get(id).cur.Load(), pageCancel)); res.StatusCode != http.StatusSeeOther {
		t.Errorf("too late, but %d", res.StatusCode)
	}
}
