package einvoicing

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"european-pay.eu/eupay/sandbox/einvoicing/internal/sample"
)

func (r *rig) mandateStatus() string {
	r.t.Helper()
	return r.call(200, "GET", "/mandates", nil).get("items.0.status")
}

// page opens the path of a link, or answers on it.
func (r *rig) page(status int, method, link, form string) answer {
	r.t.Helper()
	u, err := url.Parse(link)
	if err != nil {
		r.t.Fatal(err)
	}
	var body any
	if method == "POST" {
		body = form
	} else {
		u.RawQuery = form
	}
	a, err := r.do("", "", method, u.RequestURI(), body)
	if err != nil || a.status != status {
		r.t.Fatalf("%s %s: %d %v %.300s", method, u, a.status, err, a.text)
	}
	return a
}

func TestAMerchantProvesWhoItIs(t *testing.T) {
	t.Parallel()
	for answer, want := range map[string][3]string{
		"approve": {"active", "active", "Your identity is confirmed"}, "refuse": {"error", "inactive", "The check was refused"},
	} {
		r := newRig(t).pending("m-1")
		if s := r.mandateStatus(); s != "pending_kyc" {
			t.Fatal(s)
		}
		if s := r.call(200, "GET", "/clients/onboarding-link/status", nil).get("status"); s != "pending" {
			t.Error(s)
		}
		a := r.call(200, "POST", "/clients/onboarding-link", map[string]any{"include_kyc": true, "include_signature": true})
		link := a.get("url")
		if a.get("expires_at") != "2026-12-02T10:00:00Z" || !strings.HasPrefix(link, r.url+"/onboarding/") {
			t.Error(a.text)
		}
		page := r.page(200, "GET", link, "")
		if !strings.Contains(page.text, "Boulangerie des Tests") || !strings.Contains(page.text, `lang="fr"`) || !strings.Contains(page.text, "12345678200002") ||
			!strings.Contains(page.header.Get("Content-Security-Policy"), "frame-ancestors 'none'") {
			t.Errorf("%s", page.text)
		}
		r.page(303, "POST", link, "answer=something")
		if s := r.mandateStatus(); s != "pending_kyc" {
			t.Error(s)
		}
		r.page(303, "POST", link, "answer="+answer)
		r.page(303, "POST", link, "answer=refuse") // decided already
		if s := r.mandateStatus(); s != want[0] {
			t.Errorf("%s: mandate %s", answer, s)
		}
		if c := r.call(200, "GET", "/clients/"+r.client, nil); c.get("status") != want[1] {
			t.Error(c.text)
		}
		if !strings.Contains(r.page(200, "GET", link, "lang=en").text, want[2]) {
			t.Errorf("%s: the page does not say so", answer)
		}
		if s := r.call(200, "GET", "/clients/onboarding-link/status", nil).get("status"); s != "completed" {
			t.Error(s)
		}
	}
}

func TestALinkEndsAndCannotBeForged(t *testing.T) {
	t.Parallel()
	r := newRig(t).pending("m-1")
	link := r.call(200, "POST", "/clients/onboarding-link", `{}`).get("url")
	first := r.client
	r.pending("m-2")
	r.page(404, "GET", strings.Replace(link, first, r.client, 1), "")
	r.page(404, "GET", link+"0", "")
	r.clock.Add(24 * time.Hour)
	r.page(404, "GET", link, "")
	r.page(303, "POST", link, "answer=approve")
	r.client = first
	if s := r.mandateStatus(); s != "pending_kyc" {
		t.Error(s)
	}
	if s := r.call(200, "GET", "/clients/onboarding-link/status", nil).get("status"); s != "expired" {
		t.Error(s)
	}
}

func TestWithoutAnActiveMandateNothingIsIssued(t *testing.T) {
	t.Parallel()
	r := newRig(t).pending("m-1")
	d := sample.Invoice()
	path := "/drafts/" + r.draft(d) + "/validate"
	r.call(403, "POST", path, file(d))
	if err := r.p.Approve("m-1"); err != nil {
		t.Fatal(err)
	}
	r.call(200, "POST", path, file(d))
	if err := r.p.Expire("m-1"); err != nil {
		t.Fatal(err)
	}
	a := r.call(200, "GET", "/mandates?status_filter=expired", nil)
	if a.get("items.0.end_date") != "2026-12-01" {
		t.Error(a.text)
	}
	d.Number += "-2"
	r.call(403, "POST", "/drafts/"+r.draft(d)+"/validate", file(d))
	if s := r.mandate("m-1-again").get("status"); s != "active" { // who it is, is known
		t.Error(s)
	}
	d.Number += "-3"
	r.issue(d)
}

func TestApprovalWithoutAPerson(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(c *Config) { c.AutoApprove, c.AutoApproveDelay = true, time.Minute }).pending("m-1")
	if s := r.mandateStatus(); s != "pending_kyc" {
		t.Error(s)
	}
	r.clock.Add(time.Minute)
	if s := r.mandateStatus(); s != "active" {
		t.Error(s)
	}
	for word, want := range map[string][2]string{"approve": {"active", "active"}, "refuse": {"error", "error"}, "expire": {"active", "expired"}} {
		r := newRig(t)
		r.client = r.call(201, "POST", "/clients", map[string]any{
			"organization_name": "X sandbox:" + word, "contact_email": "b@example.com", "external_ref": "m",
		}).get("id")
		r.mandate("m")
		if s := r.mandateStatus(); s != want[0] {
			t.Errorf("%s: %s", word, s)
		}
		r.clock.Add(time.Hour)
		if s := r.mandateStatus(); s != want[1] {
			t.Errorf("%s, later: %s", word, s)
		}
	}
}

func TestClientsAndTheDirectory(t *testing.T) {
	t.Parallel()
	r := newRig(t).pending("m-1")
	id := r.client
	body := map[string]any{"organization_name": "Y", "contact_email": "y@example.com", "external_ref": "m-1"}
	if a := r.call(409, "POST", "/clients", body); a.get("existing_id") != id {
		t.Error(a.text)
	}
	if a := r.call(200, "GET", "/clients?external_ref=m-1", nil); a.get("items.0.id") != id || a.get("items.0.status") != "pending" {
		t.Error(a.text)
	}
	if a := r.call(200, "GET", "/clients?external_ref=m-9", nil); a.text != `{"items":[]}` {
		t.Error(a.text)
	}
	r.call(409, "DELETE", "/clients/"+id, nil)
	body["external_ref"] = "m-2"
	other := r.call(201, "POST", "/clients", body).get("id")
	r.call(204, "DELETE", "/clients/"+other, nil)
	r.call(404, "GET", "/clients/"+other, nil)
	r.call(201, "POST", "/clients", body) // the reference is free again
	for _, wrong := range []string{`{"organization_name":"","contact_email":"a@b.fr","external_ref":"x"}`, `{"organization_name":"A","contact_email":"a","external_ref":"x"}`} {
		r.call(422, "POST", "/clients", wrong)
	}
	if a := r.call(409, "POST", "/mandates", map[string]any{
		"start_date": "2026-12-01", "external_ref": "m-1", "directory_entry": map[string]any{"siren": sample.SellerSIREN},
	}); !strings.HasPrefix(a.get("existing_id"), "mdt_") {
		t.Error(a.text)
	}
	for _, entry := range []map[string]any{{"siren": "123456789"}, {"siren": "404000002"}, {"siren": sample.SellerSIREN, "siret": "55210055400005"}} {
		r.call(422, "POST", "/mandates", map[string]any{"start_date": "2026-12-01", "external_ref": "x", "directory_entry": entry})
	}
	if a := r.call(200, "GET", "/directory/"+sample.SellerSIREN, nil); a.get("name") != "Boulangerie des Tests" || a.get("entries.0.addressable") != "true" {
		t.Error(a.text)
	}
	r.call(200, "GET", "/directory/"+sample.BuyerSIREN, nil)
	r.call(404, "GET", "/directory/404000002", nil)
	r.call(404, "GET", "/directory/123456789", nil)
	r.call(404, "GET", "/nothing", nil)
	r.call(405, "DELETE", "/mandates", nil)
	if a := r.call(200, "GET", "/usage/metrics", nil); a.get("items.0.period") != "2026-12" {
		t.Error(a.text)
	}
}
