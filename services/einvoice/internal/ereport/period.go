// Package ereport reports to the administration what was sold to private customers and what they paid (articles 290 and 290 A
// CGI, flux 10.3 and 10.4): sums per day of a period, which depends on how the merchant declares its VAT.
package ereport

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"european-pay.eu/eupay/internal/pg"
	"european-pay.eu/eupay/services/einvoice/internal/invoice"
)

// Kind is what a report sums up.
type Kind string

const (
	// Sales are reported by the day of the invoice, whether paid or not (10.3).
	Sales Kind = "sales"
	// Payments are reported by the day on which they came, of services only (10.4).
	Payments Kind = "payments"
)

// Period is a time that one report covers, both days included, and the last day to send it.
type Period struct {
	Start, End, Due invoice.Date
}

// PeriodOf is the period in which a day is reported (DGFiP specifications, section 3.7).
func PeriodOf(kind Kind, regime invoice.Regime, day invoice.Date) Period {
	d := day.Time()
	month := time.Date(d.Year(), d.Month(), 1, 0, 0, 0, 0, time.UTC)
	switch {
	case regime == invoice.RegimeFranchise: // two calendar months: January and February, …
		start := month
		if month.Month()%2 == 0 {
			start = month.AddDate(0, -1, 0)
		}
		next := start.AddDate(0, 2, 0)
		return Period{date(start), date(next.AddDate(0, 0, -1)), date(next.AddDate(0, 1, -1))}
	case regime == invoice.RegimeSimplified:
		next := month.AddDate(0, 1, 0)
		return Period{date(month), date(next.AddDate(0, 0, -1)), date(next.AddDate(0, 1, -1))}
	case regime == invoice.RegimeMonthly && kind == Sales:
		return decade(month, d.Day())
	default:
		next := month.AddDate(0, 1, 0)
		return Period{date(month), date(next.AddDate(0, 0, -1)), date(next.AddDate(0, 0, 9))}
	}
}

// decade is the first, second or last third of a month, due ten days after its end.
func decade(month time.Time, day int) Period {
	next := month.AddDate(0, 1, 0)
	switch {
	case day <= 10:
		return Period{date(month), date(month.AddDate(0, 0, 9)), date(month.AddDate(0, 0, 19))}
	case day <= 20:
		return Period{date(month.AddDate(0, 0, 10)), date(month.AddDate(0, 0, 19)), date(next.AddDate(0, 0, -1))}
	default:
		return Period{date(month.AddDate(0, 0, 20)), date(next.AddDate(0, 0, -1)), date(next.AddDate(0, 0, 9))}
	}
}

func date(t time.Time) invoice.Date { return invoice.Date(t.Format(time.DateOnly)) }

// Declarant is whose period it is.
type Declarant struct {
	MerchantID string
	Livemode   bool
	Regime     invoice.Regime
}

// Touch says in db, which must be the transaction of the change, that something of that day changed: its period will be
// reported, or reported again.
func Touch(ctx context.Context, db pg.DB, who Declarant, kind Kind, day invoice.Date, now time.Time) (Period, error) {
	p := PeriodOf(kind, who.Regime, day)
	_, err := db.Exec(ctx, `insert into report_periods (id, merchant_id, livemode, kind, start_on, end_on, due_on, created_at, updated_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $8)
		on conflict (merchant_id, livemode, kind, start_on, end_on)
		do update set version = report_periods.version + 1, updated_at = excluded.updated_at`,
		uuid.Must(uuid.NewV7()), who.MerchantID, who.Livemode, string(kind), string(p.Start), string(p.End), string(p.Due), now)
	if err != nil {
		return Period{}, fmt.Errorf("mark the period of %s: %w", day, err)
	}
	return p, nil
}
