package ereport

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/services/einvoice/internal/invoice"
	"european-pay.eu/eupay/services/einvoice/internal/platform"
)

// documentsAbroadSQL leaves out what never took effect: an invoice that was cancelled without a document of its own.
const documentsAbroadSQL = `select document from invoices i
	where merchant_id = $1 and livemode = $2 and issued_on between $3 and $4 and audience = 'B2BINT'
		and (type_code <> '380' or status <> 'cancelled' or exists (select from invoices c where c.corrects = i.id))
	order by number`

// documentsAbroad returns the documents to businesses abroad of a period (10.1).
func documentsAbroad(ctx context.Context, tx pgx.Tx, d duePeriod) ([]invoice.Document, error) {
	rows, err := tx.Query(ctx, documentsAbroadSQL, d.merchantID, d.livemode, string(d.start), string(d.end))
	if err != nil {
		return nil, fmt.Errorf("read invoices to businesses abroad: %w", err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowTo[invoice.Document])
	if err != nil {
		return nil, fmt.Errorf("read invoices to businesses abroad: %w", err)
	}
	return list, nil
}

// listed is what the platform's list says of each document.
func listed(documents []invoice.Document) []platform.ReportedInvoice {
	var list []platform.ReportedInvoice
	for _, d := range documents {
		list = append(list, platform.ReportedInvoice{Number: d.Number, Issued: d.Issued, Type: d.Type, Net: d.Totals.Net, Tax: d.Totals.Tax})
	}
	return list
}

const paymentsAbroadSQL = `select i.number, i.issued_on::text, r.received_on::text, r.rate, sum(r.amount_cents)::bigint
	from receipt_parts r join invoices i on i.id = r.invoice_id
	where r.merchant_id = $1 and r.livemode = $2 and r.received_on between $3 and $4 and r.reportable and r.audience = 'B2BINT'
	group by i.number, i.issued_on, r.received_on, r.rate order by i.number, r.received_on, r.rate desc`

// receivedAbroad is a sum for one invoice.
type receivedAbroad struct {
	number string
	issued invoice.Date
	sum
}

// paymentsAbroad returns what was received in a period for each invoice to a business abroad, day by day (10.2). What was given back is
// netted within the invoice, as it is in the sums of private customers.
func paymentsAbroad(ctx context.Context, tx pgx.Tx, d duePeriod) ([]platform.InvoicePayments, error) {
	rows, err := tx.Query(ctx, paymentsAbroadSQL, d.merchantID, d.livemode, string(d.start), string(d.end))
	if err != nil {
		return nil, fmt.Errorf("sum up payments from abroad: %w", err)
	}
	all, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (p receivedAbroad, err error) {
		err = row.Scan(&p.number, &p.issued, &p.day, &p.rate, &p.amount)
		return p, err
	})
	if err != nil {
		return nil, fmt.Errorf("sum up payments from abroad: %w", err)
	}
	var list []platform.InvoicePayments
	for len(all) > 0 {
		one := all[0]
		var sums []sum
		for len(all) > 0 && all[0].number == one.number {
			sums, all = append(sums, all[0].sum), all[1:]
		}
		for _, day := range byDay(netNegativeDays(sums)) {
			list = append(list, platform.InvoicePayments{Number: one.number, Issued: one.issued, PaymentsDay: day})
		}
	}
	return list, nil
}
