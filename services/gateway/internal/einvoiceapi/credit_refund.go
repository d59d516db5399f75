package einvoiceapi

import (
	"errors"

	"github.com/labstack/echo/v4"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/reference"
	einvoicev1 "european-pay.eu/eupay/proto/eupay/einvoice/v1"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	"european-pay.eu/eupay/services/gateway/internal/caller"
	"european-pay.eu/eupay/services/gateway/internal/gate"
	"european-pay.eu/eupay/services/gateway/internal/paying"
	"european-pay.eu/eupay/services/gateway/internal/rights"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

// A credit note with refund is two things in two services, in this order: the credit note, which says how much, and then the refund of that
// amount under a reference that was recorded with the credit note. So a request that is repeated with its Idempotency-Key, after any failure, finds
// the credit note and makes the refund that is missing, and so does package giveback if nobody repeats it; neither is ever made twice.

// refunded is what became of the refund that was asked for with a credit note: one of the two is null.
type refunded struct {
	Refund  *creditRefund `json:"refund"`
	Problem *refundError  `json:"refund_error"`
}

type creditRefund struct {
	Reference        string      `json:"reference"`
	PaymentReference string      `json:"payment_reference"`
	Status           string      `json:"status"`
	Amount           money.Cents `json:"amount"`
	PaymentURL       *string     `json:"payment_url"`
	Failure          *string     `json:"failure_code"`
}

type refundError struct {
	Code    errs.Code `json:"code"`
	Message string    `json:"message"`
}

// mayRefund checks that the caller may refund what a credit note gives back, which takes more rights than the credit note.
func (a *API) mayRefund(c echo.Context, on change, amount web.Amount) (gate.Pass, error) {
	if on.key == "" {
		return gate.Pass{}, errs.Invalid(errs.Field{
			Field: "refund", Message: "refund requires an Idempotency-Key header, with which the request can be repeated until both are made.",
		})
	}
	who, of := caller.Of(c), caller.Account{Livemode: on.Livemode}
	var err error
	switch {
	case who.Key != nil && !who.Key.Has(rights.RefundsWrite):
		return gate.Pass{}, errs.New(errs.InsufficientScope, "This API key lacks the scope %s.", rights.RefundsWrite)
	case who.Key != nil:
		of.Merchant = who.Key.Merchant
	case !rights.Allows(who.Login.Role, rights.RefundsWrite):
		return gate.Pass{}, errs.New(errs.Forbidden, "Only the owner of the account may refund. Issue the credit note without refund.")
	default:
		if of.Merchant, err = a.Merchants.Get(c.Request().Context(), on.MerchantID); err != nil {
			return gate.Pass{}, err
		}
	}
	res, err := web.Call(c, readTimeout, a.Invoices.GetInvoice, &einvoicev1.GetInvoiceRequest{MerchantId: on.MerchantID, Livemode: on.Livemode, Id: on.id})
	if err != nil {
		return gate.Pass{}, err
	}
	for _, p := range res.GetInvoice().GetPayments() {
		if ref := p.GetPaymentReference(); reference.Valid(ref) {
			return a.Refunds.MayRefund(c, of, ref, amount)
		}
	}
	return gate.ForMerchant(of.Merchant, of.Livemode) // einvoice says that there is no payment to refund
}

// refund refunds what a credit note gives back. A refusal is part of the answer, because the credit note stands; an error means that it is not
// known yet whether the refund was made: it is asked for until that is known.
func (a *API) refund(c echo.Context, pass gate.Pass, res *einvoicev1.CreateCreditNoteResponse) (*refunded, error) {
	note := res.GetCreditNote()
	out, err := a.Refunds.Refund(c, pass, paying.OfCreditNote(note.GetId(), res.GetRefundReference(), res.GetRefundPayment(), money.Cents(note.GetTotalCents())))
	if errs.Is(err, errs.Unavailable) {
		e := errs.New(errs.Unavailable, "The credit note %s is issued, and its refund was not confirmed yet. EU Pay makes it as soon as it can: do not refund it again. "+
			"To see it, repeat the request with the same Idempotency-Key.", note.GetNumber())
		e.RetryAfter = errs.From(err).RetryAfter
		return nil, errors.Join(e, err)
	}
	if err == nil || !paying.Unsettled(err) {
		a.endRefund(c, note, err)
	}
	if err != nil {
		refused := errs.From(err)
		return &refunded{Problem: &refundError{refused.Code, refused.Message}}, nil
	}
	return &refunded{Refund: creditRefundOf(out.Payment)}, nil
}

// endRefund records what came of a refund. If that cannot be recorded, the refund is asked for once more, under its reference, and found.
func (a *API) endRefund(c echo.Context, note *einvoicev1.Invoice, refusal error) {
	end := paying.EndOfCreditNote(note.GetMerchantId(), note.GetLivemode(), note.GetId(), refusal)
	if _, err := web.Call(c, readTimeout, a.CreditRefunds.EndCreditRefund, end); err != nil {
		a.Log.WarnContext(c.Request().Context(), "record the refund of a credit note", "credit_note", note.GetId(), "error", err)
	}
}

func creditRefundOf(p *paymentsv1.Payment) *creditRefund {
	return &creditRefund{
		Reference: p.GetReference(), PaymentReference: p.GetOriginalReference(), Status: p.GetStatus(), Amount: money.Cents(p.GetAmountCents()),
		PaymentURL: unlessEmpty(p.GetPaymentUrl()), Failure: unlessEmpty(p.GetFailureCode()),
	}
}
