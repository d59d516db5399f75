package ledger

import (
	"context"
	"slices"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/run/pg"
	"european-pay.eu/eupay/services/einvoice/internal/invoice"
)

// split distributes a payment over what is still owed at each nature and rate, so that all payments and credit notes together
// equal the invoice.
func split(ctx context.Context, tx pgx.Tx, r *Record, amount money.Cents) ([]invoice.Part, error) {
	done, err := received(ctx, tx, r.ID)
	if err != nil {
		return nil, err
	}
	reduced, err := credited(ctx, tx, r)
	if err != nil {
		return nil, err
	}
	return invoice.Split(r.Document, amount, append(done, reduced...))
}

// splitRefund returns how the received amounts change with a recorded credit note that refunds that much: nothing if the invoice
// is still worth more than was paid. The parts add up to the refund, negatively. Credit notes and payments are rounded
// separately, so at one nature and rate a cent or two more may have been received than is left of the invoice; the difference is
// moved to another part. So no part exceeds what is left, and the parts of a paid invoice equal it.
func splitRefund(ctx context.Context, tx pgx.Tx, r *Record, back money.Cents) ([]invoice.Part, error) {
	got, err := received(ctx, tx, r.ID)
	if err != nil {
		return nil, err
	}
	reduced, err := credited(ctx, tx, r)
	if err != nil {
		return nil, err
	}
	left, err := invoice.Split(r.Document, r.Total, nil)
	if err != nil {
		return nil, err
	}
	var parts []invoice.Part
	for _, p := range left {
		if excess := at(got, p) - (p.Amount - at(reduced, p)); excess > 0 {
			parts = append(parts, invoice.Part{Nature: p.Nature, VATPerMill: p.VATPerMill, Amount: -excess})
			back -= excess
		}
	}
	if back == 0 {
		return parts, nil
	}
	elsewhere, err := invoice.Split(r.Document, -back, slices.Concat(got, parts, reduced))
	return append(parts, elsewhere...), err
}

// at returns the amount at the nature and rate of p.
func at(parts []invoice.Part, p invoice.Part) (sum money.Cents) {
	for _, o := range parts {
		if o.Nature == p.Nature && o.VATPerMill == p.VATPerMill {
			sum += o.Amount
		}
	}
	return sum
}

// credited returns what the corrections of an invoice deduct from it.
func credited(ctx context.Context, db pg.DB, r *Record) ([]invoice.Part, error) {
	by, err := readAll(ctx, db, `where i.corrects = $1`, r.ID)
	if err != nil {
		return nil, err
	}
	var parts []invoice.Part
	for i := range by {
		of := by[i].Document
		if by[i].Type == invoice.TypeCorrected {
			of = r.Document // the 384 itself is empty: it covers the whole invoice
		}
		more, err := invoice.Split(of, by[i].Credit, nil)
		if err != nil {
			return nil, err
		}
		parts = append(parts, more...)
	}
	return parts, nil
}
