package ereport

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/vat"
	"european-pay.eu/eupay/services/einvoice/internal/invoice"
	"european-pay.eu/eupay/services/einvoice/internal/platform"
)

// salesSQL sums per day, category, due date of VAT and rate, and, in the rows without a rate, without it.
const salesSQL = `with parts as (
		select source::text, sold_on, category, on_debits, rate, net_cents, tax_cents, false as is_total
			from sale_parts where merchant_id = $1 and livemode = $2 and sold_on between $3 and $4
		union all select source, sold_on, category, category = '` + invoice.ReportServices + `' and not reportable, rate, net_cents, tax_cents, is_total
			from consumer_parts where merchant_id = $1 and livemode = $2 and sold_on between $3 and $4)
	select sold_on::text, category, case when on_debits then '` + invoice.DueOnIssue + `' else '' end, rate, sum(net_cents)::bigint, sum(tax_cents)::bigint,
		case when bool_or(is_total) then 0 else count(distinct source) end
	from parts group by grouping sets ((sold_on, category, on_debits, rate), (sold_on, category, on_debits))
	order by sold_on, category, on_debits, rate desc nulls first`

// salesOf sums the sales of a period, with and without invoices. Count is the number of documents, payments and refunds; 0 where there is also a
// total of a till, whose sales nobody counted.
func salesOf(ctx context.Context, tx pgx.Tx, d duePeriod) ([]platform.SalesDay, error) {
	rows, err := tx.Query(ctx, salesSQL, d.merchantID, d.livemode, string(d.start), string(d.end))
	if err != nil {
		return nil, fmt.Errorf("sum up sales: %w", err)
	}
	parts, err := pgx.CollectRows(rows, scanSales)
	if err != nil {
		return nil, fmt.Errorf("sum up sales: %w", err)
	}
	var days []platform.SalesDay
	for _, p := range parts {
		if p.rate == nil {
			days = append(days, p.SalesDay)
			continue
		}
		of := &days[len(days)-1]
		of.Rates = append(of.Rates, platform.SalesRate{VATPerMill: vat.Rate(*p.rate), Net: p.Net, Tax: p.Tax})
	}
	return days, nil
}

// salesPart is a day and category, or its part at one rate.
type salesPart struct {
	platform.SalesDay
	rate *int64
}

func scanSales(row pgx.CollectableRow) (p salesPart, err error) {
	err = row.Scan(&p.Date, &p.Category, &p.DueCode, &p.rate, &p.Net, &p.Tax, &p.Count)
	return p, err
}

const paymentsSQL = `with parts as (
		select received_on, rate, amount_cents from receipt_parts
			where merchant_id = $1 and livemode = $2 and received_on between $3 and $4 and reportable and audience = 'B2C'
		union all select sold_on, rate, net_cents + tax_cents from consumer_parts
			where merchant_id = $1 and livemode = $2 and sold_on between $3 and $4 and reportable)
	select received_on::text, rate, sum(amount_cents)::bigint from parts group by received_on, rate order by received_on, rate desc`

// sum is the amount received on a day at a rate, less refunds.
type sum struct {
	day    invoice.Date
	rate   vat.Rate
	amount money.Cents
}

// paymentsOf sums the payments of a period.
func paymentsOf(ctx context.Context, tx pgx.Tx, d duePeriod) ([]platform.PaymentsDay, error) {
	rows, err := tx.Query(ctx, paymentsSQL, d.merchantID, d.livemode, string(d.start), string(d.end))
	if err != nil {
		return nil, fmt.Errorf("sum up payments: %w", err)
	}
	sums, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (s sum, err error) {
		err = row.Scan(&s.day, &s.rate, &s.amount)
		return s, err
	})
	if err != nil {
		return nil, fmt.Errorf("sum up payments: %w", err)
	}
	return byDay(netNegativeDays(sums)), nil
}
