package ledger

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/claim"
	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/reference"
	"european-pay.eu/eupay/services/einvoice/internal/enrol"
	"european-pay.eu/eupay/services/einvoice/internal/giveback"
	"european-pay.eu/eupay/services/einvoice/internal/invoice"
)

// CreditNote is a merchant's request for a credit note.
type CreditNote struct {
	// Amount, including VAT. Default: all that is left.
	Amount *money.Cents
	// Items name what to credit of which lines; none: Amount, in proportion to everything.
	Items  []invoice.CreditItem
	Reason string
	// Cancel requests a 384, which covers the whole invoice.
	Cancel bool
	// Refund requests that the money goes back too: see Corrected.Payment.
	Refund bool
	// first is where Amount is taken from first.
	first []invoice.Part
}

// Credit issues a credit note for a paid invoice: a 381, or a 384 for the whole. All credit notes together never exceed the
// invoice.
func (l *Ledger) Credit(ctx context.Context, who Who, idOrNumber string, c CreditNote, idem Idempotency) (Corrected, error) {
	var out Corrected
	err := l.inTurn(ctx, who, func(tx pgx.Tx) error {
		e, err := enrol.Read(ctx, tx, who.MerchantID, who.Livemode)
		if err != nil {
			return err
		}
		if out.Record, err = lockWithPayments(ctx, tx, who, idOrNumber); err != nil {
			return err
		}
		id := newID()
		holder, err := takeClaims(ctx, tx, who, idem, id, l.instant())
		if err != nil {
			return err
		}
		if holder != id {
			out.Replayed = true
			by, err := readOne(ctx, tx, `where i.id = $1`, holder)
			out.By = &by
			if err != nil || !c.Refund {
				return err
			}
			if out.Payment, err = solePayment(ctx, tx, &out.Record); err != nil {
				return err
			}
			out.Refund, err = giveback.ReferenceOf(ctx, tx, holder)
			return err
		}
		if err := checkCreditable(&out.Record, c); err != nil {
			return err
		}
		if c.Refund {
			if err := checkPaidBack(&out.Record, c); err != nil {
				return err
			}
			if out.Payment, err = solePayment(ctx, tx, &out.Record); err != nil {
				return err
			}
		}
		if out.By, err = l.credit(ctx, tx, e, &out.Record, c); err != nil {
			return err
		}
		if err := l.wantRefund(ctx, tx, &out); err != nil {
			return err
		}
		if err := l.restateSales(ctx, tx, e, out.ID); err != nil || idem.Key == "" {
			return err
		}
		return claim.Point(ctx, tx, who.key(kindKey, idem.Key), out.By.ID.String())
	})
	if err != nil {
		return Corrected{}, err
	}
	return l.submitCorrection(ctx, out)
}

// wantRefund records the refund that was asked for with a new credit note, so that it is made even if the caller and this process end.
func (l *Ledger) wantRefund(ctx context.Context, tx pgx.Tx, out *Corrected) error {
	if out.Payment == "" {
		return nil
	}
	now := l.instant()
	out.Refund = reference.Refund(now)
	return giveback.Want(ctx, tx, giveback.Refund{
		CreditNote: out.By.ID, MerchantID: out.MerchantID, Livemode: out.Livemode, Payment: out.Payment, Reference: out.Refund, Amount: out.By.Total,
	}, now)
}

func checkCreditable(r *Record, c CreditNote) error {
	switch {
	case !r.Type.IsInvoice():
		return errs.New(errs.InvalidState, "%s is a credit note and cannot be credited.", r.Number)
	case r.Status == StatusRefunded, r.Status == StatusCancelled, r.Credited == r.Total:
		return errs.New(errs.InvalidState, "Nothing is left to credit on invoice %s: it is %s.", r.Number, r.Status)
	case r.Status != StatusPaid && r.Paid == 0:
		return errs.New(errs.InvalidState, "Invoice %s is not paid. Cancel it instead.", r.Number)
	case c.Items != nil && (c.Amount != nil || c.Cancel):
		return errs.Invalid(errs.Field{Field: "items", Message: "items say what to credit. Omit amount, and use type refund."})
	case c.Amount != nil && *c.Amount > r.Total-r.Credited:
		return errExceeds(r)
	case c.Cancel && r.Credited > 0:
		return errs.New(errs.InvalidState, "Invoice %s was already credited in part. Credit the rest with type refund.", r.Number)
	case c.Cancel && c.Amount != nil && *c.Amount != r.Total:
		return errs.Invalid(errs.Field{Field: "amount", Message: "type cancel credits the whole invoice. Omit amount, or use type refund."})
	}
	return nil
}

// checkPaidBack refuses a refund of money that did not come: what is credited of an unpaid part is owed no more, and not given back.
func checkPaidBack(r *Record, c CreditNote) error {
	switch {
	case c.Cancel:
		return errs.Invalid(errs.Field{Field: "refund", Message: "refund must not be given with type cancel."})
	case r.Owed() > 0:
		return errs.New(errs.InvalidState, "Invoice %s is not paid in full, so a credit note reduces what is owed. Issue it without refund.", r.Number)
	}
	return nil
}

func errExceeds(r *Record) error {
	return errs.New(errs.CreditExceeds, "Invoice %s has %s EUR left to credit. Credit at most this amount.", r.Number, r.Total-r.Credited)
}

func (l *Ledger) credit(ctx context.Context, tx pgx.Tx, e enrol.Enrolment, r *Record, c CreditNote) (*Record, error) {
	if c.Cancel {
		return l.annul(ctx, tx, e, r, c.Reason)
	}
	doc, err := l.creditNote(ctx, tx, e, r, c)
	if err != nil {
		return nil, err
	}
	by, err := l.correction(ctx, tx, r, doc, c.Reason)
	if err != nil {
		return nil, err
	}
	before := r.Status
	by.Credit = doc.Totals.Gross
	if err := l.recordCorrection(ctx, tx, e, r, by); err != nil {
		return nil, err
	}
	if err := markAfterFinal(ctx, tx, by); err != nil {
		return nil, err
	}
	ch := change{what: "credited", detail: by.Credit.String()}
	ch.creditNote = by.Number
	switch {
	case r.Credited == r.Total:
		r.Status, ch.what = StatusRefunded, "refunded"
	case r.Owed() == 0:
		r.Status = StatusPaid
	}
	return by, save(ctx, tx, r, before, l.instant(), ch)
}

// creditNote makes the document under the next number.
func (l *Ledger) creditNote(ctx context.Context, tx pgx.Tx, e enrol.Enrolment, r *Record, c CreditNote) (invoice.Document, error) {
	earlier, err := creditNotes(ctx, tx, r.ID)
	if err != nil {
		return invoice.Document{}, err
	}
	number, today, err := l.number(ctx, tx, e, seriesCredit)
	if err != nil {
		return invoice.Document{}, err
	}
	if c.Items != nil {
		doc, err := invoice.CreditLines(number, today, r.Document, earlier, c.Items, c.Reason)
		if tooMuch := (invoice.LineTooMuch{}); errors.As(err, &tooMuch) {
			return invoice.Document{}, errLineExceeds(r, tooMuch)
		}
		return doc, err
	}
	amount := r.Total - r.Credited
	if c.Amount != nil {
		amount = *c.Amount
	}
	doc, err := invoice.CreditAt(number, today, r.Document, earlier, amount, c.first, c.Reason)
	if tooMuch := (invoice.TooMuch{}); errors.As(err, &tooMuch) {
		return invoice.Document{}, errExceeds(r)
	}
	return doc, err
}

func errLineExceeds(r *Record, t invoice.LineTooMuch) error {
	if t.Left == 0 {
		return errs.New(errs.CreditExceeds, "Nothing is left to credit on line %d of invoice %s.", t.Line, r.Number)
	}
	return errs.New(errs.CreditExceeds, "Line %d of invoice %s has %s EUR and a quantity of %s left to credit. Credit at most this.", t.Line, r.Number, t.Left, t.Units)
}
