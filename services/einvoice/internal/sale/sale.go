// Package sale records sales to private customers without an invoice, so that they are e-reported (article 290 CGI, flux 10.3 and 10.4):
// completed EU Pay payments and their refunds, and daily totals of tills. See docs/adr/0037-sales-without-an-invoice.md.
package sale

import (
	"context"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/services/einvoice/internal/enrol"
	"european-pay.eu/eupay/services/einvoice/internal/ereport"
	"european-pay.eu/eupay/services/einvoice/internal/invoice"
)

// Restate records what is reported of a payment anew from all that is known of it, and marks the periods in which that changed. It does nothing
// for a payment that is no sale of its own. The transaction must have the lock of the reference.
func Restate(ctx context.Context, tx pgx.Tx, e enrol.Enrolment, reference string, now time.Time) error {
	f, is, err := readFacts(ctx, tx, e, reference)
	if err != nil || !is {
		return err
	}
	before, err := readEntries(ctx, tx, reference)
	if err != nil {
		return err
	}
	after := f.entries()
	sortEntries(after)
	if err := setUnknown(ctx, tx, reference, f.unknown()); err != nil {
		return err
	}
	if slices.Equal(before, after) {
		return nil
	}
	if err := replaceEntries(ctx, tx, e, reference, after); err != nil {
		return err
	}
	return markChanged(ctx, tx, e, before, after, now)
}

// markChanged marks the periods of the days on which the entries of before and after differ.
func markChanged(ctx context.Context, tx pgx.Tx, e enrol.Enrolment, before, after []entry, now time.Time) error {
	sales, payments := map[invoice.Date]bool{}, map[invoice.Date]bool{}
	differs := func(a, b []entry) {
		for _, x := range a {
			if !slices.Contains(b, x) {
				sales[x.on], payments[x.on] = true, payments[x.on] || x.reportable
			}
		}
	}
	differs(before, after)
	differs(after, before)
	who := ereport.Declarant{MerchantID: e.MerchantID, Livemode: e.Livemode, Regime: e.Settings.Regime}
	for _, day := range sorted(sales) {
		if _, err := ereport.MarkChanged(ctx, tx, who, ereport.Sales, day, now); err != nil {
			return err
		}
		if !payments[day] {
			continue
		}
		if _, err := ereport.MarkChanged(ctx, tx, who, ereport.Payments, day, now); err != nil {
			return err
		}
	}
	return nil
}

func sorted(days map[invoice.Date]bool) []invoice.Date {
	list := make([]invoice.Date, 0, len(days))
	for d := range days {
		list = append(list, d)
	}
	slices.Sort(list)
	return list
}

// settingOf returns what a merchant's payments are sales of; nil if it has not said.
func settingOf(s invoice.Settings) *Part {
	if s.SalesRate == nil {
		return nil
	}
	nature := s.SalesNature
	if nature == "" {
		nature = s.Activity
	}
	return &Part{Nature: nature, VATPerMill: *s.SalesRate}
}

// category is that of flux 10.3.
func category(e entry) string {
	switch {
	case e.rate == 0:
		return invoice.ReportUntaxed
	case e.nature == invoice.Services:
		return invoice.ReportServices
	default:
		return invoice.ReportGoods
	}
}
