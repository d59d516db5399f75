package ledger

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/services/einvoice/internal/enrol"
	"european-pay.eu/eupay/services/einvoice/internal/invoice"
	"european-pay.eu/eupay/services/einvoice/internal/platform"
	"european-pay.eu/eupay/services/einvoice/internal/sale"
	"european-pay.eu/eupay/services/einvoice/internal/transmit"
)

// The series of numbers.
const (
	seriesInvoice = "INV"
	seriesCredit  = "CN"
)

// Created is the result of Create.
type Created struct {
	Record
	// Replayed means that it existed before.
	Replayed bool
	Mandate  platform.MandateStatus
}

// Create issues an invoice: its number, the document, and everything that follows from it, in one transaction. Then it is
// submitted if the mandate permits. The same reference within 24 hours, or the same idempotency key, returns the existing
// invoice; the same reference with another total is IDEMPOTENCY_CONFLICT.
func (l *Ledger) Create(ctx context.Context, who Who, order invoice.Order, idem Idempotency) (Created, error) {
	e, err := enrol.Read(ctx, l.Pool, who.MerchantID, who.Livemode)
	if err != nil {
		return Created{}, err
	}
	order.Reference, order.PaymentReference = strings.TrimSpace(order.Reference), strings.TrimSpace(order.PaymentReference)
	idem.Reference = order.Reference
	out := Created{Mandate: e.Status()}
	// Validate before locking anything. An order that became invalid at midnight may still be a replay.
	taken, err := l.deduct(ctx, who, &order)
	var total money.Cents
	var kept bool
	if err == nil {
		kept, err = l.reach(ctx, who, &order)
	}
	if err == nil {
		total, err = l.check(e, order, taken)
	}
	if err != nil {
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
			if out.Record, err = readOne(ctx, tx, `where i.id = $1`, holder); err != nil {
				return err
			}
			return checkSameTotal(out.Record, order, total)
		}
		if err := l.lockDeposits(ctx, tx, taken, &order); err != nil {
			return err
		}
		if out.Record, err = l.issue(ctx, tx, e, order, Record{ID: id}); err != nil {
			return err
		}
		if kept {
			if err := l.keep(ctx, tx, &out.Record); err != nil {
				return err
			}
		}
		if order.AutoCredit {
			if err := insertTie(ctx, tx, &out.Record, order.Paid); err != nil {
				return err
			}
		}
		return takeDeposits(ctx, tx, taken, &out.Record)
	})
	if err != nil {
		return Created{}, err
	}
	if order.AutoCredit {
		l.credits.Nudge()
	}
	if !out.Replayed && e.Ready() {
		l.submitNow(ctx, out.ID, out.Livemode)
		if out.Record, err = readOne(ctx, l.Pool, `where i.id = $1`, out.ID); err != nil {
			return Created{}, err
		}
	}
	return out, nil
}

// replay returns the result of an earlier identical request, otherwise problem: an order may have become invalid since.
func (l *Ledger) replay(ctx context.Context, who Who, idem Idempotency, out Created, problem error) (Created, error) {
	holder, err := holderOf(ctx, l.Pool, who, idem, l.instant())
	if err != nil || holder == uuid.Nil {
		return Created{}, problem
	}
	out.Replayed = true
	out.Record, err = readOne(ctx, l.Pool, `where i.id = $1`, holder)
	return out, err
}

// checkSameTotal refuses an order whose reference belongs to an invoice with another total. Otherwise the caller would think that
// it had been issued.
func checkSameTotal(known Record, order invoice.Order, total money.Cents) error {
	if known.Type == invoice.TypeRebate {
		return errs.New(errs.IdempotencyConflict, "This reference belongs to credit note %s. Send a new reference for a new invoice.", known.Number)
	}
	if order.Reference == "" || known.Reference != order.Reference || known.Total == total {
		return nil
	}
	return errs.New(errs.IdempotencyConflict, "This reference belongs to invoice %s of %s EUR. Send a new reference for a new invoice.", known.Number, known.Total)
}

// check validates an order like issue, with a number that is never used, and returns what it asks for.
func (l *Ledger) check(e enrol.Enrolment, order invoice.Order, deposits []Record) (money.Cents, error) {
	today := l.today()
	doc, err := invoice.New(invoice.Number(seriesInvoice, today.Year(), e.Code, 1), today, e.Settings, order)
	if err != nil {
		return 0, err
	}
	return doc.Payable(), checkBuyer(deposits, doc.Buyer)
}

func (l *Ledger) today() invoice.Date { return invoice.DateOf(l.Now(), l.Zone) }

// dayOf returns the day of a payment. It is never in the future, even if another clock is ahead.
func (l *Ledger) dayOf(at time.Time) invoice.Date { return min(invoice.DateOf(at, l.Zone), l.today()) }

// issue records a new invoice.
func (l *Ledger) issue(ctx context.Context, tx pgx.Tx, e enrol.Enrolment, order invoice.Order, r Record) (Record, error) {
	paid, err := l.settlement(ctx, tx, e, order.PaymentReference)
	if err != nil {
		return Record{}, err
	}
	number, today, err := l.number(ctx, tx, e, seriesInvoice)
	if err != nil {
		return Record{}, err
	}
	// If it was fully paid before it was issued, and not too long ago, the document says so (BT-23 B2, S2, M2).
	prepaid := order
	if paid != nil && order.PaidOn == "" && l.dayOf(paid.at) >= today.Add(-invoice.MaxPaidDays) {
		prepaid.PaidOn, prepaid.Method = l.dayOf(paid.at), invoice.MethodBank
	}
	doc, err := invoice.New(number, today, e.Settings, prepaid)
	if err == nil && paid != nil && paid.amount < doc.Payable() {
		doc, err = invoice.New(number, today, e.Settings, order)
	}
	if err != nil {
		return Record{}, err
	}
	now := l.instant()
	r = Record{
		ID: r.ID, MerchantID: e.MerchantID, Livemode: e.Livemode, Number: number, Type: doc.Type, Status: StatusPending, Audience: doc.Audience,
		Reference: order.Reference, PaymentReference: order.PaymentReference, Issued: doc.Issued, Due: doc.Due, Total: doc.Payable(),
		Document: doc, Seqino: SeqinoSubmitting, CreatedAt: now, UpdatedAt: now,
	}
	if !e.Ready() {
		r.Status, r.Seqino = StatusDraft, SeqinoMandatePending
	}
	if paid != nil || order.PaidOn != "" { // with EU Pay, or at the counter
		day, err := sale.DayOf(ctx, tx, e, order.PaymentReference)
		if err == nil && day != "" {
			err = sale.LockPeriods(ctx, tx, e, day)
		}
		if err != nil {
			return Record{}, err
		}
		// It takes the place of a sale that was reported already: on the day of that, so the turnover of a month stays what it was.
		if paid == nil || r.Total <= paid.amount {
			r.soldOn = day
		}
	}
	if err := l.record(ctx, tx, e, &r, nil, change{what: "created"}); err != nil {
		return Record{}, err
	}
	if r.Total == 0 { // deposits have paid for everything
		err = l.settled(ctx, tx, &r)
	} else {
		err = l.paidBefore(ctx, tx, e, &r, order, paid)
	}
	if err != nil {
		return Record{}, err
	}
	return r, l.restateSales(ctx, tx, e, r.ID)
}

// settled records that nothing is owed for a new invoice.
func (l *Ledger) settled(ctx context.Context, tx pgx.Tx, r *Record) error {
	before := r.Status
	r.Status = StatusPaid
	return save(ctx, tx, r, before, l.instant(), change{what: "paid"})
}

// record records a new document with its transmission, unless it is never sent, and its sales. original is the document that it
// corrects.
func (l *Ledger) record(ctx context.Context, tx pgx.Tx, e enrol.Enrolment, r *Record, original *Record, c change) error {
	b := &pgx.Batch{} // one round trip, because the counter is locked
	if err := queueInsert(ctx, b, r, c); err != nil {
		return err
	}
	if r.Seqino != SeqinoNone {
		hold := submitTimeout // the caller tries first
		t := transmit.Transmission{ID: newID(), Kind: transmit.Document, Subject: r.ID, MerchantID: r.MerchantID, Livemode: r.Livemode}
		transmit.Queue(b, t, r.CreatedAt, hold)
	}
	if err := queueSales(b, r, original); err != nil {
		return err
	}
	if err := tx.SendBatch(ctx, b).Close(); err != nil {
		return fmt.Errorf("record %s: %w", r.Number, err)
	}
	return l.markSalesChanged(ctx, tx, e, r)
}

// paidBefore records a payment that was received before the invoice was issued.
func (l *Ledger) paidBefore(ctx context.Context, tx pgx.Tx, e enrol.Enrolment, r *Record, order invoice.Order, s *settlement) error {
	p := receipt{id: newID(), amount: r.Total, on: order.PaidOn, method: order.Method, reference: order.PaymentReference}
	switch {
	case order.PaidOn != "": // the merchant's statement
	case s != nil:
		p.amount, p.on, p.method = min(s.amount, r.Total), l.dayOf(s.at), invoice.MethodBank
	default:
		return nil
	}
	_, err := l.receive(ctx, tx, e, r, p)
	return err
}

// number takes the next number of a series, and its day. The counter's row stays locked until the end of the transaction: an
// aborted transaction uses no number, and days are in the same order as numbers.
func (l *Ledger) number(ctx context.Context, tx pgx.Tx, e enrol.Enrolment, series string) (string, invoice.Date, error) {
	year := l.today().Year()
	n, err := count(ctx, tx, e, series, year)
	if err != nil {
		return "", "", err
	}
	today := l.today()
	if today.Year() != year { // the year changed while another transaction held the counter: the number is not used
		return "", "", errs.New(errs.Unavailable, "The year has just changed. Send the request again.")
	}
	return invoice.Number(series, year, e.Code, n), today, nil
}
