package ledger

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/reference"
	"european-pay.eu/eupay/internal/vat"
	"european-pay.eu/eupay/services/einvoice/internal/enrol"
	"european-pay.eu/eupay/services/einvoice/internal/invoice"
	"european-pay.eu/eupay/services/einvoice/internal/platform"
)

// insertPayment records a payment of an invoice.
func insertPayment(ctx context.Context, tx pgx.Tx, r *Record, p receipt, now time.Time) error {
	_, err := tx.Exec(ctx, `insert into invoice_payments (id, invoice_id, merchant_id, livemode, amount_cents, paid_on, method, payment_reference, created_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		p.id, r.ID, r.MerchantID, r.Livemode, int64(p.amount), string(p.on), string(p.method), p.reference, now)
	if err != nil {
		return fmt.Errorf("record payment of %s: %w", r.Number, err)
	}
	return nil
}

// solePayment returns the EU Pay payment that paid an invoice. INVALID_STATE: it was paid in another way, or in several.
func solePayment(ctx context.Context, tx pgx.Tx, r *Record) (string, error) {
	rows, err := tx.Query(ctx, `select distinct payment_reference from invoice_payments where invoice_id = $1 limit 2`, r.ID)
	if err != nil {
		return "", fmt.Errorf("read the payments of %s: %w", r.Number, err)
	}
	paid, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return "", fmt.Errorf("read the payments of %s: %w", r.Number, err)
	}
	if len(paid) != 1 || !reference.Valid(paid[0]) {
		return "", errs.New(errs.InvalidState,
			"Invoice %s was not paid by one EU Pay payment alone. Issue the credit note without refund, and give the money back as it came.", r.Number)
	}
	return paid[0], nil
}

// collected returns the invoice and the day of a payment, or of the credit note that gave money back.
func (l *Ledger) collected(ctx context.Context, id uuid.UUID) (invoiceID uuid.UUID, on invoice.Date, err error) {
	err = l.Pool.QueryRow(ctx, `select invoice_id, paid_on::text from invoice_payments where id = $1
		union all select corrects, issued_on::text from invoices where id = $1 and corrects is not null`, id).Scan(&invoiceID, &on)
	if err != nil {
		return uuid.Nil, "", fmt.Errorf("read what was collected: %w", err)
	}
	return invoiceID, on, nil
}

// told is what became of the other collections of an invoice: what the platform has by rate, whether one is still on its way, and
// whether one was refused for good.
type told struct {
	accepted         map[vat.Rate]money.Cents
	waiting, refused bool
}

const toldSQL = `select t.state, p.rate, sum(p.amount_cents)::bigint from receipt_parts p
	join transmissions t on t.kind = 'collection' and t.subject = p.source
	where p.invoice_id = $1 and p.reportable and p.source <> $2
		and (t.created_at, t.id) < (select created_at, id from transmissions where kind = 'collection' and subject = $2)
	group by t.state, p.rate`

// toldBefore returns what became of the collections of an invoice that were recorded before the one of source.
func (l *Ledger) toldBefore(ctx context.Context, invoiceID, source uuid.UUID) (told, error) {
	rows, err := l.Pool.Query(ctx, toldSQL, invoiceID, source) //nolint:rowserrcheck // ForEachRow checks it
	if err != nil {
		return told{}, fmt.Errorf("read earlier collections: %w", err)
	}
	out := told{accepted: map[vat.Rate]money.Cents{}}
	var state string
	var part platform.RateAmount
	_, err = pgx.ForEachRow(rows, []any{&state, &part.VATPerMill, &part.Amount}, func() error {
		switch state {
		case "sent":
			out.accepted[part.VATPerMill] += part.Amount
		case "waiting":
			out.waiting = true
		case "stopped":
			out.refused = true
		}
		return nil
	})
	if err != nil {
		return told{}, fmt.Errorf("read earlier collections: %w", err)
	}
	return out, nil
}

// reportsForPayment returns the same for a payment that was recorded earlier.
func (l *Ledger) reportsForPayment(ctx context.Context, tx pgx.Tx, e enrol.Enrolment, r *Record, payment uuid.UUID) ([]ReportDue, error) {
	var on invoice.Date
	var reportable bool
	err := tx.QueryRow(ctx, `select paid_on::text, exists (select from receipt_parts where source = p.id and reportable)
		from invoice_payments p where id = $1`, payment).Scan(&on, &reportable)
	if err != nil {
		return nil, fmt.Errorf("read payment of %s: %w", r.Number, err)
	}
	return reportsFor(e, r, on, reportable), nil
}

// received returns the amounts received for an invoice, less refunds.
func received(ctx context.Context, tx pgx.Tx, invoiceID uuid.UUID) ([]invoice.Part, error) {
	rows, err := tx.Query(ctx, `select nature, rate, sum(amount_cents)::bigint from receipt_parts where invoice_id = $1 group by nature, rate`, invoiceID)
	if err != nil {
		return nil, fmt.Errorf("read received amounts: %w", err)
	}
	parts, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (p invoice.Part, err error) {
		err = row.Scan(&p.Nature, &p.VATPerMill, &p.Amount)
		return p, err
	})
	if err != nil {
		return nil, fmt.Errorf("read received amounts: %w", err)
	}
	return parts, nil
}

// recordParts records the parts of a receipt or, negatively, of a refund, and reports whether any must be reported.
func recordParts(ctx context.Context, tx pgx.Tx, r *Record, source uuid.UUID, on invoice.Date, parts []invoice.Part) (reportable bool, err error) {
	for _, p := range parts {
		// VAT on services is due with the payment, unless the merchant chose otherwise or the buyer declares it (article 290 A CGI); on deposits
		// for goods it always is. What the invoice says counts, because its VAT was due accordingly, whatever the merchant has chosen since.
		due := p.Nature == invoice.Services && !r.Document.OnDebits() || p.Nature == invoice.Goods && r.Type == invoice.TypeDeposit
		report := due && !r.Document.DueByBuyer(p.Nature, p.VATPerMill)
		reportable = reportable || report
		_, err := tx.Exec(ctx, `insert into receipt_parts (source, merchant_id, livemode, invoice_id, audience, received_on, nature, rate, amount_cents, reportable)
			values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
			source, r.MerchantID, r.Livemode, r.ID, string(r.Audience), string(on), string(p.Nature), int64(p.VATPerMill), int64(p.Amount), report)
		if err != nil {
			return false, fmt.Errorf("record received amounts: %w", err)
		}
	}
	return reportable, nil
}

func (l *Ledger) reportable(ctx context.Context, source uuid.UUID) ([]platform.RateAmount, error) {
	rows, err := l.Pool.Query(ctx, `select rate, sum(amount_cents)::bigint from receipt_parts where source = $1 and reportable group by rate order by rate desc`, source)
	if err != nil {
		return nil, fmt.Errorf("read parts of payment: %w", err)
	}
	parts, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (p platform.RateAmount, err error) {
		err = row.Scan(&p.VATPerMill, &p.Amount)
		return p, err
	})
	if err != nil {
		return nil, fmt.Errorf("read parts of payment: %w", err)
	}
	return parts, nil
}
