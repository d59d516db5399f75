package e2e

import (
	"net/http"
	"strings"
	"testing"

	eupay "european-pay.eu/eupay/sdk/go"
)

// A bank that only accepts never reports the execution. Accepting completes a payment, unless the merchant waits for settlement.
func TestAnAcceptedPaymentCompletesUnlessTheMerchantWaitsForSettlement(t *testing.T) {
	t.Parallel()
	m := shared.newMerchant(t)
	accepted := object{"connector": "shrug"}
	p := m.pays(t, nil)
	m.w.bank().authorise(t, p.Reference, accepted)
	m.site.next(t, "payment.completed", p.Reference)

	if a := m.portal.do(t, http.MethodPatch, "/merchant", `{"wait_for_settlement":true}`); a.status != http.StatusOK {
		t.Fatalf("%s", a.raw)
	}
	careful := m.pays(t, nil)
	m.w.bank().authorise(t, careful.Reference, accepted)
	eventually(t, "the acceptance is visible", func() bool { return m.get(t, careful.Reference).StatusDetail == "accepted_by_bank" })
	if now := m.get(t, careful.Reference); now.Status != "pending_sca" {
		t.Errorf("the payment is %s before it is settled", now.Status)
	}
	if told := m.deliveries(t, careful.Reference); len(told) != 0 {
		t.Errorf("the merchant was told %+v", told)
	}
}

func TestARefundIsNoPayment(t *testing.T) {
	t.Parallel()
	m := shared.newMerchant(t)
	p := m.paid(t, nil)
	r, _ := m.refund(t, p, `{"amount":1}`)
	path := payments + "/" + r.Reference
	for _, verb := range []string{"/refund", "/cancel"} {
		f := m.api.do(t, http.MethodPost, path+verb, "").refused(t, http.StatusConflict, "INVALID_STATE")
		if !strings.Contains(f.Message, p.Reference) {
			t.Errorf("%s: %q does not say what to do", verb, f.Message)
		}
	}
	list := must[struct{ Data []payment }](t, m.api.do(t, http.MethodGet, payments, ""), http.StatusOK)
	if len(list.Data) != 1 || list.Data[0].Reference != p.Reference {
		t.Errorf("the list of payments has %+v", list.Data)
	}
}

func TestAMerchantWithoutIBANGetsAClearError(t *testing.T) {
	t.Parallel()
	m := shared.newcomer(t)
	m.enable(t, true)
	api := m.portalless().with(headers(m.newKey(t, eupay.APIKeyParams{Name: "shop"}))...)
	const body = `{"amount":1,"description":"x"}`
	api.do(t, http.MethodPost, payments, body).refused(t, http.StatusConflict, "INVALID_STATE")
	if a := m.portal.do(t, http.MethodPatch, "/merchant", object{"iban": merchantIBAN}.json()); a.status != http.StatusOK {
		t.Fatalf("%s", a.raw)
	}
	if a := api.do(t, http.MethodPost, payments, body); a.status != http.StatusCreated {
		t.Errorf("with an IBAN: %d %s", a.status, a.raw)
	}
}
