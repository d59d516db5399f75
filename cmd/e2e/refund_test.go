package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	eupay "european-pay.eu/eupay/sdk/go"
)

func (m *merchant) refunds(t testing.TB, reference string) []payment {
	t.Helper()
	return mustData[[]payment](t, m.api.do(t, http.MethodGet, "/gateway/payments/"+reference+"/refunds", ""), http.StatusOK)
}

// refund requests a refund, authorises it as the merchant at the bank, and waits for the webhook.
func (m *merchant) refund(t testing.TB, p payment, body string) (payment, hook) {
	t.Helper()
	r := mustData[payment](t, m.api.do(t, http.MethodPost, "/gateway/payments/"+p.Reference+"/refund", body), http.StatusCreated)
	if !strings.HasPrefix(r.Reference, "REF-") || r.OriginalReference != p.Reference || r.PaymentURL == "" || r.Status != "pending_sca" {
		t.Fatalf("the refund is %+v", r)
	}
	m.w.bank().authorise(t, r.Reference, object{})
	h := m.site.wait(t, "payment.refunded by "+r.Reference, p.Reference, func(h hook) bool {
		return h.body.Event == "payment.refunded" && h.body.Data.RefundReference == r.Reference
	})
	return r, h
}

// amounts compares numbers as written in JSON, in the shortest form: 10, not 10.00.
func amounts(t testing.TB, what string, got fmt.Stringer, want json.Number) {
	t.Helper()
	is, err := eupay.ParseAmount(got.String())
	if should, bad := eupay.ParseAmount(want.String()); err != nil || bad != nil || is != should {
		t.Errorf("%s is %s, want %s", what, got, want)
	}
}

func TestPartialRefundsUpToTheWholeAmount(t *testing.T) {
	t.Parallel()
	m := shared.newMerchant(t)
	p := m.paid(t, object{"amount": 100, "reference": "ORDER-1"})
	path := "/gateway/payments/" + p.Reference
	for _, step := range []struct {
		body          string
		amount, sofar json.Number
	}{{`{"amount":10.00}`, "10", "10"}, {`{"amount":20.5}`, "20.5", "30.5"}, {"", "69.5", "100"}} {
		r, h := m.refund(t, p, step.body)
		amounts(t, "the refund", r.Amount, step.amount)
		amounts(t, "the webhook's refund_amount", h.body.Data.RefundAmount, step.amount)
		amounts(t, "the webhook's amount_refunded", h.body.Data.AmountRefunded, step.sofar)
		amounts(t, "the webhook's amount", h.body.Data.Amount, "100")
		if h.body.Data.Status != "refunded" || *h.body.Data.MerchantReference != "ORDER-1" {
			t.Errorf("the webhook says %s", h.raw)
		}
		after := m.get(t, p.Reference)
		amounts(t, "amount_refunded", after.AmountRefunded, step.sofar)
		if after.Status != "refunded" {
			t.Errorf("the payment is %s", after.Status)
		}
		if r := m.get(t, r.Reference); r.Status != "completed" {
			t.Errorf("the refund is %s", r.Status)
		}
	}
	for _, body := range []string{"", `{"amount":0.01}`} {
		m.api.do(t, http.MethodPost, path+"/refund", body).refused(t, http.StatusConflict, "REFUND_EXCEEDS_PAYMENT")
	}
	checkBooks(t, m, p, 10000)
}

// checkBooks compares the refunds in our answers with what the bank moved, from whom to whom.
func checkBooks(t *testing.T, m *merchant, p payment, cents int64) {
	t.Helper()
	paid := m.w.bank().order(t, p.Reference)
	var moved int64
	for _, r := range m.refunds(t, p.Reference) {
		if r.Status != "completed" {
			continue
		}
		o := m.w.bank().order(t, r.Reference)
		moved += o.Cents
		if o.State != "done" || o.Beneficiary != paid.Payer || o.Payer != merchantIBAN {
			t.Errorf("the bank's refund %+v does not go back to %s", o, paid.Payer)
		}
	}
	if moved != cents {
		t.Errorf("the bank moved %d cents back, want %d", moved, cents)
	}
}

func TestRefundsAtOnceNeverExceedThePayment(t *testing.T) {
	t.Parallel()
	m := shared.newMerchant(t)
	p := m.paid(t, object{"amount": 100})
	sorted := together(t, 16, func(int) (answer, error) {
		return m.api.try(http.MethodPost, "/gateway/payments/"+p.Reference+"/refund", `{"amount":20}`)
	})
	if len(sorted[http.StatusCreated]) != 5 || len(sorted[http.StatusConflict]) != 11 {
		t.Fatalf("%d refunds of 20 were taken for a payment of 100: %v", len(sorted[http.StatusCreated]), sorted)
	}
	for _, a := range sorted[http.StatusConflict] {
		a.refused(t, http.StatusConflict, "REFUND_EXCEEDS_PAYMENT")
	}
	for _, a := range sorted[http.StatusCreated] {
		m.w.bank().authorise(t, mustData[payment](t, a, http.StatusCreated).Reference, object{})
	}
	m.site.wait(t, "the last refund", p.Reference, func(h hook) bool {
		f, err := h.body.Data.AmountRefunded.Float64()
		return err == nil && f == 100
	})
	checkBooks(t, m, p, 10000)
	var told []string
	for _, h := range m.site.about(t, p.Reference) {
		if h.body.Event == "payment.refunded" {
			told = append(told, h.body.Data.RefundReference)
		}
	}
	slices.Sort(told)
	if told = slices.Compact(told); len(told) != 5 {
		t.Errorf("the merchant was told of the refunds %v", told)
	}
}

func TestARefusedRefundFreesItsAmount(t *testing.T) {
	t.Parallel()
	m := shared.newMerchant(t)
	p := m.paid(t, object{"amount": 50})
	path := "/gateway/payments/" + p.Reference
	r := mustData[payment](t, m.api.do(t, http.MethodPost, path+"/refund", ""), http.StatusCreated)
	m.api.do(t, http.MethodPost, path+"/refund", `{"amount":1}`).refused(t, http.StatusConflict, "REFUND_EXCEEDS_PAYMENT")
	m.w.bank().act(t, "refuse", r.Reference, object{})
	eventually(t, "the refund ends", func() bool { return m.get(t, r.Reference).Status == "cancelled" })
	if after := m.get(t, p.Reference); after.Status != "completed" {
		t.Errorf("the payment is %s although nothing was given back", after.Status)
	}
	m.refund(t, p, `{"amount":50}`)
	checkBooks(t, m, p, 5000)
}

func TestWhatCannotBeRefunded(t *testing.T) {
	t.Parallel()
	m := shared.newMerchant(t)
	open := m.pays(t, nil)
	m.api.do(t, http.MethodPost, "/gateway/payments/"+open.Reference+"/refund", "").refused(t, http.StatusConflict, "INVALID_STATE")
	p := m.paid(t, nil)
	path := "/gateway/payments/" + p.Reference + "/refund"
	for body, code := range map[string]string{
		`{"amount":30}`: "REFUND_EXCEEDS_PAYMENT", `{"amount":0}`: "VALIDATION_ERROR", `{"amount":-5}`: "VALIDATION_ERROR",
		`{"amount":1.001}`: "VALIDATION_ERROR", `{"amount":"10"}`: "VALIDATION_ERROR", `{"sum":10}`: "VALIDATION_ERROR",
	} {
		status := http.StatusBadRequest
		if code != "VALIDATION_ERROR" {
			status = http.StatusConflict
		}
		m.api.do(t, http.MethodPost, path, body).refused(t, status, code)
	}
	keyed := m.api.with("Idempotency-Key", "refund-1")
	first := mustData[payment](t, keyed.do(t, http.MethodPost, path, `{"amount":5}`), http.StatusCreated)
	again := mustData[payment](t, keyed.do(t, http.MethodPost, path, `{"amount":5}`), http.StatusCreated)
	if first.Reference != again.Reference || len(m.refunds(t, p.Reference)) != 1 {
		t.Errorf("the repeated refund is %s, the first %s", again.Reference, first.Reference)
	}
	keyed.do(t, http.MethodPost, path, `{"amount":6}`).refused(t, http.StatusConflict, "IDEMPOTENCY_CONFLICT")
}
