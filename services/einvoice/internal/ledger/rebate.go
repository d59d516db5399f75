package ledger

import (
	"context"
	"strings"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/refuse"
	"european-pay.eu/eupay/services/einvoice/internal/enrol"
	"european-pay.eu/eupay/services/einvoice/internal/invoice"
)

// Rebate is a merchant's request for a credit note that is of no single invoice.
type Rebate struct {
	// Order has the customer, what is given back, the contract and the period.
	Order invoice.Order
	// Invoices are the ids or numbers of invoices that it names.
	Invoices []string
	Reason   string
}

// maxNamed bounds the invoices that are looked up for one rebate; the document allows no more.
const maxNamed = 50

// Rebate issues a credit note for a contract and a period (262): its number, the document, and everything that follows from it, in one
// transaction. Then it is submitted if the mandate permits. The same reference within 24 hours, or the same key, returns the existing one.
func (l *Ledger) Rebate(ctx context.Context, who Who, w Rebate, idem Idempotency) (Created, error) {
	out, err := l.rebate(ctx, who, w, idem)
	if err == nil && out.Type != invoice.TypeRebate {
		return Created{}, errs.New(errs.IdempotencyConflict, "This reference belongs to invoice %s. Send a new reference for a credit note.", out.Number)
	}
	return out, err
}

func (l *Ledger) rebate(ctx context.Context, who Who, w Rebate, idem Idempotency) (Created, error) {
	e, err := enrol.Read(ctx, l.Pool, who.MerchantID, who.Livemode)
	if err != nil {
		return Created{}, err
	}
	w.Order.Reference = strings.TrimSpace(w.Order.Reference)
	idem.Reference = w.Order.Reference
	out := Created{Mandate: e.Status()}
	about, kept, err := l.checkRebate(ctx, who, e, &w)
	if err != nil { // an order that became invalid at midnight may still be a replay
		return l.replay(ctx, who, idem, out, err)
	}
	err = l.inTurn(ctx, who, func(tx pgx.Tx) error {
		id := newID()
		holder, err := takeClaims(ctx, tx, who, idem, id, l.instant())
		if err != nil {
			return err
		}
		if holder != id {
			out.Replayed = true
			out.Record, err = readOne(ctx, tx, `where i.id = $1`, holder)
			return err
		}
		if out.Record, err = l.issueRebate(ctx, tx, e, w, about, Record{ID: id}); err != nil || !kept {
			return err
		}
		return l.keep(ctx, tx, &out.Record)
	})
	if err != nil {
		return Created{}, err
	}
	if !out.Replayed && e.Ready() {
		l.submitNow(ctx, out.ID, out.Livemode)
		out.Record, err = readOne(ctx, l.Pool, `where i.id = $1`, out.ID)
	}
	return out, err
}

// checkRebate validates a rebate like issueRebate before anything is locked. It returns the invoices that it names, and if it is kept until its
// buyer can be reached.
func (l *Ledger) checkRebate(ctx context.Context, who Who, e enrol.Enrolment, w *Rebate) (about []invoice.Preceding, kept bool, err error) {
	named, err := l.named(ctx, who, w.Invoices)
	if err != nil {
		return nil, false, err
	}
	if kept, err = l.reach(ctx, who, &w.Order); err != nil {
		return nil, false, err
	}
	for i := range named {
		about = append(about, invoice.Preceding{Number: named[i].Number, Issued: named[i].Issued})
	}
	today := l.today()
	doc, err := invoice.Rebate(invoice.Number(seriesCredit, today.Year(), e.Code, 1), today, e.Settings, w.Order, about, w.Reason)
	if err != nil {
		return nil, false, err
	}
	for i, r := range named {
		if !sameBuyer(r.Document.Buyer, doc.Buyer) {
			return nil, false, errs.Invalid(errs.Field{Field: refuse.At("invoices", i), Message: refuse.At("invoices", i) + " was issued to another customer."})
		}
	}
	return about, kept, nil
}

// named reads the invoices that a rebate names.
func (l *Ledger) named(ctx context.Context, who Who, names []string) ([]Record, error) {
	var bad refuse.Problems
	bad.If(len(names) > maxNamed, "invoices", "must have at most %d entries", maxNamed)
	var list []Record
	for i, name := range names[:min(len(names), maxNamed)] {
		r, err := find(ctx, l.Pool, who, name)
		if err != nil && !errs.Is(err, errs.NotFoundCode) {
			return nil, err
		}
		bad.If(err != nil || !r.Type.IsInvoice(), refuse.At("invoices", i), "must be the id or the number of one of your invoices")
		list = append(list, r)
	}
	return list, bad.Err()
}

// issueRebate records a new rebate under the next number of credit notes.
func (l *Ledger) issueRebate(ctx context.Context, tx pgx.Tx, e enrol.Enrolment, w Rebate, about []invoice.Preceding, r Record) (Record, error) {
	number, today, err := l.number(ctx, tx, e, seriesCredit)
	if err != nil {
		return Record{}, err
	}
	doc, err := invoice.Rebate(number, today, e.Settings, w.Order, about, w.Reason)
	if err != nil {
		return Record{}, err
	}
	now := l.instant()
	r = Record{
		ID: r.ID, MerchantID: e.MerchantID, Livemode: e.Livemode, Number: number, Type: doc.Type, Status: StatusRefunded, Audience: doc.Audience,
		Reference: w.Order.Reference, Issued: doc.Issued, Due: doc.Due, Total: doc.Totals.Gross, Credit: doc.Totals.Gross, Document: doc, Reason: w.Reason,
		Seqino: SeqinoSubmitting, CreatedAt: now, UpdatedAt: now,
	}
	if !e.Ready() {
		r.Seqino = SeqinoMandatePending
	}
	return r, l.record(ctx, tx, e, &r, nil, change{what: "created"})
}
