package sale

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/run/pg"
	"european-pay.eu/eupay/internal/vat"
	"european-pay.eu/eupay/services/einvoice/internal/enrol"
	"european-pay.eu/eupay/services/einvoice/internal/invoice"
)

// Lock locks references of payments until the end of the transaction, in one order for everybody. The events of a payment and the invoices for it
// are recorded under it, so that one of two sees the other's rows.
func Lock(ctx context.Context, tx pgx.Tx, references ...string) error {
	_, err := tx.Exec(ctx, `select pg_advisory_xact_lock(hashtextextended('payment ' || r, 0))
		from (select distinct unnest($1::text[]) r order by 1) refs`, references)
	if err != nil {
		return fmt.Errorf("lock payments: %w", err)
	}
	return nil
}

const factsSQL = `select s.sold_on::text, s.amount_cents, s.nature, s.rate, s.untaxed, s.on_debits, coalesce(o.parts, '[]')
	from consumer_sales s left join order_splits o on o.order_id = s.order_id and o.merchant_id = s.merchant_id and o.livemode = s.livemode
	where s.payment_reference = $1 and s.merchant_id = $2 and s.livemode = $3`

// readFacts reads all that is known of a payment, and whether it is a sale at all.
func readFacts(ctx context.Context, db pg.DB, e enrol.Enrolment, reference string) (f facts, is bool, err error) {
	f.reference = reference
	var nature *invoice.Nature
	var rate *vat.Rate
	var order []byte
	err = db.QueryRow(ctx, factsSQL, reference, e.MerchantID, e.Livemode).Scan(&f.on, &f.amount, &nature, &rate, &f.untaxed, &f.onDebits, &order)
	if errors.Is(err, pgx.ErrNoRows) {
		return facts{}, false, nil
	}
	if err != nil {
		return facts{}, false, fmt.Errorf("read the sale %s: %w", reference, err)
	}
	if err := json.Unmarshal(order, &f.order); err != nil {
		return facts{}, false, fmt.Errorf("split of the order of %s: %w", reference, err)
	}
	if rate != nil {
		f.setting = &Part{Nature: *nature, VATPerMill: *rate}
	}
	if f.refunds, err = readRefunds(ctx, db, e, reference); err != nil {
		return facts{}, false, err
	}
	f.invoiced, f.credited, err = readInvoiced(ctx, db, e, reference)
	return f, err == nil, err
}

func readRefunds(ctx context.Context, db pg.DB, e enrol.Enrolment, reference string) ([]refund, error) {
	rows, err := db.Query(ctx, `select r.refund_reference, r.refunded_on::text, r.amount_cents, coalesce(s.parts, '[]') from consumer_refunds r
		left join refund_splits s on s.refund_reference = r.refund_reference and s.merchant_id = r.merchant_id and s.livemode = r.livemode
		where r.payment_reference = $1 and r.merchant_id = $2 and r.livemode = $3 order by r.seq`, reference, e.MerchantID, e.Livemode)
	if err != nil {
		return nil, fmt.Errorf("read refunds of %s: %w", reference, err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (r refund, err error) {
		err = row.Scan(&r.reference, &r.on, &r.amount, &r.parts)
		return r, err
	})
	if err != nil {
		return nil, fmt.Errorf("read refunds of %s: %w", reference, err)
	}
	return list, nil
}

// invoicedSQL reads the invoices that a payment has paid, with its amount, and those that name it and were not paid with it, with what they are
// still worth. What was given back is what the credit notes of an invoice take off what it received.
const invoicedSQL = `with paid as (
		select invoice_id, sum(amount_cents)::bigint as amount from invoice_payments
		where payment_reference = $1 and payment_reference <> '' and merchant_id = $2 and livemode = $3 group by invoice_id)
	select i.document, p.amount, greatest(0, least(p.amount, i.paid_cents - (i.total_cents - i.credited_cents)))
		from paid p join invoices i on i.id = p.invoice_id
	union all
	select i.document, i.total_cents - i.credited_cents, 0::bigint from invoices i
		where i.payment_reference = $1 and i.payment_reference <> '' and i.merchant_id = $2 and i.livemode = $3 and i.type_code = '380'
		and i.credited_cents < i.total_cents and not exists (select from paid p where p.invoice_id = i.id)`

// readInvoiced returns the parts of a payment that invoices report, and what credit notes gave back of them.
func readInvoiced(ctx context.Context, db pg.DB, e enrol.Enrolment, reference string) (parts []Part, credited money.Cents, err error) {
	rows, err := db.Query(ctx, invoicedSQL, reference, e.MerchantID, e.Livemode)
	if err != nil {
		return nil, 0, fmt.Errorf("read invoices of %s: %w", reference, err)
	}
	_, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (struct{}, error) {
		var text []byte
		var amount, back money.Cents
		if err := row.Scan(&text, &amount, &back); err != nil {
			return struct{}{}, err
		}
		var d invoice.Document
		if err := json.Unmarshal(text, &d); err != nil {
			return struct{}{}, err
		}
		split, err := invoice.Split(d, amount, nil)
		for _, p := range split {
			parts = append(parts, Part{Nature: p.Nature, VATPerMill: p.VATPerMill, Amount: p.Amount})
		}
		credited += back
		return struct{}{}, err
	})
	if err != nil {
		return nil, 0, fmt.Errorf("read invoices of %s: %w", reference, err)
	}
	return parts, credited, nil
}

// readEntries returns what is recorded for a payment, sorted.
func readEntries(ctx context.Context, db pg.DB, reference string) ([]entry, error) {
	return collectEntries(ctx, db, `where payment_reference = $1 and payment_reference <> ''`, reference)
}

func collectEntries(ctx context.Context, db pg.DB, where string, args ...any) ([]entry, error) {
	rows, err := db.Query(ctx, `select source, sold_on::text, nature, rate, net_cents, tax_cents, reportable from consumer_parts `+where, args...)
	if err != nil {
		return nil, fmt.Errorf("read what is reported: %w", err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (e entry, err error) {
		err = row.Scan(&e.source, &e.on, &e.nature, &e.rate, &e.net, &e.tax, &e.reportable)
		return e, err
	})
	if err != nil {
		return nil, fmt.Errorf("read what is reported: %w", err)
	}
	sortEntries(list)
	return list, nil
}

func sortEntries(list []entry) {
	slices.SortFunc(list, func(a, b entry) int {
		return cmp.Or(cmp.Compare(a.source, b.source), cmp.Compare(a.nature, b.nature), cmp.Compare(a.rate, b.rate))
	})
}

// replaceEntries records the entries of a payment in place of those before.
func replaceEntries(ctx context.Context, tx pgx.Tx, e enrol.Enrolment, reference string, list []entry) error {
	b := &pgx.Batch{}
	b.Queue(`delete from consumer_parts where payment_reference = $1 and payment_reference <> ''`, reference)
	queueEntries(b, e, reference, list)
	if err := tx.SendBatch(ctx, b).Close(); err != nil {
		return fmt.Errorf("record what is reported of %s: %w", reference, err)
	}
	return nil
}

// queueEntries adds entries to a batch: those of a payment, or without a reference those of a till, which are totals.
func queueEntries(b *pgx.Batch, e enrol.Enrolment, reference string, list []entry) {
	for _, x := range list {
		b.Queue(`insert into consumer_parts (source, payment_reference, merchant_id, livemode, sold_on, category, nature, rate, net_cents, tax_cents,
			reportable, is_total) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`, x.source, reference, e.MerchantID, e.Livemode, string(x.on),
			category(x), string(x.nature), int64(x.rate), int64(x.net), int64(x.tax), x.reportable, reference == "")
	}
}

// setUnknown records whether the VAT of a payment is not known.
func setUnknown(ctx context.Context, tx pgx.Tx, reference string, unknown bool) error {
	_, err := tx.Exec(ctx, `update consumer_sales set unknown = $2 where payment_reference = $1 and unknown <> $2`, reference, unknown)
	if err != nil {
		return fmt.Errorf("record whether the VAT of %s is known: %w", reference, err)
	}
	return nil
}

// insertSale records a payment. It returns false if it is recorded already.
func insertSale(ctx context.Context, tx pgx.Tx, e enrol.Enrolment, f facts, orderID string, now time.Time) (bool, error) {
	var nature, rate any
	if f.setting != nil {
		nature, rate = string(f.setting.Nature), int64(f.setting.VATPerMill)
	}
	tag, err := tx.Exec(ctx, `insert into consumer_sales (payment_reference, merchant_id, livemode, sold_on, amount_cents, order_id, nature, rate, untaxed,
		on_debits, created_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) on conflict do nothing`, f.reference, e.MerchantID, e.Livemode,
		string(f.on), int64(f.amount), orderID, nature, rate, f.untaxed, f.onDebits, now)
	if err != nil {
		return false, fmt.Errorf("record the sale %s: %w", f.reference, err)
	}
	return tag.RowsAffected() == 1, nil
}

func insertRefund(ctx context.Context, tx pgx.Tx, e enrol.Enrolment, of string, r refund, now time.Time) (bool, error) {
	tag, err := tx.Exec(ctx, `insert into consumer_refunds (refund_reference, payment_reference, merchant_id, livemode, amount_cents, refunded_on, created_at)
		values ($1, $2, $3, $4, $5, $6, $7) on conflict do nothing`, r.reference, of, e.MerchantID, e.Livemode, int64(r.amount), string(r.on), now)
	if err != nil {
		return false, fmt.Errorf("record the refund %s: %w", r.reference, err)
	}
	return tag.RowsAffected() == 1, nil
}

// insertOrder records the split of an order. It returns false if it is recorded already.
func insertOrder(ctx context.Context, tx pgx.Tx, e enrol.Enrolment, orderID string, parts []Part, now time.Time) (bool, error) {
	text, err := json.Marshal(parts)
	if err != nil {
		return false, fmt.Errorf("encode the split of an order: %w", err)
	}
	tag, err := tx.Exec(ctx, `insert into order_splits (order_id, merchant_id, livemode, parts, created_at) values ($1, $2, $3, $4, $5) on conflict do nothing`,
		orderID, e.MerchantID, e.Livemode, text, now)
	if err != nil {
		return false, fmt.Errorf("record the split of order %s: %w", orderID, err)
	}
	return tag.RowsAffected() == 1, nil
}

// insertRefundSplit records what a refund gives back. It returns false if it is recorded already.
func insertRefundSplit(ctx context.Context, tx pgx.Tx, e enrol.Enrolment, reference string, parts []Part, now time.Time) (bool, error) {
	tag, err := tx.Exec(ctx, `insert into refund_splits (refund_reference, merchant_id, livemode, parts, created_at) values ($1, $2, $3, $4, $5) on conflict do nothing`,
		reference, e.MerchantID, e.Livemode, parts, now)
	if err != nil {
		return false, fmt.Errorf("record the split of refund %s: %w", reference, err)
	}
	return tag.RowsAffected() == 1, nil
}

// salesOfOrder returns the payments of an order.
func salesOfOrder(ctx context.Context, db pg.DB, e enrol.Enrolment, orderID string) ([]string, error) {
	return texts(ctx, db, `select payment_reference from consumer_sales where order_id = $1 and order_id <> '' and merchant_id = $2 and livemode = $3
		order by payment_reference`, orderID, e.MerchantID, e.Livemode)
}

// salesOfOrders returns the payments of several orders, whose merchants are not checked.
func salesOfOrders(ctx context.Context, db pg.DB, orders []string) ([]string, error) {
	return texts(ctx, db, `select payment_reference from consumer_sales where order_id = any($1) and order_id <> ''`, orders)
}

// LockPeriods locks the periods of a day until the end of the transaction: who changes more than one takes the earlier first, as the consumer of
// payments does.
func LockPeriods(ctx context.Context, tx pgx.Tx, e enrol.Enrolment, day invoice.Date) error {
	_, err := tx.Exec(ctx, `select from report_periods where merchant_id = $1 and livemode = $2 and start_on <= $3 and end_on >= $3
		order by kind desc for no key update`, e.MerchantID, e.Livemode, string(day))
	if err != nil {
		return fmt.Errorf("lock the periods of %s: %w", day, err)
	}
	return nil
}

// PaymentsOf returns the payments that an invoice was made for or paid with: what is reported of them may change with it.
func PaymentsOf(ctx context.Context, db pg.DB, invoiceID uuid.UUID) ([]string, error) {
	return texts(ctx, db, `select payment_reference from invoices where id = $1 and payment_reference <> ''
		union select payment_reference from invoice_payments where invoice_id = $1 and payment_reference <> ''`, invoiceID)
}

// DayOf returns the day of a payment that is reported as a sale; empty if it is not.
func DayOf(ctx context.Context, db pg.DB, e enrol.Enrolment, reference string) (day invoice.Date, err error) {
	err = db.QueryRow(ctx, `select sold_on::text from consumer_sales where payment_reference = $1 and merchant_id = $2 and livemode = $3 and not unknown`,
		reference, e.MerchantID, e.Livemode).Scan(&day)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return "", fmt.Errorf("read the day of %s: %w", reference, err)
	}
	return day, nil
}

func texts(ctx context.Context, db pg.DB, sql string, args ...any) ([]string, error) {
	rows, err := db.Query(ctx, sql, args...)
	if err != nil {
		return nil, fmt.Errorf("read payments: %w", err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, fmt.Errorf("read payments: %w", err)
	}
	return list, nil
}
