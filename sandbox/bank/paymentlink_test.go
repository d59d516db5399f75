package bank

import (
	"net/http"
	"strings"
	"testing"
)

const linksPath = "/api/payment-links"

func linkBody(changes ...change) map[string]any {
	body := map[string]any{
		"reference_id": "PAY-1", "amount": 12.34, "currency": "EUR", "label": "Order", "execution_date_type": "instant",
		"beneficiary":          map[string]any{"scheme_name": "iban", "identification": testIBAN, "label": "Shop"},
		"beneficiary_identity": map[string]any{"kind": "corporate", "org_name": "Shop"}, "payer": nil,
		"payer_identity": map[string]any{"first_name": "Ada", "last_name": "Payer"}, "redirect": false, "redirect_uri": nil, "redirect_state": nil,
	}
	for _, c := range changes {
		for name, value := range c {
			if value == "absent" {
				delete(body, name)
				continue
			}
			body[name] = value
		}
	}
	return body
}

// linker is a rig whose client may do what a payment link needs, and nothing else.
func linker(t *testing.T, adjust ...func(*Config)) *rig {
	t.Helper()
	r := newRig(t, adjust...)
	r.token = r.tokenFor("payment-links:admin")
	return r
}

func TestALinkIsWhatWasAskedFor(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	r := linker(t, inDir(dir))
	made := r.call("POST", linksPath, linkBody())
	if made.status != http.StatusOK {
		t.Fatalf("%d %s", made.status, made.text)
	}
	id, _ := made.body["id"].(string)
	r.want(made, map[string]any{
		"reference_id": "PAY-1", "amount": 12.34, "currency": "EUR", "label": "Order", "execution_date_type": "instant", "payer": nil, "redirect": false,
		"last_payment_id": nil, "url": r.url + "/links/" + id + "/pay", "revoked_at": nil, "attempt_state": "unavailable",
	})
	if got := r.call("GET", linksPath+"/"+id, nil); got.text != made.text {
		t.Errorf("read: %s", got.text)
	}
	if got := r.call("GET", linksPath, nil); got.text != "["+made.text+"]" {
		t.Errorf("list: %s", got.text)
	}
	if got := r.call("POST", linksPath+"/"+id+":revoke", nil); got.status != http.StatusNoContent {
		t.Errorf("revoke: %d %s", got.status, got.text)
	}
	if got := r.call("POST", linksPath+"/"+id+":revoke", nil); got.status != http.StatusNotFound {
		t.Errorf("revoke again: %d", got.status)
	}
	was := r.call("GET", linksPath+"/"+id, nil)
	if was.body["revoked_at"] == nil {
		t.Errorf("revoked: %s", was.text)
	}
	after := linker(t, inDir(dir)) // as after a kill: the amount was a hundred times as much
	if is := after.call("GET", linksPath+"/"+id, nil); is.status != http.StatusOK || strings.ReplaceAll(is.text, after.url, r.url) != was.text {
		t.Errorf("after a restart: %s, was %s", is.text, was.text)
	}
}

func TestALinkThatCannotBePaidIsRefused(t *testing.T) {
	t.Parallel()
	r := linker(t)
	for name, c := range map[string]change{
		"no amount": {"amount": "absent"}, "no payer": {"payer": "absent"}, "no identity": {"payer_identity": nil}, "deferred": {"execution_date_type": "deferred"},
		"redirect to nowhere": {"redirect": true}, "no redirect": {"redirect": "absent"}, "no beneficiary": {"beneficiary": nil}, "long reference": {"reference_id": "PAY-20260617-0123456789ABCDEF-12345"},
	} {
		if got := r.call("POST", linksPath, linkBody(c)); got.status != http.StatusBadRequest {
			t.Errorf("%s: %d %s", name, got.status, got.text)
		}
	}
	r.token = r.tokenFor("payments:admin")
	if got := r.call("POST", linksPath, linkBody()); got.status != http.StatusForbidden {
		t.Errorf("with the scope of payments: %d", got.status)
	}
}

func TestAPayerPaysALink(t *testing.T) {
	t.Parallel()
	r := linker(t)
	made := r.call("POST", linksPath, linkBody())
	id, _ := made.body["id"].(string)
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	begin := func() int {
		resp, err := client.Post(r.url+"/links/"+id+"/pay", "application/x-www-form-urlencoded", nil)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		return resp.StatusCode
	}
	for range 2 {
		if begin() != http.StatusSeeOther {
			t.Fatal("the payer is not led to the webview")
		}
	}
	if len(r.b.store.all()) != 1 {
		t.Errorf("two clicks make %d payments", len(r.b.store.all()))
	}
	r.want(r.call("GET", linksPath+"/"+id, nil), map[string]any{"attempt_state": "created"})
	payment := r.b.store.all()[0].cur.Load().ID
	r.must(r.b.Refuse(payment))
	if begin() != http.StatusSeeOther || len(r.b.store.all()) != 2 {
		t.Error("a payer who refused cannot try again")
	}
	r.must(r.b.AuthoriseWith(r.b.store.all()[1].cur.Load().ID, Choice{}))
	r.clock.Add(r.b.cfg.InstantPhase)
	r.b.Tick()
	r.want(r.call("GET", linksPath+"/"+id, nil), map[string]any{"attempt_state": "done"})
	if begin() != http.StatusConflict {
		t.Error("a link is paid twice")
	}
}
