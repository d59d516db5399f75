package ledger

import (
	"context"
	"errors"
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
	"european-pay.eu/eupay/services/einvoice/internal/transmit"
)

// The series of numbers.
const (
	seriesInvoice = "INV"
	seriesCredit  = "CN"
)

// Created is the answer to Create.
type Created struct {
	Record
	// Replayed: it existed before.
	Replayed bool
	Mandate  platform.MandateStatus
}

// Create issues an invoice: a number, the document, and everything that follows from it, at once or not at all. Then it is
// submitted if the mandate allows it. The same reference within 24 hours, or the same idempotency key, returns the
// invoice of the first time; the same reference with another total is IDEMPOTENCY_CONFLICT.
func (l *Ledger) Create(ctx context.Context, who Who, order invoice.Order, idem Idempotency) (Created, error) {
	e, err := enrol.Read(ctx, l.Pool, who.MerchantID, who.Livemode)
	if err != nil {
		return Created{}, err
	}
	order.Reference, order.PaymentReference = strings.TrimSpace(order.Reference), strings.TrimSpace(order.PaymentReference)
	idem.Reference = order.Reference
	out := Created{Mandate: e.Status()}
	// Nothing is locked for an order that cannot be issued. One that could be before midnight was perhaps.
	total, err := l.check(e, order)
	if err != nil {
		return l.earlier(ctx, who, idem, out, err)
	}
	err = l.inTurn(ctx, who, func(tx pgx.Tx) error {
		id := newID()
		holder, err := claimFirst(ctx, tx, who, idem, id, l.instant())
		if err != nil {
			return err
		}
		if holder != id {
			out.Replayed = true
			if out.Record, err = one(ctx, tx, `where i.id = $1`, holder); err != nil {
				return err
			}
			return sameTotal(out.Record, order, total)
		}
		out.Record, err = l.issue(ctx, tx, e, order, Record{ID: id})
		return err
	})
	if err != nil {
		return Created{}, err
	}
	if !out.Replayed && e.Ready() {
		l.submitNow(ctx, out.ID, out.Livemode)
		if out.Record, err = one(ctx, l.Pool, `where i.id = $1`, out.ID); err != nil {
			return Created{}, err
		}
	}
	return out, nil
}

// earlier returns what the same request made, or else problem: an order may have become unfit since.
func (l *Ledger) earlier(ctx context.Context, who Who, idem Idempotency, out Created, problem error) (Created, error) {
	holder, err := holderOf(ctx, l.Pool, who, idem, l.instant())
	if err != nil || holder == uuid.Nil {
		return Created{}, problem
	}
	out.Replayed = true
	out.Record, err = one(ctx, l.Pool, `where i.id = $1`, holder)
	return out, err
}

// sameTotal refuses an order whose reference stands for an invoice of another total: it would be answered as if it were
// issued.
func sameTotal(known Record, order invoice.Order, total money.Cents) error {
	if order.Reference == "" || known.Reference != order.Reference || known.Total == total {
		return nil
	}
	return errs.New(errs.IdempotencyConflict, "This reference stands for invoice %s of %s EUR. Send a new reference for another invoice.", known.Number, known.Total)
}

// check refuses an order as issue would, with a number that is never used, and returns its total.
func (l *Ledger) check(e enrol.Enrolment, order invoice.Order) (money.Cents, error) {
	today := l.today()
	doc, err := invoice.New(invoice.Number(seriesInvoice, today.Year(), e.Code, 1), today, e.Settings, order)
	if err != nil {
		return 0, err
	}
	return doc.Totals.Gross, nil
}

func (l *Ledger) today() invoice.Date { return invoice.DateOf(l.Now(), l.Zone) }

// dayOf is the day of a payment. Another's clock may be ahead of ours: no payment is of a day to come.
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
	// Paid before it was issued: the document says so (BT-23 B2, S2, M2), if all of it was, and not too long ago for a document.
	prepaid := order
	if paid != nil && order.PaidOn == "" && l.dayOf(paid.at) >= today.Add(-invoice.MaxPaidDays) {
		prepaid.PaidOn, prepaid.Method = l.dayOf(paid.at), invoice.MethodBank
	}
	doc, err := invoice.New(number, today, e.Settings, prepaid)
	if err == nil && paid != nil && paid.amount < doc.Totals.Gross {
		doc, err = invoice.New(number, today, e.Settings, order)
	}
	if err != nil {
		return Record{}, err
	}
	now := l.instant()
	r = Record{
		ID: r.ID, MerchantID: e.MerchantID, Livemode: e.Livemode, Number: number, Type: doc.Type, Status: StatusPending, Audience: doc.Audience,
		Reference: order.Reference, PaymentReference: order.PaymentReference, Issued: doc.Issued, Due: doc.Due, Total: doc.Totals.Gross,
		Document: doc, Seqino: SeqinoSubmitting, CreatedAt: now, UpdatedAt: now,
	}
	if !e.Ready() {
		r.Status, r.Seqino = StatusDraft, SeqinoMandatePending
	}
	if err := l.record(ctx, tx, e, &r, nil, change{what: "created"}); err != nil {
		return Record{}, err
	}
	return r, l.paidBefore(ctx, tx, e, &r, order, paid)
}

// record writes a new document with what follows from it: its transmission and its sales. original is what it corrects.
func (l *Ledger) record(ctx context.Context, tx pgx.Tx, e enrol.Enrolment, r *Record, original *Record, c change) error {
	b := &pgx.Batch{} // one round trip: the counter is locked meanwhile
	if err := queueInsert(b, r, c); err != nil {
		return err
	}
	hold := submitPatience // its caller tries first
	t := transmit.Transmission{ID: newID(), Kind: transmit.Document, Subject: r.ID, MerchantID: r.MerchantID, Livemode: r.Livemode}
	transmit.Queue(b, t, r.CreatedAt, hold)
	if err := queueSales(b, r, original); err != nil {
		return err
	}
	if err := tx.SendBatch(ctx, b).Close(); err != nil {
		return fmt.Errorf("record %s: %w", r.Number, err)
	}
	return l.touchSales(ctx, tx, e, r)
}

// paidBefore records what was paid before the invoice was.
func (l *Ledger) paidBefore(ctx context.Context, tx pgx.Tx, e enrol.Enrolment, r *Record, order invoice.Order, s *settlement) error {
	p := receipt{id: newID(), amount: r.Total, on: order.PaidOn, method: order.Method, reference: order.PaymentReference}
	switch {
	case order.PaidOn != "": // the merchant's word counts
	case s != nil:
		p.amount, p.on, p.method = min(s.amount, r.Total), l.dayOf(s.at), invoice.MethodBank
	default:
		return nil
	}
	_, err := l.receive(ctx, tx, e, r, p)
	return err
}

// number takes the next number of a series, and the day that goes with it. The counter's row stays locked until the
// transaction ends: a number that is not used is not taken, and days follow each other as numbers do.
func (l *Ledger) number(ctx context.Context, tx pgx.Tx, e enrol.Enrolment, series string) (string, invoice.Date, error) {
	year := l.today().Year()
	var n int64
	err := tx.QueryRow(ctx, `insert into counters (merchant_id, livemode, series, year, last) values ($1, $2, $3, $4, 1)
		on conflict (merchant_id, livemode, series, year) do update set last = counters.last + 1 returning last`,
		e.MerchantID, e.Livemode, series, year).Scan(&n)
	if err != nil {
		return "", "", fmt.Errorf("take a number: %w", err)
	}
	today := l.today()
	if today.Year() != year { // midnight of New Year's Eve passed while another had the counter: the number is not taken
		return "", "", errs.New(errs.Unavailable, "The year has just changed. Send the request again.")
	}
	return invoice.Number(series, year, e.Code, n), today, nil
}

// settlement is a completed EU Pay payment.
type settlement struct {
	amount money.Cents
	at     time.Time
}

// A payment that paid another invoice of the merchant is used. (The index has no empty references.)
const settlementSQL = `select amount_cents, completed_at from settlements where payment_reference = $1 and merchant_id = $2 and livemode = $3
	and not exists (select 1 from invoice_payments p where p.payment_reference = $1 and p.payment_reference <> ''
		and p.merchant_id = $2 and p.livemode = $3)`

// settlement finds the payment that pays an invoice, if it is completed already. It locks the reference, as the consumer of
// payments does: one of both sees the other's row.
func (l *Ledger) settlement(ctx context.Context, tx pgx.Tx, e enrol.Enrolment, reference string) (*settlement, error) {
	if reference == "" {
		return nil, nil
	}
	if err := lockReference(ctx, tx, reference); err != nil {
		return nil, err
	}
	var s settlement
	err := tx.QueryRow(ctx, settlementSQL, reference, e.MerchantID, e.Livemode).Scan(&s.amount, &s.at)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read settlement: %w", err)
	}
	return &s, nil
}

func lockReference(ctx context.Context, tx pgx.Tx, reference string) error {
	if _, err := tx.Exec(ctx, `select pg_advisory_xact_lock(hashtextextended('payment ' || $1, 0))`, reference); err != nil {
		return fmt.Errorf("lock payment %s: %w", reference, err)
	}
	return nil
}
