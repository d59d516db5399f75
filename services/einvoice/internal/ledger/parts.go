package ledger

import (
	"context"
	"fmt"
	"slices"

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

// splitBack says how what was received changes with a credit note, which is recorded and gives back that much: nothing where the
// invoice is still more than what was paid. The parts add up to what is given back, below zero. A credit note and a payment round
// each for itself, so at one nature and rate more may have been received than is left of the invoice, a cent or two: that counts for
// another from now on. So at none more is received than is left, and of a paid invoice exactly what is left.
func splitBack(ctx context.Context, tx pgx.Tx, r *Record, back money.Cents) ([]invoice.Part, error) {
	got, err := received(ctx, tx, r.ID)
	if err != nil {
		return nil, err
	}
	gone, err := credited(ctx, tx, r)
	if err != nil {
		return nil, err
	}
	left, err := invoice.Split(r.Document, r.Total, nil)
	if err != nil {
		return nil, err
	}
	var parts []invoice.Part
	for _, p := range left {
		if excess := at(got, p) - (p.Amount - at(gone, p)); excess > 0 {
			parts = append(parts, invoice.Part{Nature: p.Nature, VATPerMill: p.VATPerMill, Amount: -excess})
			back -= excess
		}
	}
	if back == 0 {
		return parts, nil
	}
	elsewhere, err := invoice.Split(r.Document, -back, slices.Concat(got, parts, gone))
	return append(parts, elsewhere...), err
}

// at is what the parts have at the nature and rate of p.
func at(parts []invoice.Part, p invoice.Part) (sum money.Cents) {
	for _, o := range parts {
		if o.Nature == p.Nature && o.VATPerMill == p.VATPerMill {
			sum += o.Amount
		}
	}
	return sum
}

// received is what came in for an invoice, less what was given back.
func received(ctx context.Context, tx pgx.Tx, invoiceID uuid.UUID) ([]invoice.Part, error) {
	rows, err := tx.Query(ctx, `select nature, rate, sum(amount_cents)::bigint from receipt_parts where invoice_id = $1 group by nature, rate`, invoiceID)
	if err != nil {
		return nil, fmt.Errorf("read what was received: %w", err)
	}
	parts, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (p invoice.Part, err error) {
		err = row.Scan(&p.Nature, &p.VATPerMill, &p.Amount)
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
			source, r.MerchantID, r.Livemode, r.ID, string(r.Audience), string(on), string(p.Nature), int64(p.VATPerMill), int64(p.Amount), report)
		if err != nil {
			return false, fmt.Errorf("record what was received: %w", err)
		}
	}
	return reportable, nil
}
