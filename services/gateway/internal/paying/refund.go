package paying

import (
	"context"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/run/command"
	einvoicev1 "european-pay.eu/eupay/proto/eupay/einvoice/v1"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	"european-pay.eu/eupay/services/gateway/internal/gate"
)

// Refund is a refund that is asked for.
type Refund struct {
	// Reference is the proposed REF-… reference. The same one makes one refund.
	Reference string
	// Payment is the payment of which Amount is given back; 0: all that is left.
	Payment string
	Amount  money.Cents
	// Key is the idempotency key; may be empty.
	Key string
}

// Refund makes a refund for the merchant of the pass. request is the id of the request; empty for none.
func (s Sender) Refund(ctx context.Context, request string, pass gate.Pass, r Refund) (Outcome, error) {
	m := pass.Merchant()
	return s.carry(ctx, request, pass, command.RefundPayment, &paymentsv1.RefundPayment{
		Reference: r.Reference, OriginalReference: r.Payment, MerchantId: m.ID, MerchantVersion: m.Version, Livemode: pass.Livemode(),
		AmountCents: int64(r.Amount), IdempotencyKey: r.Key, Fingerprint: Fingerprint("refund", m.ID, pass.Livemode(), r.Payment, r.Amount.String()),
	}, nil)
}

// OfCreditNote is the refund of a credit note.
func OfCreditNote(id, reference, payment string, amount money.Cents) Refund {
	return Refund{Reference: reference, Payment: payment, Amount: amount, Key: "credit note " + id}
}

// EndOfCreditNote tells the e-invoicing service what came of the refund of a credit note: refusal is nil if it was made.
func EndOfCreditNote(merchantID string, livemode bool, id string, refusal error) *einvoicev1.EndCreditRefundRequest {
	end := &einvoicev1.EndCreditRefundRequest{MerchantId: merchantID, Livemode: livemode, CreditNoteId: id}
	if refusal != nil {
		refused := errs.From(refusal)
		end.ErrorCode, end.ErrorMessage = string(refused.Code), refused.Message
	}
	return end
}

// Unsettled reports whether an error leaves open if something was made: repeating the request finds out.
func Unsettled(err error) bool {
	code := errs.From(err).Code
	return code == errs.Unavailable || code == errs.Internal || code == errs.RateLimitExceeded
}
