package paymentapi

import (
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
)

// outcome is what the stand-in makes of the next payments and refunds.
func (s *standIn) outcome(change func(*paymentsv1.Payment)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.change = change
}

func refuseAtOnce(p *paymentsv1.Payment) {
	p.Status, p.StatusDetail, p.FailureCode, p.PaymentUrl = "failed", "refused_by_provider", "invalid_beneficiary", ""
}

func TestAPaymentThatTheProviderRefusesIsNoSuccess(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 10*time.Second)
	w.bank.outcome(refuseAtOnce)
	first := w.call("POST", path, documented, as("pk_test_a", "Idempotency-Key", "k")...)
	first.want(t, 422, "PAYMENT_REFUSED", "")
	if !strings.Contains(first.fail.Message, "IBAN") || !strings.Contains(first.fail.Message, "PAY-20260617-") {
		t.Errorf("it says %q", first.fail.Message)
	}
	again := w.call("POST", path, documented, as("pk_test_a", "Idempotency-Key", "k")...)
	again.want(t, 422, "PAYMENT_REFUSED", first.fail.Message)
	if again.header.Get("Idempotent-Replayed") != "true" || first.header.Get("Idempotent-Replayed") != "" {
		t.Error("the repeat is not marked as one, or the first is")
	}
	w.bank.outcome(func(p *paymentsv1.Payment) { p.Status, p.FailureCode = "failed", "insufficient_funds" }) // declined at the bank
	if a := w.call("POST", path, `{"amount":1,"description":"x"}`, as("pk_test_a")...); a.status != 201 {
		t.Errorf("a payment that failed after it was opened: %d %s", a.status, a.body)
	}
}

func TestARefundThatTheProviderRefusesIsNoSuccess(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 10*time.Second)
	w.bank.outcome(refuseAtOnce)
	a := w.call("POST", path+"/PAY-20260617-0B25921FB72918ED/refund", "", as("pk_test_a")...)
	a.want(t, 422, "PAYMENT_REFUSED", "")
	if !strings.Contains(a.fail.Message, "REF-20260617-") {
		t.Errorf("it says %q", a.fail.Message)
	}
}

func TestWhatAPaymentWaitsForIsShown(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 10*time.Second)
	const ref = "PAY-20260617-0B25921FB72918ED"
	w.reads.put(&paymentsv1.Payment{
		Reference: ref, Kind: "payment", MerchantId: "m-shop", AmountCents: 2999, Currency: "EUR", Status: "failed", Sequence: 4, CreatedAt: timestamppb.New(createdAt),
		FailureCode: "expired", AuthorisationUrl: "https://bank.example/approve", SettlementDeadline: timestamppb.New(createdAt.Add(time.Hour)),
		LateReceipt: &paymentsv1.LateReceipt{AmountCents: 2999, ReceivedAt: timestamppb.New(createdAt), BookedAt: timestamppb.New(createdAt)},
	})
	a := w.call("GET", path+"/"+ref, "", as("pk_test_a")...)
	late, _ := a.data["late_receipt"].(map[string]any)
	if a.data["authorisation_url"] != "https://bank.example/approve" || a.data["settlement_deadline"] != "2026-06-17T13:20:20.979Z" || late["amount"] != 29.99 {
		t.Errorf("got %s", a.body)
	}
	w.call("GET", path+"?status_detail=amount_mismatch", "", as("pk_test_a")...)
	if asked := w.reads.lists[len(w.reads.lists)-1]; asked.GetStatusDetail() != "amount_mismatch" {
		t.Errorf("asked for %v", asked)
	}
	w.call("GET", path+"?status_detail=odd", "", as("pk_test_a")...).want(t, 400, "VALIDATION_ERROR", "")
}

func TestARefundIsCancelledUnderItsPayment(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 10*time.Second)
	const of, ref = "PAY-20260617-0B25921FB72918ED", "REF-20260617-0B25921FB72918ED"
	w.reads.put(&paymentsv1.Payment{
		Reference: ref, Kind: "refund", OriginalReference: of, MerchantId: "m-shop", AmountCents: 1, Currency: "EUR", Status: "pending_sca", Sequence: 2,
		CreatedAt: timestamppb.New(createdAt),
	})
	a := w.call("POST", path+"/"+of+"/refunds/"+ref+"/cancel", "", as("pk_test_a")...)
	if a.status != 200 || a.data["reference"] != ref || a.data["authorisation_url"] != "https://bank.example/cancel" {
		t.Errorf("%d %s", a.status, a.body)
	}
	c := w.bank.commands()[0].(*paymentsv1.CancelPayment)
	if c.GetReference() != ref || c.GetOriginalReference() != of || c.GetMerchantId() != "m-shop" || c.GetLivemode() {
		t.Errorf("command %v", c)
	}
	for _, wrong := range []string{of + "/refunds/x/cancel", "x/refunds/" + ref + "/cancel"} {
		w.call("POST", path+"/"+wrong, "", as("pk_test_a")...).want(t, 404, "NOT_FOUND", "")
	}
	w.call("POST", path+"/"+of+"/refunds/"+ref+"/cancel", `{"x":1}`, as("pk_test_a")...).want(t, 400, "VALIDATION_ERROR", "")
	w.call("POST", path+"/"+of+"/refunds/"+ref+"/cancel", "", as("pk_test_slow")...).want(t, 403, "INSUFFICIENT_SCOPE", "")
}
