package e2e

import (
	"net/http"
	"testing"
)

func TestNothingIsLostWhenEverythingStopsAndStarts(t *testing.T) {
	t.Parallel()
	w := newWorld(t, map[string]string{"EUPAY_WEBHOOK_SCHEDULE": "0s,3s,1s,1s,1s"})
	m := w.newMerchant(t)
	done := m.paid(t, object{"reference": "ORDER-1"})
	open := m.pays(t, object{"reference": "ORDER-2"})
	refund := mustData[payment](t, m.api.do(t, http.MethodPost, "/gateway/payments/"+done.Reference+"/refund", `{"amount":9.99}`), http.StatusCreated)
	m.site.answerNext(http.StatusServiceUnavailable)
	untold := m.pays(t, object{"reference": "ORDER-3"})
	w.bank().authorise(t, untold.Reference, object{})
	refused := m.site.next(t, "payment.completed", untold.Reference) // the second attempt is due in 3 s

	w.stack.Stop()
	w.client.CloseIdleConnections()
	w.start(t)

	told := m.site.wait(t, "the attempt after the start", untold.Reference, func(h hook) bool { return h.status == http.StatusOK })
	if told.header.Get("webhook-id") != refused.header.Get("webhook-id") {
		t.Error("the webhook has another id after the restart")
	}
	again := mustData[payment](t, m.api.do(t, http.MethodPost, "/gateway/payments", m.order(object{"reference": "ORDER-2"})), http.StatusOK)
	if again.Reference != open.Reference || again.PaymentURL != open.PaymentURL {
		t.Errorf("the open payment is %+v, before %+v", again, open)
	}
	for reference, status := range map[string]string{done.Reference: "completed", untold.Reference: "completed", open.Reference: "pending_sca", refund.Reference: "pending_sca"} {
		if now := m.get(t, reference); string(now.Status) != status {
			t.Errorf("%s is %s, before the stop it was %s", reference, now.Status, status)
		}
	}
	w.bank().authorise(t, open.Reference, object{})
	m.site.next(t, "payment.completed", open.Reference)
	w.bank().authorise(t, refund.Reference, object{})
	m.site.next(t, "payment.refunded", done.Reference)
	if a := m.portal.do(t, http.MethodGet, "/auth/me", ""); a.status != http.StatusOK {
		t.Errorf("the login ended: %s", a.raw)
	}
	m.paid(t, nil)
}
