package e2e

import (
	"net/http"
	"strings"
	"testing"

	eupay "european-pay.eu/eupay/sdk/go"
)

func TestLiveAndTestPaymentsAreSeparate(t *testing.T) {
	t.Parallel()
	m := shared.newMerchant(t)
	m.enableLive(t)
	live := m.portalless().with(headers(m.newKey(t, eupay.APIKeyParams{Name: "live", Livemode: true}))...)
	m.completes(t)
	order := object{"amount": 12.5, "description": "Order", "reference": "ORDER-1", "success_url": "https://shop.example/thanks?cart=7", "cancel_url": "https://shop.example/cancel"}
	p := mustData[payment](t, live.do(t, http.MethodPost, payments, order.json()), http.StatusCreated)
	q := mustData[payment](t, m.api.do(t, http.MethodPost, payments, order.json()), http.StatusCreated)
	if p.Reference == q.Reference || !p.Livemode || q.Livemode {
		t.Fatalf("live %+v, test %+v", p, q)
	}
	atLive := shared.live.ByReference(p.Reference)
	if len(atLive) != 1 || len(shared.live.ByReference(q.Reference)) != 0 || len(shared.bank().orders(t, p.Reference)) != 0 {
		t.Fatalf("the banks have each other's payments: %+v", atLive)
	}
	if err := shared.live.Authorise(atLive[0].ID); err != nil {
		t.Fatal(err)
	}
	// The payer returns before any webhook of the bank.
	back := shared.caller().do(t, http.MethodGet, "/payments/return?state="+p.Reference, "")
	if to := back.header.Get("Location"); to != "https://shop.example/thanks?cart=7&reference="+p.Reference+"&status=completed" {
		t.Errorf("the payer is sent to %q", to)
	}
	if now := m.get(t, q.Reference); now.Status != "pending_sca" {
		t.Errorf("the test payment became %s", now.Status)
	}
	m.api.do(t, http.MethodGet, payments+"/"+p.Reference, "").refused(t, http.StatusNotFound, "NOT_FOUND")
	live.do(t, http.MethodGet, payments+"/"+q.Reference, "").refused(t, http.StatusNotFound, "NOT_FOUND")
	shared.bank().authorise(t, q.Reference, object{})
	m.site.next(t, "payment.completed", q.Reference)
	if told := m.site.about(t, p.Reference); len(told) != 0 {
		t.Errorf("the endpoint for tests was told of the live payment: %s", told[0].raw)
	}
}

func TestLiveModeRequiresHTTPS(t *testing.T) {
	t.Parallel()
	m := shared.newMerchant(t)
	m.enableLive(t)
	live := m.portalless().with(headers(m.newKey(t, eupay.APIKeyParams{Name: "live", Livemode: true}))...)
	for _, field := range []string{"success_url", "cancel_url"} {
		in := object{"amount": 1, "description": "x", field: "http://shop.example/"}
		f := live.do(t, http.MethodPost, payments, in.json()).refused(t, http.StatusBadRequest, "VALIDATION_ERROR")
		if len(f.Errors) != 1 || f.Errors[0].Field != field || !strings.Contains(f.Errors[0].Message, "https") {
			t.Errorf("%+v", f.Errors)
		}
	}
	live.do(t, http.MethodPost, "/webhook-endpoints", object{"url": "http://shop.example/hooks"}.json()).refused(t, http.StatusBadRequest, "VALIDATION_ERROR")
}
