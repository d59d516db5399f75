package ledger

import (
	"context"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/services/einvoice/internal/enrol"
	"european-pay.eu/eupay/services/einvoice/internal/invoice"
	"european-pay.eu/eupay/services/einvoice/internal/transmit"
)

// Corrected is an invoice and the document that corrected it; nil if none was needed.
type Corrected struct {
	Record
	By       *Record
	Replayed bool
	// Payment is the payment to refund, if that was asked for, and Refund the reference under which it is; empty for a credit note of before
	// there were any.
	Payment, Refund string
}

// Cancel ends an unpaid invoice. An invoice that the platform has or may have is corrected by a 384. One that it never had or
// rejected, or that the buyer refused, is ended without a document: in the seller's books only.
func (l *Ledger) Cancel(ctx context.Context, who Who, idOrNumber, reason string) (Corrected, error) {
	var out Corrected
	err := l.inTurn(ctx, who, func(tx pgx.Tx) error {
		e, err := enrol.Read(ctx, tx, who.MerchantID, who.Livemode)
		if err != nil {
			return err
		}
		if out.Record, err = lockWithPayments(ctx, tx, who, idOrNumber); err != nil {
			return err
		}
		if err := checkCancellable(&out.Record); err != nil {
			return err
		}
		alone, err := l.needsNoDocument(ctx, tx, &out.Record)
		if err != nil {
			return err
		}
		if alone {
			err = l.cancelWithoutDocument(ctx, tx, e, &out.Record, reason)
		} else {
			out.By, err = l.annul(ctx, tx, e, &out.Record, reason)
		}
		if err != nil {
			return err
		}
		return l.restateSales(ctx, tx, e, out.ID)
	})
	if err != nil {
		return Corrected{}, err
	}
	return l.submitCorrection(ctx, out)
}

func checkCancellable(r *Record) error {
	switch {
	case !r.Type.IsInvoice():
		return errs.New(errs.InvalidState, "%s corrects another document and cannot be cancelled.", r.Number)
	case r.Status == StatusCancelled:
		return errs.New(errs.InvalidState, "Invoice %s is already cancelled.", r.Number)
	case r.Paid > 0:
		return errs.New(errs.InvalidState, "Invoice %s has received %s EUR. Issue a credit note instead.", r.Number, r.Paid)
	case r.Credited > 0:
		return errs.New(errs.InvalidState, "Invoice %s was credited in part. Issue a credit note for the rest instead.", r.Number)
	}
	return nil
}

// needsNoDocument reports whether the platform certainly has no valid document, and ensures that it stays so.
func (l *Ledger) needsNoDocument(ctx context.Context, tx pgx.Tx, r *Record) (bool, error) {
	if refused, err := wasRefused(ctx, tx, r.ID); err != nil || refused {
		return refused, err
	}
	if r.Seqino == SeqinoSubmitted || r.MaybeSent {
		return false, nil
	}
	dropped, err := transmit.Drop(ctx, tx, transmit.Document, r.ID, l.instant())
	if err == nil && !dropped {
		return false, errs.New(errs.InvalidState, "Invoice %s is being submitted. Repeat the request in a few seconds.", r.Number)
	}
	return dropped, err
}

func (l *Ledger) cancelWithoutDocument(ctx context.Context, tx pgx.Tx, e enrol.Enrolment, r *Record, reason string) error {
	if err := l.reverseSale(ctx, tx, e, r); err != nil {
		return err
	}
	if err := releaseDeposits(ctx, tx, r); err != nil {
		return err
	}
	before := r.Status
	r.Status, r.Credited = StatusCancelled, r.Total
	if r.Seqino != SeqinoSubmitted {
		r.Seqino = SeqinoNone
	}
	return save(ctx, tx, r, before, l.instant(), change{what: "cancelled", detail: reason})
}

// annul issues the 384 that replaces an invoice with nothing, and ends the invoice: cancelled, or refunded if it was paid.
func (l *Ledger) annul(ctx context.Context, tx pgx.Tx, e enrol.Enrolment, r *Record, reason string) (*Record, error) {
	number, today, err := l.number(ctx, tx, e, seriesCredit)
	if err != nil {
		return nil, err
	}
	by, err := l.correction(ctx, tx, r, invoice.Annul(number, today, r.Document, r.Paid, reason), reason)
	if err != nil {
		return nil, err
	}
	by.Credit = r.Total
	before, after, event := r.Status, StatusCancelled, "cancelled"
	if r.Paid > 0 {
		after, event = StatusRefunded, "refunded"
	}
	if err := l.recordCorrection(ctx, tx, e, r, by); err != nil {
		return nil, err
	}
	if err := releaseDeposits(ctx, tx, r); err != nil {
		return nil, err
	}
	r.Status = after
	c := change{what: event, detail: reason}
	c.creditNote = number
	return by, save(ctx, tx, r, before, l.instant(), c)
}

// correction returns the record of a document that corrects r. What corrects a refused or rejected invoice is never sent.
func (l *Ledger) correction(ctx context.Context, tx pgx.Tx, r *Record, doc invoice.Document, reason string) (*Record, error) {
	refused, err := wasRefused(ctx, tx, r.ID)
	if err != nil {
		return nil, err
	}
	now := l.instant()
	by := &Record{
		ID: newID(), MerchantID: r.MerchantID, Livemode: r.Livemode, Number: doc.Number, Type: doc.Type, Corrects: &r.ID, CorrectsNumber: r.Number,
		Status: StatusRefunded, Audience: r.Audience, Issued: doc.Issued, Due: doc.Due, Total: doc.Totals.Gross, Document: doc, Reason: reason,
		Seqino: SeqinoSubmitting, CreatedAt: now, UpdatedAt: now,
	}
	if doc.Type == invoice.TypeCorrected {
		by.Status = StatusCancelled
	}
	switch {
	case refused:
		by.Seqino = SeqinoNone
	case r.Seqino == SeqinoMandatePending:
		by.Seqino = SeqinoMandatePending
	}
	return by, nil
}

// recordCorrection records the correcting document, deducts it from the invoice, and records the refund it implies.
func (l *Ledger) recordCorrection(ctx context.Context, tx pgx.Tx, e enrol.Enrolment, r, by *Record) error {
	if err := l.record(ctx, tx, e, by, r, change{what: "created"}); err != nil {
		return err
	}
	already := overpaid(r)
	r.Credited += by.Credit
	back := overpaid(r) - already
	parts, err := splitRefund(ctx, tx, r, back)
	if err != nil {
		return err
	}
	reportable, err := recordParts(ctx, tx, r, by.ID, by.Issued, parts)
	if err != nil || !reportable {
		return err
	}
	return l.reportReceived(ctx, tx, e, r, by.ID, by.Issued)
}

// overpaid is the amount paid in excess of what the invoice is still worth.
func overpaid(r *Record) money.Cents { return max(0, r.Paid-(r.Total-r.Credited)) }

// submitCorrection tries to submit the new document, and reads the result.
func (l *Ledger) submitCorrection(ctx context.Context, out Corrected) (Corrected, error) {
	l.engine.Wake(out.Livemode) // a refund may have to be reported
	if out.By == nil || out.Replayed || out.By.Seqino != SeqinoSubmitting {
		return out, nil
	}
	l.submitNow(ctx, out.By.ID, out.Livemode)
	by, err := readOne(ctx, l.Pool, `where i.id = $1`, out.By.ID)
	if err != nil {
		return Corrected{}, err
	}
	out.By = &by
	return out, nil
}
