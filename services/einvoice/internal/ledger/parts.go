package ledger

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/pg"
	"european-pay.eu/eupay/services/einvoice/internal/enrol"
	"european-pay.eu/eupay/services/einvoice/internal/invoice"
)

// split spreads a payment over what is still owed at each nature and rate, so that all payments and credit notes together are
// exactly the invoice.
func split(ctx context.Context, tx pgx.Tx, r *Record, amount money.Cents) ([]invoice.Part, error) {
	done, err := received(ctx, tx, r.ID)
	if err != nil {
		return nil, err
	}
	gone, err := credited(ctx, tx, r)
	if err != nil {
		return nil, err
	}
	return invoice.Split(r.Document, amount, append(done, gone...))
}

// splitBack spreads what is given back, once its credit note is recorded, over what was received beyond what the invoice still is: no
// nature and rate gives back what it did not get, and an invoice that is credited in full keeps nothing of any.
func splitBack(ctx context.Context, tx pgx.Tx, r *Record, back money.Cents) ([]invoice.Part, error) {
	got, err := received(ctx, tx, r.ID)
	if err != nil {
		return nil, err
	}
	gone, err := credited(ctx, tx, r)
	if err != nil {
		return nil, err
	}
	whole, err := invoice.Split(r.Document, r.Total, nil)
	if err != nil {
		return nil, err
	}
	// Split takes what is open of the whole. That is to be got + gone - whole, so the rest counts as done already.
	already := append(negative(append(got, gone...)), append(whole, whole...)...)
	parts, err := invoice.Split(r.Document, back, already)
	return negative(parts), err
}

func negative(parts []invoice.Part) []invoice.Part {
	for i := range parts {
		parts[i].Amount = -parts[i].Amount
	}
	return parts
}

// received is what came in for an invoice, less what was given back.
func received(ctx context.Context, tx pgx.Tx, invoiceID uuid.UUID) ([]invoice.Part, error) {
	rows, err := tx.Query(ctx, `select nature, rate, sum(amount_cents)::bigint from receipt_parts where invoice_id = $1 group by nature, rate`, invoiceID)
	if err != nil {
		return nil, fmt.Errorf("read what was received: %w", err)
	}
	parts, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (p invoice.Part, err error) {
		err = row.Scan(&p.Nature, &p.Rate, &p.Amount)
		return p, err
	})
	if err != nil {
		return nil, fmt.Errorf("read what was received: %w", err)
	}
	return parts, nil
}

// credited is what the documents that correct an invoice took off it.
func credited(ctx context.Context, db pg.DB, r *Record) ([]invoice.Part, error) {
	by, err := all(ctx, db, `where i.corrects = $1`, r.ID)
	if err != nil {
		return nil, err
	}
	var parts []invoice.Part
	for i := range by {
		of := by[i].Document
		if by[i].Type == invoice.TypeCorrected {
			of = r.Document // the 384 itself is empty: it takes the whole
		}
		more, err := invoice.Split(of, by[i].Credit, nil)
		if err != nil {
			return nil, err
		}
		parts = append(parts, more...)
	}
	return parts, nil
}

// recordParts writes the parts of a receipt, or, below zero, of what was given back, and says whether any has to be reported.
func recordParts(
	ctx context.Context, tx pgx.Tx, e enrol.Enrolment, r *Record, source uuid.UUID, on invoice.Date, parts []invoice.Part,
) (reportable bool, err error) {
	for _, p := range parts {
		// VAT on services is due with the payment, unless the merchant chose otherwise (article 290 A CGI).
		report := p.Nature == invoice.Services && !e.Settings.VATOnDebits
		reportable = reportable || report
		_, err := tx.Exec(ctx, `insert into receipt_parts (source, merchant_id, livemode, invoice_id, audience, received_on, nature, rate, amount_cents, reportable)
			values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
			source, r.MerchantID, r.Livemode, r.ID, string(r.Audience), string(on), string(p.Nature), int64(p.Rate), int64(p.Amount), report)
		if err != nil {
			return false, fmt.Errorf("record what was received: %w", err)
		}
	}
	return reportable, nil
}
