package ledger

import (
	"context"
	"fmt"
	"time"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/tally"
)

// ofPaymentSQL selects the invoices that were made for the payment $%[1]d or paid by it, and what corrects them.
const ofPaymentSQL = ` and i.id in (with paid (id) as (
		select id from invoices where payment_reference = $%[1]d and payment_reference <> ''
		union select invoice_id from invoice_payments where payment_reference = $%[1]d and payment_reference <> '')
	select id from paid union select c.id from invoices c join paid on c.corrects = paid.id)`

// where returns the condition of a list. Corrections are only listed with their payment.
func (f Filter) where(who Who) (where string, args []any) {
	where = `where i.merchant_id = $1 and i.livemode = $2 and i.created_at >= $3`
	args = []any{who.MerchantID, who.Livemode, f.From}
	if f.Payment == "" {
		where += ` and i.corrects is null`
	} else {
		args = append(args, f.Payment)
		where += fmt.Sprintf(ofPaymentSQL, len(args))
	}
	if f.Status != "" {
		args = append(args, string(f.Status))
		where += fmt.Sprintf(` and i.status = $%d`, len(args))
	}
	if !f.To.IsZero() {
		args = append(args, f.To)
		where += fmt.Sprintf(` and i.created_at < $%d`, len(args))
	}
	return where, args
}

// ListAfter returns the invoices that follow one of the merchant's in the order of List, and whether there are more. Invoices
// created in the meantime come before it, so none is returned twice.
func (l *Ledger) ListAfter(ctx context.Context, who Who, f Filter, idOrNumber string) (list []Record, more bool, err error) {
	last, err := find(ctx, l.Pool, who, idOrNumber)
	if err != nil {
		if errs.From(err).Code == errs.NotFoundCode {
			err = errs.Invalid(errs.Field{Field: "starting_after", Message: "starting_after must be the id or the number of one of your invoices."})
		}
		return nil, false, err
	}
	where, args := f.where(who)
	args = append(args, last.CreatedAt, last.ID)
	page := fmt.Sprintf(` and (i.created_at, i.id) < ($%d, $%d) order by i.created_at desc, i.id desc limit %d`, len(args)-1, len(args), f.Limit+1)
	list, err = collect(ctx, l.Reads, listColumns, where+page, args...)
	if more = len(list) > f.Limit; more {
		list = list[:f.Limit]
	}
	return list, more, err
}

// invoiceList is what the counters of invoices are called.
const invoiceList = "invoices"

// List returns one page of invoices, newest first, and the total. Those of a payment are few.
func (l *Ledger) List(ctx context.Context, who Who, f Filter) ([]Record, int64, error) {
	where, args := f.where(who)
	skip := int64(f.Page-1) * int64(f.Limit)
	var total int64
	if f.Payment != "" {
		if err := l.Reads.QueryRow(ctx, `select count(*) from invoices i `+where, args...).Scan(&total); err != nil {
			return nil, 0, fmt.Errorf("count invoices: %w", err)
		}
	} else {
		place, err := tally.Find(ctx, l.Reads, l.counted(who, f), skip)
		if total = place.Total; err != nil || place.Beyond {
			return nil, total, err
		}
		skip, args = place.Skip, append(args, place.Before)
		where += fmt.Sprintf(` and i.created_at < $%d`, len(args))
	}
	page := fmt.Sprintf(` order by i.created_at desc, i.id desc limit %d offset %d`, f.Limit, skip)
	list, err := collect(ctx, l.Reads, listColumns, where+page, args...)
	return list, total, err
}

// counted says which counters are those of a filter.
func (l *Ledger) counted(who Who, f Filter) tally.Filter {
	c := tally.Filter{List: invoiceList, MerchantID: who.MerchantID, Livemode: who.Livemode, From: f.From, To: f.To}
	if f.Status != "" {
		c.Groups = []string{string(f.Status)}
	}
	c.Edge = func(ctx context.Context, from, to time.Time) (n int64, err error) {
		where, args := Filter{Status: f.Status, From: from, To: to}.where(who)
		return n, l.Reads.QueryRow(ctx, `select count(*) from invoices i `+where, args...).Scan(&n)
	}
	return c
}
