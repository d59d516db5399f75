// Package ereport reports sales to private customers and their payments to the administration (articles 290 and 290 A CGI, flux
// 10.3 and 10.4): sums per day of a period, which depends on how the merchant declares its VAT.
package ereport

import (
	"time"

	"european-pay.eu/eupay/services/einvoice/internal/invoice"
)

// Kind is the kind of a report.
type Kind string

const (
	// Sales are reported by the day of the invoice, whether paid or not (10.3).
	Sales Kind = "sales"
	// Payments are reported by the day on which they were received, for services only (10.4).
	Payments Kind = "payments"
)

// Period is the time that one report covers, both days included, and the last day on which it may be sent.
type Period struct {
	Start, End, Due invoice.Date
}

// PeriodOf returns the period in which a day is reported (DGFiP specifications, section 3.7).
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

// decade returns the first, second or last third of a month, due ten days after its end.
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
