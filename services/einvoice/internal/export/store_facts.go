package export

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/services/einvoice/internal/invoice"
)

// document is an invoice or what corrects one, on the day on which it changed the books.
type document struct {
	id   uuid.UUID
	at   time.Time
	day  string
	seen invoice.Date
	// withdrawn: an invoice that never took effect is taken back on that day, without a document.
	withdrawn                                   bool
	number, corrects, status, reason, reference string
	payment                                     string
	kind                                        invoice.TypeCode
	total, paid, credited                       money.Cents
	content                                     invoice.Document
	// original is what a corrected invoice replaces.
	original *invoice.Document
	due      string
	// afterFinal: it credits a deposit that a final invoice had deducted before.
	afterFinal bool
}

const documentColumns = `i.id, i.number, coalesce(o.number, ''), i.status, i.reason, i.reference, i.payment_reference, i.type_code, i.total_cents, i.paid_cents,
	i.credited_cents, i.document, case when i.type_code = '384' then o.document end, i.issued_on::text, i.due_on::text, i.after_final`

// documentsSQL reads documents by the day of their issue; invoices_issued has the days.
const documentsSQL = `select i.created_at, i.issued_on::text, ` + documentColumns + ` from invoices i left join invoices o on o.id = i.corrects
	where i.merchant_id = $1 and i.livemode = $2 and i.issued_on between $3 and $4 and i.created_at < $5
	and (i.issued_on, i.created_at, i.id) > ($6, $7, $8) order by i.issued_on, i.created_at, i.id limit $9`

// withdrawnSQL reads the invoices that were cancelled without a document, by the day of that in the zone.
const withdrawnSQL = `select h.occurred_at, (h.occurred_at at time zone $9)::date::text, ` + documentColumns + ` from invoices i
	left join invoices o on o.id = i.corrects join invoice_history h on h.invoice_id = i.id and h.what = 'cancelled'
	where i.merchant_id = $1 and i.livemode = $2 and i.status = 'cancelled' and i.type_code in ('380', '386') and h.occurred_at >= $3 and h.occurred_at < $4
	and not exists (select from invoices c where c.corrects = i.id and c.type_code = '384')
	and (h.occurred_at, i.id) > ($5, $6) and i.created_at < $8 order by h.occurred_at, i.id limit $7`

// factPage is how many facts are read at once: an invoice may have a thousand lines.
const factPage = 200

func scanDocument(row pgx.CollectableRow) (d document, err error) {
	var content, original []byte
	err = row.Scan(&d.at, &d.day, &d.id, &d.number, &d.corrects, &d.status, &d.reason, &d.reference, &d.payment, &d.kind, &d.total, &d.paid, &d.credited, &content,
		&original, &d.seen, &d.due, &d.afterFinal)
	if err != nil {
		return d, err
	}
	err = json.Unmarshal(content, &d.content)
	if original != nil {
		d.original = new(invoice.Document)
		err = errors.Join(err, json.Unmarshal(original, d.original))
	}
	return d, err
}

// paged reads pages of a query until one is not full. after are its arguments for what follows the last fact; the zero fact is before the first.
func paged[T any](ctx context.Context, e *Exports, x Export, sql string, after func(last T) []any, scan pgx.RowToFunc[T]) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var last T
		for {
			all, err := readPage(ctx, e, x, sql, after(last), scan)
			if err != nil {
				yield(last, err)
				return
			}
			for _, last = range all {
				if !yield(last, nil) {
					return
				}
			}
			if len(all) < factPage {
				return
			}
		}
	}
}

func readPage[T any](ctx context.Context, e *Exports, x Export, sql string, args []any, scan pgx.RowToFunc[T]) ([]T, error) {
	if err := e.renew(ctx, x); err != nil {
		return nil, err
	}
	found, err := e.Pool.Query(ctx, sql, args...)
	if err != nil {
		return nil, fmt.Errorf("read the books: %w", err)
	}
	all, err := pgx.CollectRows(found, scan)
	if err != nil {
		return nil, fmt.Errorf("read the books: %w", err)
	}
	return all, nil
}

// documents are what was issued in the period and what was withdrawn in it, by day.
func (e *Exports) documents(ctx context.Context, x Export) iter.Seq2[document, error] {
	issued := paged(ctx, e, x, documentsSQL, func(last document) []any {
		day := last.day
		if day == "" {
			day = string(x.From.Add(-1))
		}
		return []any{x.MerchantID, x.Livemode, string(x.From), string(x.To), x.CreatedAt, day, last.at, last.id, factPage}
	}, scanDocument)
	from, to := e.period(x)
	withdrawn := paged(ctx, e, x, withdrawnSQL, func(last document) []any {
		return []any{x.MerchantID, x.Livemode, from, to, last.at, last.id, factPage, x.CreatedAt, e.Zone.String()}
	}, func(row pgx.CollectableRow) (document, error) {
		d, err := scanDocument(row)
		d.withdrawn = true
		return d, err
	})
	return merge(func(d document) string { return d.day }, issued, withdrawn)
}

// revenues is what a document changes in the books.
func (d document) revenues() ([]invoice.Revenue, error) {
	if d.withdrawn {
		return invoice.Withdrawn(d.content), nil
	}
	return invoice.Revenues(d.content, d.original)
}

// receipt is money that was received for an invoice, as the invoice's books have it.
type receipt struct {
	id  uuid.UUID
	at  time.Time
	day string
	// payment is the EU Pay payment that brought it; empty if the merchant recorded it.
	payment, method string
	amount          money.Cents
	invoice         string
	issued          string
	customer, siren string
	// completed is when the payment was; the zero time for none.
	completed time.Time
}

const receiptColumns = `p.id, p.created_at, p.payment_reference, p.method, p.amount_cents, i.number, i.issued_on::text, i.customer_name,
	coalesce(i.document #>> '{buyer,siren}', ''), coalesce(s.completed_at, 'epoch'), p.paid_on::text
	from invoice_payments p join invoices i on i.id = p.invoice_id left join settlements s on s.payment_reference = p.payment_reference
		and s.merchant_id = p.merchant_id and s.livemode = p.livemode
	where p.merchant_id = $1 and p.livemode = $2 and p.created_at < $3`

// The orders are those of the indexes invoice_payments_day and invoice_payments_recorded.
const (
	recordedSQL = `select ` + receiptColumns + ` and p.payment_reference = '' and p.paid_on between $4 and $5
		and (p.paid_on, p.id) > ($6, $7) order by p.paid_on, p.id limit $8`
	allottedSQL = `select ` + receiptColumns + ` and p.payment_reference <> '' and p.created_at >= $4
		and (p.created_at, p.id) > ($5, $6) order by p.created_at, p.id limit $7`
	ofPaymentsSQL = `select ` + receiptColumns + ` and p.payment_reference = any($4) and p.payment_reference <> '' order by p.created_at, p.id`
)

func scanReceipt(row pgx.CollectableRow) (r receipt, err error) {
	err = row.Scan(&r.id, &r.at, &r.payment, &r.method, &r.amount, &r.invoice, &r.issued, &r.customer, &r.siren, &r.completed, &r.day)
	return r, err
}

// recorded are the receipts that the merchant recorded itself, by the day that it gave.
func (e *Exports) recorded(ctx context.Context, x Export) iter.Seq2[receipt, error] {
	return paged(ctx, e, x, recordedSQL, func(last receipt) []any {
		day := last.day
		if day == "" {
			day = string(x.From.Add(-1))
		}
		return []any{x.MerchantID, x.Livemode, x.CreatedAt, string(x.From), string(x.To), day, last.id, factPage}
	}, scanReceipt)
}

// allotted are the payments that were set against an invoice on a later day than that of their completion, by the former day.
func (e *Exports) allotted(ctx context.Context, x Export) iter.Seq2[receipt, error] {
	from, to := e.period(x)
	all := paged(ctx, e, x, allottedSQL, func(last receipt) []any {
		return []any{x.MerchantID, x.Livemode, to, from, last.at, last.id, factPage}
	}, scanReceipt)
	return mapped(all, func(r receipt) (receipt, bool, error) {
		r.day = string(e.day(r.at))
		return r, e.day(r.completed) < invoice.Date(r.day), nil
	})
}

// ofPayments returns what was set against invoices of some payments, by payment.
func (e *Exports) ofPayments(ctx context.Context, x Export, references []string) (map[string][]receipt, error) {
	all, err := readPage(ctx, e, x, ofPaymentsSQL, []any{x.MerchantID, x.Livemode, x.CreatedAt, references}, scanReceipt)
	if err != nil {
		return nil, err
	}
	by := map[string][]receipt{}
	for _, r := range all {
		r.day = string(e.day(r.at))
		by[r.payment] = append(by[r.payment], r)
	}
	return by, nil
}
