package e2e

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
)

// careful returns a merchant who waits for settlement, and a payment that waits.
func careful(t *testing.T, m *merchant) payment {
	t.Helper()
	if a := m.portal.do(t, http.MethodPatch, "/merchant", `{"wait_for_settlement":true}`); a.status != http.StatusOK {
		t.Fatalf("%s", a.raw)
	}
	p := m.pays(t, object{"reference": "ORDER-1"})
	m.w.bank().authorise(t, p.Reference, object{"connector": "shrug"})
	eventually(t, "the acceptance is visible", func() bool { return m.get(t, p.Reference).StatusDetail == "accepted_by_bank" })
	return p
}

// limbo has the fields about money of which nobody knows whether it came.
type limbo struct {
	Status             string
	AmountRefunded     json.Number `json:"amount_refunded"`
	SettlementDeadline string      `json:"settlement_deadline"`
	LateReceipt        struct {
		Amount json.Number
	} `json:"late_receipt"`
}

func (m *merchant) limbo(t *testing.T, reference string) limbo {
	t.Helper()
	return mustData[limbo](t, m.api.do(t, http.MethodGet, payments+"/"+reference, ""), http.StatusOK)
}

func TestTheMerchantConfirmsAPaymentThatTheBankAccepted(t *testing.T) {
	t.Parallel()
	m := shared.newMerchant(t)
	p := careful(t, m)
	if m.limbo(t, p.Reference).SettlementDeadline == "" {
		t.Error("no deadline is shown")
	}
	path := payments + "/" + p.Reference
	m.api.do(t, http.MethodPost, path+"/refund", "").refused(t, http.StatusConflict, "INVALID_STATE")
	m.api.do(t, http.MethodPost, path+"/cancel", "").refused(t, http.StatusConflict, "INVALID_STATE")
	if after := mustData[payment](t, m.api.do(t, http.MethodPost, path+"/confirm-received", ""), http.StatusOK); after.Status != "completed" {
		t.Errorf("the payment is %+v", after)
	}
	m.site.next(t, "payment.completed", p.Reference)
}

func TestALateReceiptIsRecordedAndRefunded(t *testing.T) {
	t.Parallel()
	m := shared.newMerchant(t)
	p := careful(t, m)
	path := payments + "/" + p.Reference
	said := mustData[payment](t, m.api.do(t, http.MethodPost, path+"/confirm-not-received", `{"note":"not on the statement"}`), http.StatusOK)
	if said.Status != "failed" || said.FailureCode != "not_received" || said.PaymentURL != "" {
		t.Fatalf("the payment is %+v", said)
	}
	m.site.next(t, "payment.failed", p.Reference)
	m.api.do(t, http.MethodPost, path+"/refund", "").refused(t, http.StatusConflict, "INVALID_STATE")
	for range 2 {
		booked := mustData[limbo](t, m.api.do(t, http.MethodPost, path+"/late-receipt", `{"note":"a week later"}`), http.StatusOK)
		if booked.Status != "failed" || booked.LateReceipt.Amount != "29.99" {
			t.Errorf("booked as %+v", booked)
		}
	}
	r := mustData[payment](t, m.api.do(t, http.MethodPost, path+"/refund", ""), http.StatusCreated)
	m.w.bank().authorise(t, r.Reference, object{})
	if told := m.site.next(t, "payment.refunded", p.Reference).body.Data; told.Status != "failed" || told.AmountRefunded != "29.99" {
		t.Errorf("the webhook says %+v", told)
	}
	if after := m.limbo(t, p.Reference); after.Status != "failed" || after.AmountRefunded != "29.99" {
		t.Errorf("the payment is %+v", after)
	}
}

func TestADeclinedOrderIsTriedAgainUnderItsReference(t *testing.T) {
	t.Parallel()
	m := shared.newMerchant(t)
	order := object{"reference": "ORDER-1042"}
	first := m.pays(t, order)
	m.api.do(t, http.MethodPost, payments, m.order(object{"reference": "ORDER-1042", "amount": 30})).refused(t, http.StatusConflict, "IDEMPOTENCY_CONFLICT")
	m.w.bank().act(t, "settle", first.Reference, object{"state": "rejected", "error_code": "insufficientFunds"})
	m.site.next(t, "payment.failed", first.Reference)
	second := m.pays(t, object{"reference": "ORDER-1042", "amount": 30})
	if second.Reference == first.Reference {
		t.Fatal("the declined payment came back")
	}
	m.w.bank().authorise(t, second.Reference, object{})
	m.site.next(t, "payment.completed", second.Reference)
	m.api.do(t, http.MethodPost, payments, m.order(order)).refused(t, http.StatusConflict, "IDEMPOTENCY_CONFLICT")
}

func TestAPaymentThatTheProviderRefusesIs422(t *testing.T) {
	t.Parallel()
	m := shared.newMerchant(t)
	body := m.order(object{"description": "Order fault:error:400"})
	keyed := m.api.with("Idempotency-Key", "a-key")
	first := keyed.do(t, http.MethodPost, payments, body).refused(t, http.StatusUnprocessableEntity, "PAYMENT_REFUSED")
	again := keyed.do(t, http.MethodPost, payments, body).refused(t, http.StatusUnprocessableEntity, "PAYMENT_REFUSED")
	if first.Message != again.Message {
		t.Errorf("first %q, then %q", first.Message, again.Message)
	}
	list := must[struct{ Data []payment }](t, m.api.do(t, http.MethodGet, payments+"?status_detail=refused_by_provider", ""), http.StatusOK)
	if len(list.Data) != 1 || list.Data[0].Status != "failed" || !strings.Contains(first.Message, list.Data[0].Reference) {
		t.Fatalf("recorded as %+v, told %q", list.Data, first.Message)
	}
	if history := m.history(t, list.Data[0].Reference); len(history) != 2 || history[1].Detail != "refused_by_provider" {
		t.Errorf("history %+v", history)
	}
}

func TestARefundInProgressIsCancelled(t *testing.T) {
	t.Parallel()
	m := shared.newMerchant(t)
	p := m.paid(t, nil)
	path := payments + "/" + p.Reference
	r := mustData[payment](t, m.api.do(t, http.MethodPost, path+"/refund", ""), http.StatusCreated)
	m.api.do(t, http.MethodPost, path+"/refund", "").refused(t, http.StatusConflict, "REFUND_EXCEEDS_PAYMENT")
	cancelled := mustData[payment](t, m.api.do(t, http.MethodPost, path+"/refunds/"+r.Reference+"/cancel", ""), http.StatusOK)
	if cancelled.Status != "cancelled" || cancelled.OriginalReference != p.Reference {
		t.Errorf("the refund is %+v", cancelled)
	}
	m.refund(t, p, "")
	checkBooks(t, m, p, 2999)
}

func TestABankThatShowsAnotherAmountCompletesNothing(t *testing.T) {
	t.Parallel()
	m := shared.newMerchant(t)
	p := m.pays(t, object{"description": "Order fault:other-amount"})
	m.w.bank().authorise(t, p.Reference, object{})
	eventually(t, "it is listed", func() bool {
		list := must[struct{ Data []payment }](t, m.api.do(t, http.MethodGet, payments+"?status_detail=amount_mismatch", ""), http.StatusOK)
		return len(list.Data) == 1 && list.Data[0].Reference == p.Reference && list.Data[0].Status == "pending_sca"
	})
	path := payments + "/" + p.Reference
	m.api.do(t, http.MethodPost, path+"/confirm-received", "").refused(t, http.StatusConflict, "INVALID_STATE")
	if said := mustData[payment](t, m.api.do(t, http.MethodPost, path+"/confirm-not-received", ""), http.StatusOK); said.FailureCode != "amount_mismatch" {
		t.Errorf("the payment is %+v", said)
	}
}
