package e2e

import (
	"net/http"
	"testing"

	eupay "european-pay.eu/eupay/sdk/go"
)

// A payment of another merchant gets exactly the same answer as one that does not exist.
func TestPaymentsOfOthersAreNotFound(t *testing.T) {
	t.Parallel()
	owner, other := shared.newMerchant(t), shared.newMerchant(t)
	owner.enableLive(t)
	other.enableLive(t)
	p := owner.paid(t, object{"reference": "ORDER-1"})
	live := owner.newKey(t, eupay.APIKeyParams{Name: "live", Livemode: true})
	strangers := map[string]caller{
		"another merchant":            other.api,
		"the live key of the same":    owner.portalless().with(headers(live)...),
		"another merchant, live mode": other.portalless().with(headers(other.newKey(t, eupay.APIKeyParams{Name: "live", Livemode: true}))...),
	}
	const unknown = "PAY-20260617-0000000000000000"
	for name, stranger := range strangers {
		for _, c := range []struct{ method, path, body string }{
			{http.MethodGet, "", ""},
			{http.MethodGet, "/history", ""},
			{http.MethodGet, "/refunds", ""},
			{http.MethodPost, "/refund", ""},
			{http.MethodPost, "/refund", `{"amount":1}`},
			{http.MethodPost, "/cancel", ""},
		} {
			got := stranger.do(t, c.method, "/gateway/payments/"+p.Reference+c.path, c.body)
			absent := stranger.do(t, c.method, "/gateway/payments/"+unknown+c.path, c.body)
			got.refused(t, http.StatusNotFound, "NOT_FOUND")
			if got.said() != absent.said() {
				t.Errorf("%s, %s %s: %s\nabsent: %s", name, c.method, c.path, got.raw, absent.raw)
			}
		}
		list := must[struct {
			Data       []payment
			Pagination struct{ Total int }
		}](t, stranger.do(t, http.MethodGet, "/gateway/payments", ""), http.StatusOK)
		if len(list.Data) != 0 || list.Pagination.Total != 0 {
			t.Errorf("%s lists %+v", name, list)
		}
	}
	if after := owner.get(t, p.Reference); after.Status != "completed" || after.AmountRefunded != 0 {
		t.Errorf("the strangers changed it: %+v", after)
	}
	if len(other.site.about(t, p.Reference)) != 0 {
		t.Error("another merchant got the webhook")
	}
}

func TestKeysAndEndpointsOfOthersAreNotFound(t *testing.T) {
	t.Parallel()
	owner, other := shared.newMerchant(t), shared.newMerchant(t)
	p := owner.paid(t, nil)
	delivered := owner.deliveries(t, p.Reference)
	if len(delivered) != 1 {
		t.Fatalf("the owner sees %+v", delivered)
	}
	for _, c := range []struct{ method, path, body string }{
		{http.MethodPatch, "/merchant/api-keys/" + owner.key.ID, `{"name":"mine"}`},
		{http.MethodDelete, "/merchant/api-keys/" + owner.key.ID, ""},
		{http.MethodPost, "/merchant/api-keys/" + owner.key.ID + "/rotate", ""},
		{http.MethodGet, "/webhook-endpoints/" + owner.endpoint, ""},
		{http.MethodPatch, "/webhook-endpoints/" + owner.endpoint, `{"enabled":false}`},
		{http.MethodPost, "/webhook-endpoints/" + owner.endpoint + "/rotate-secret", ""},
		{http.MethodDelete, "/webhook-endpoints/" + owner.endpoint, ""},
		{http.MethodGet, "/webhook-deliveries/" + delivered[0].ID, ""},
	} {
		other.portal.do(t, c.method, c.path, c.body).refused(t, http.StatusNotFound, "NOT_FOUND")
	}
	if got := other.deliveries(t, p.Reference); len(got) != 0 {
		t.Errorf("another merchant sees the deliveries %+v", got)
	}
	owner.paid(t, nil) // key and endpoint still work
}

// Only the four documented fields are public.
func TestThePublicStatusHasOnlyTheDocumentedFields(t *testing.T) {
	t.Parallel()
	m := shared.newMerchant(t)
	p := m.pays(t, object{"reference": "SECRET-ORDER"})
	a := shared.caller().do(t, http.MethodGet, "/gateway/payments/"+p.Reference+"/status", "")
	want := `{"success":true,"data":{"reference":"` + p.Reference + `","status":"pending_sca","amount":29.99,"currency":"EUR"}}` + "\n"
	if a.status != http.StatusOK || string(a.raw) != want || a.header.Get("Access-Control-Allow-Origin") != "*" {
		t.Errorf("got %d %v %s\nwant %s", a.status, a.header, a.raw, want)
	}
	visitor := shared.caller()
	for range 30 {
		visitor.do(t, http.MethodGet, "/gateway/payments/"+p.Reference+"/status", "")
	}
	over := visitor.do(t, http.MethodGet, "/gateway/payments/"+p.Reference+"/status", "").refused(t, http.StatusTooManyRequests, "RATE_LIMIT_EXCEEDED")
	if over.RetryAfter < 1 || over.RetryAfter > 60 {
		t.Errorf("retry_after is %d", over.RetryAfter)
	}
}
