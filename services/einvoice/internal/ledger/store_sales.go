package ledger

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/services/einvoice/internal/enrol"
	"european-pay.eu/eupay/services/einvoice/internal/ereport"
	"european-pay.eu/eupay/services/einvoice/internal/invoice"
)

// queueSales adds the sales of a document to a private customer, or the withdrawal of those of original, to a batch.
func queueSales(b *pgx.Batch, r, original *Record) error {
	if r.Audience != invoice.B2C {
		return nil
	}
	var corrected *invoice.Document
	if original != nil {
		corrected = &original.Document
	}
	sales, err := invoice.Sales(r.Document, corrected)
	if err != nil {
		return err
	}
	for _, s := range sales {
		onDebits := s.Category == invoice.ReportServices && r.Document.OnDebits()
		b.Queue(`insert into sale_parts (source, merchant_id, livemode, sold_on, category, rate, net_cents, tax_cents, on_debits)
			values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
			r.ID, r.MerchantID, r.Livemode, string(r.saleDay()), s.Category, int64(s.VATPerMill), int64(s.Net), int64(s.Tax), onDebits)
	}
	return nil
}

// reverseSale withdraws the sale of a document that never took effect: its period is reported again without it.
func (l *Ledger) reverseSale(ctx context.Context, tx pgx.Tx, e enrol.Enrolment, r *Record) error {
	if r.Audience == invoice.B2B {
		return nil
	}
	err := tx.QueryRow(ctx, `with gone as (delete from sale_parts where source = $1 returning sold_on)
		select coalesce(min(sold_on)::text, '') from gone`, r.ID).Scan(&r.soldOn)
	if err != nil {
		return fmt.Errorf("reverse the sale of %s: %w", r.Number, err)
	}
	return l.markSalesChanged(ctx, tx, e, r)
}

// markSalesChanged marks the period of a sale to a private customer, or to a business abroad, as changed.
func (l *Ledger) markSalesChanged(ctx context.Context, tx pgx.Tx, e enrol.Enrolment, r *Record) error {
	if r.Audience == invoice.B2B {
		return nil
	}
	_, err := ereport.MarkChanged(ctx, tx, l.declarant(e), ereport.Sales, r.saleDay(), l.instant())
	return err
}
