package ereport

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/vat"
	"european-pay.eu/eupay/services/einvoice/internal/invoice"
	"european-pay.eu/eupay/services/einvoice/internal/platform"
)

// salesSQL sums per day, category and rate, and, in the rows without a rate, per day and category.
const salesSQL = `select sold_on::text, category, rate, sum(net_cents)::bigint, sum(tax_cents)::bigint, count(distinct source)
	from sale_parts where merchant_id = $1 and livemode = $2 and sold_on between $3 and $4
	group by grouping sets ((sold_on, category, rate), (sold_on, category))
	order by sold_on, category, rate desc nulls first`

// salesOf sums the sales of a period. Count is the number of documents, including corrections.
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
	err = row.Scan(&p.Date, &p.Category, &p.rate, &p.Net, &p.Tax, &p.Count)
	return p, err
}

const paymentsSQL = `select received_on::text, rate, sum(amount_cents)::bigint
	from receipt_parts where merchant_id = $1 and livemode = $2 and received_on between $3 and $4 and reportable and audience = 'B2C'
	group by received_on, rate order by received_on, rate desc`

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

// netNegativeDays offsets days with more refunds than receipts against other days of the same rate: first the earlier days,
// starting with the nearest, because what is refunded was received before, then the later days. A rate with more refunds than
// receipts in total keeps one negative amount, on its last such day: annex 7 V1.9 permits the minus sign (G7.07, which replaced
// G1.16), and there is no other way to report it. Days without an amount are omitted.
func netNegativeDays(sums []sum) []sum {
	rates := make(map[vat.Rate][]*sum)
	sums = slices.Clone(sums)
	for i := range sums {
		rates[sums[i].rate] = append(rates[sums[i].rate], &sums[i])
	}
	for _, days := range rates {
		slices.SortFunc(days, func(a, b *sum) int { return cmp.Compare(a.day, b.day) })
		netRate(days)
	}
	return slices.DeleteFunc(sums, func(s sum) bool { return s.amount == 0 })
}

// netRate nets the days of one rate, in chronological order.
func netRate(days []*sum) {
	var last *sum
	for i, back := range days {
		if back.amount >= 0 {
			continue
		}
		for _, other := range slices.Backward(days[:i]) {
			offset(back, other)
		}
		for _, other := range days[i+1:] {
			offset(back, other)
		}
		if back.amount < 0 {
			if last != nil {
				back.amount += last.amount
				last.amount = 0
			}
			last = back
		}
	}
}

// offset deducts as much of the refunds from another day as that day has received.
func offset(back, other *sum) {
	if take := min(-back.amount, other.amount); take > 0 {
		back.amount += take
		other.amount -= take
	}
}

// byDay groups sums by day, highest rate first.
func byDay(sums []sum) []platform.PaymentsDay {
	slices.SortFunc(sums, func(a, b sum) int { return cmp.Or(cmp.Compare(a.day, b.day), cmp.Compare(b.rate, a.rate)) })
	var days []platform.PaymentsDay
	for _, s := range sums {
		if len(days) == 0 || days[len(days)-1].Date != s.day {
			days = append(days, platform.PaymentsDay{Date: s.day})
		}
		of := &days[len(days)-1]
		of.Parts = append(of.Parts, platform.RateAmount{VATPerMill: s.rate, Amount: s.amount})
	}
	return days
}
