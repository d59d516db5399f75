package einvoiceapi

import (
	"strings"
	"sync"
	"testing"

	"github.com/labstack/echo/v4"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/money"
	einvoicev1 "european-pay.eu/eupay/proto/eupay/einvoice/v1"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	"european-pay.eu/eupay/services/gateway/internal/caller"
	"european-pay.eu/eupay/services/gateway/internal/gate"
	"european-pay.eu/eupay/services/gateway/internal/paying"
	"european-pay.eu/eupay/services/gateway/internal/rights"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

const (
	paidBy   = "PAY-20260617-0B25921FB72918ED"
	refundOf = "REF-20260617-0B25921FB72918EF"
)

// refunds stands in for the room of refunds: it makes one for each key.
type refunds struct {
	mu   sync.Mutex
	made map[string]money.Cents
	// refuse is asked before, fail after a credit note.
	refuse, fail error
	asked        []string
}

func (r *refunds) MayRefund(_ echo.Context, of caller.Account, ref string, amount web.Amount) (gate.Pass, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.asked = append(r.asked, ref+" "+amount.Cents().String())
	if r.refuse != nil {
		return gate.Pass{}, r.refuse
	}
	return gate.ForMerchant(of.Merchant, of.Livemode)
}

func (r *refunds) Refund(_ echo.Context, pass gate.Pass, of paying.Refund) (paying.Outcome, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.fail != nil {
		return paying.Outcome{}, r.fail
	}
	if r.made == nil {
		r.made = map[string]money.Cents{}
	}
	r.made[of.Key+" "+of.Payment+" "+pass.Merchant().ID+" "+of.Reference] = of.Amount
	return paying.Outcome{Payment: &paymentsv1.Payment{
		Reference: "REF-20260617-0B25921FB72918ED", OriginalReference: of.Payment, Status: "pending_sca", AmountCents: int64(of.Amount), PaymentUrl: "https://bank.example/r",
	}}, nil
}

func TestACreditNoteIsRefundedOnce(t *testing.T) {
	t.Parallel()
	f := setup(t)
	const body = `{"amount":50.00,"refund":true}`
	r := f.must(t, 201, f.key, "POST", one+"/credit-note", body, "Idempotency-Key", "k")
	if in, _ := f.platform.asked().(*einvoicev1.CreateCreditNoteRequest); !in.GetRefund() || in.GetAmountCents() != 5000 {
		t.Errorf("asked %v", in)
	}
	total := money.Cents(f.platform.correction("381").GetTotalCents())
	if !strings.Contains(r.text, `"payment_url":"https://bank.example/r"`) || !strings.Contains(r.text, `"refund_error":null`) || len(f.refunds.made) != 1 {
		t.Errorf("%s, made %v", r.text, f.refunds.made)
	}
	if end := f.platform.outcome(); end.GetCreditNoteId() != f.platform.correction("381").GetId() || end.GetMerchantId() != f.merchant.ID || end.GetErrorCode() != "" {
		t.Errorf("recorded %v", end)
	}
	f.platform.set(func() { f.platform.replayed = true })
	f.must(t, 200, f.key, "POST", one+"/credit-note", body, "Idempotency-Key", "k")
	for what, amount := range f.refunds.made {
		if len(f.refunds.made) != 1 || amount != total || !strings.Contains(what, f.platform.correction("381").GetId()+" "+paidBy+" "+f.merchant.ID+" "+refundOf) {
			t.Errorf("made %v, want %s once", f.refunds.made, total)
		}
	}
}

// The credit note comes first and stands: a refusal is told beside it, and a lost answer is made up for by repeating the request.
func TestACreditNoteStandsWithoutItsRefund(t *testing.T) {
	t.Parallel()
	f := setup(t)
	const body = `{"refund":true}`
	f.refunds.fail = errs.New(errs.RefundExceeds, "At most 10.00 is left.")
	if r := f.must(t, 201, f.key, "POST", one+"/credit-note", body, "Idempotency-Key", "k"); !strings.Contains(r.text, `"refund":null,"refund_error":{"code":"REFUND_EXCEEDS_PAYMENT"`) {
		t.Errorf("%s", r.text)
	}
	if end := f.platform.outcome(); end.GetErrorCode() != "REFUND_EXCEEDS_PAYMENT" {
		t.Errorf("recorded %v", end)
	}
	f.platform.set(func() { f.platform.end = nil })
	f.refunds.fail = errs.New(errs.Unavailable, "No answer.")
	if r := f.must(t, 503, f.key, "POST", one+"/credit-note", body, "Idempotency-Key", "k"); !strings.Contains(r.text, "CN-2026-AB12CD-000001 is issued") {
		t.Errorf("%s", r.text)
	}
	if end := f.platform.outcome(); end != nil { // it is asked for again
		t.Errorf("recorded %v", end)
	}
}

func TestWhoMayRefundWithACreditNote(t *testing.T) {
	t.Parallel()
	f := setup(t)
	const body = `{"refund":true}`
	f.platform.set(func() {
		f.platform.payments = []*einvoicev1.InvoicePayment{{Method: "bank", PaidOn: "2026-06-17", PaymentReference: paidBy}}
	})
	issuer := f.newKey(t, f.people[rights.RoleMerchant], `["invoices:read","invoices:write"]`)
	for _, c := range []struct {
		who  as
		want int
	}{
		{f.key, 201}, {issuer, 403}, {f.people[rights.RoleMerchant], 201}, {f.people[rights.RoleStaff], 403},
	} {
		before := len(f.refunds.made)
		r := f.call(t, c.who, "POST", one+"/credit-note", body, "Idempotency-Key", "k")
		if _, credited := f.platform.asked().(*einvoicev1.CreateCreditNoteRequest); r.status != c.want || c.want == 403 && (credited || len(f.refunds.made) != before) {
			t.Errorf("%v: %d, want %d: %s", c.who, r.status, c.want, r.text)
		}
		f.must(t, 200, f.key, "GET", one, "") // what was asked last is no credit note
	}
	f.refunds.refuse = errs.New(errs.StepUpRequired, "Prove it.")
	if r := f.call(t, f.people[rights.RoleMerchant], "POST", one+"/credit-note", body, "Idempotency-Key", "l"); r.status != 403 {
		t.Errorf("without a fresh proof: %d", r.status)
	}
	if _, credited := f.platform.asked().(*einvoicev1.CreateCreditNoteRequest); credited {
		t.Error("a credit note was issued before the proof")
	}
	if r := f.must(t, 400, f.key, "POST", one+"/credit-note", body); r.fields() != "refund" {
		t.Errorf("without a key: %s", r.text)
	}
	if r := f.must(t, 400, f.key, "POST", one+"/credit-note", `{"refund":true,"type":"cancel"}`, "Idempotency-Key", "m"); r.fields() != "refund" {
		t.Errorf("with cancel: %s", r.text)
	}
}
