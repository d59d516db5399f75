package einvoiceapi

import (
	"net/http"

	"github.com/labstack/echo/v4"

	einvoicev1 "european-pay.eu/eupay/proto/eupay/einvoice/v1"
	"european-pay.eu/eupay/services/gateway/internal/caller"
	"european-pay.eu/eupay/services/gateway/internal/gate"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

// submit tries at once to send the document to the platform again.
func (a *API) submit(c echo.Context) error {
	of, id, err := a.invoiceOf(c)
	if err != nil {
		return err
	}
	if err := web.DecodeOptional(c, &struct{}{}); err != nil {
		return err
	}
	ctx, cancel := web.Calling(c, platformTimeout)
	defer cancel()
	res, err := a.Invoices.SubmitInvoice(ctx, &einvoicev1.SubmitInvoiceRequest{MerchantId: of.MerchantID, Livemode: of.Livemode, Id: id})
	if err != nil {
		return err
	}
	return web.Answer(c, http.StatusOK, submitted(res.GetInvoice(), res.GetMandateStatus()))
}

type paidRequest struct {
	PaymentMethod string     `json:"payment_method"`
	PaymentDate   string     `json:"payment_date"`
	Amount        web.Amount `json:"amount"`
}

func (r paidRequest) check() error {
	var bad problems
	bad.required("payment_method", r.PaymentMethod)
	bad.oneOf("payment_method", r.PaymentMethod, methods...)
	bad.day("payment_date", r.PaymentDate)
	bad.positive("amount", r.Amount)
	return bad.Err()
}

// change is an invoice that a request changes, with the Idempotency-Key, which may be empty.
type change struct {
	caller.Whose
	id, key string
}

// changed reads a request to change an invoice into in, and validates it.
func (a *API) changed(c echo.Context, decode func(echo.Context, any) error, in interface{ check() error }) (change, error) {
	var on change
	var err error
	if on.Whose, on.id, err = a.invoiceOf(c); err != nil {
		return on, err
	}
	if err := decode(c, in); err != nil {
		return on, err
	}
	if err := in.check(); err != nil {
		return on, err
	}
	on.key, err = web.IdempotencyKey(c)
	return on, err
}

// markPaid records a payment. The answer lists the reports that will contain it and their deadlines.
func (a *API) markPaid(c echo.Context) error {
	var in paidRequest
	on, err := a.changed(c, web.Decode, &in)
	if err != nil {
		return err
	}
	ctx, cancel := web.Calling(c, platformTimeout)
	defer cancel()
	res, err := a.Invoices.MarkInvoicePaid(ctx, &einvoicev1.MarkInvoicePaidRequest{
		MerchantId: on.MerchantID, Livemode: on.Livemode, Id: on.id, PaymentMethod: in.PaymentMethod, PaymentDate: in.PaymentDate,
		AmountCents: cents(in.Amount), IdempotencyKey: on.key,
	})
	if err != nil {
		return issued(err, on.key != "")
	}
	if res.GetReplayed() {
		c.Response().Header().Set(web.HeaderReplayed, "true")
	}
	return web.Answer(c, http.StatusOK, paid{invoice: view(res.GetInvoice()), Reports: views(res.GetReports(), reportDueView)})
}

// cents returns nil for an absent amount.
func cents(a web.Amount) *int64 {
	if !a.Given() {
		return nil
	}
	n := int64(a.Cents())
	return &n
}

// cancel cancels an invoice. If the platform has it, that takes a corrected invoice.
func (a *API) cancel(c echo.Context) error {
	of, id, err := a.invoiceOf(c)
	if err != nil {
		return err
	}
	var in struct {
		Reason string `json:"reason"`
	}
	if err := web.DecodeOptional(c, &in); err != nil {
		return err
	}
	var bad problems
	bad.text("reason", in.Reason, maxReason)
	if err := bad.Err(); err != nil {
		return err
	}
	ctx, cancel := web.Calling(c, platformTimeout)
	defer cancel()
	res, err := a.Invoices.CancelInvoice(ctx, &einvoicev1.CancelInvoiceRequest{MerchantId: of.MerchantID, Livemode: of.Livemode, Id: id, Reason: in.Reason})
	if err != nil {
		return err
	}
	answer := cancelled{invoice: view(res.GetInvoice())}
	if res.GetCorrection() != nil {
		correction := summary(res.GetCorrection())
		answer.CreditNote = &correction
	}
	return web.Answer(c, http.StatusOK, answer)
}

type creditRequest struct {
	Amount web.Amount    `json:"amount"`
	Items  *[]creditItem `json:"items"`
	Reason string        `json:"reason"`
	Type   string        `json:"type"`
	Refund bool          `json:"refund"`
}

// creditItem is what to credit of one line of the invoice.
type creditItem struct {
	Line     int32      `json:"line"`
	Quantity quantity   `json:"quantity"`
	Amount   web.Amount `json:"amount"`
}

func (r creditRequest) check() error {
	var bad problems
	bad.positive("amount", r.Amount)
	bad.text("reason", r.Reason, maxReason)
	bad.oneOf("type", r.Type, "refund", "cancel")
	bad.If(r.Refund && r.Type == "cancel", "refund", "must not be given with type cancel")
	if r.Items != nil {
		bad.If(len(*r.Items) == 0, "items", "must have at least one item. To credit all that is left, omit items and amount")
		bad.If(len(*r.Items) > maxItems, "items", "must have at most %d items", maxItems)
		bad.If(r.Amount.Given(), "amount", "must not be given with items, which say how much to credit")
		bad.If(r.Type == "cancel", "items", "must not be given with type cancel, which credits the whole invoice")
	}
	return bad.Err()
}

// lines returns the items as a message; nil for none.
func (r creditRequest) lines() []*einvoicev1.CreditItem {
	if r.Items == nil {
		return nil
	}
	return views(*r.Items, func(i creditItem) *einvoicev1.CreditItem {
		return &einvoicev1.CreditItem{Line: i.Line, Quantity: string(i.Quantity), AmountCents: cents(i.Amount)}
	})
}

// creditNote credits all or part of an invoice. It answers 201 with a new document, 200 with that of the same Idempotency-Key.
func (a *API) creditNote(c echo.Context) error {
	var in creditRequest
	on, err := a.changed(c, web.DecodeOptional, &in)
	if err != nil {
		return err
	}
	var pass gate.Pass
	if in.Refund {
		if pass, err = a.mayRefund(c, on, in.Amount); err != nil {
			return err
		}
	}
	ctx, cancel := web.Calling(c, platformTimeout)
	defer cancel()
	res, err := a.Invoices.CreateCreditNote(ctx, &einvoicev1.CreateCreditNoteRequest{
		MerchantId: on.MerchantID, Livemode: on.Livemode, Id: on.id, AmountCents: cents(in.Amount), Reason: in.Reason, Type: in.Type, IdempotencyKey: on.key,
		Items: in.lines(), Refund: in.Refund,
	})
	if err != nil {
		return issued(err, on.key != "")
	}
	answer := credited{invoice: view(res.GetCreditNote()), Invoice: summary(res.GetInvoice())}
	if in.Refund {
		if answer.refunded, err = a.refund(c, pass, res); err != nil {
			return err
		}
	}
	return web.Answer(c, created(c, res.GetReplayed()), answer)
}
