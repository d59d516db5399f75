package ledger

import (
	"context"
	"fmt"

	"european-pay.eu/eupay/internal/errs"
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
	list, err = collect(ctx, l.Pool, listColumns, where+page, args...)
	if more = len(list) > f.Limit; more {
		list = list[:f.Limit]
	}
	return list, more, err
}

// List returns one page of invoices without corrections, newest first, and the total.
func (l *Ledger) List(ctx context.Context, who Who, f Filter) ([]Record, int64, error) {
	where, args := f.where(who)
	var total int64
	if err := l.Pool.QueryRow(ctx, `select count(*) from invoices i `+where, args...).Scan(&total); err != nil {
		return nil, 0, fmt.Errorf("count invoices: %w", err)
	}
	page := fmt.Sprintf(` order by i.created_at desc, i.id desc limit %d offset %d`, f.Limit, (f.Page-1)*f.Limit)
	list, err := collect(ctx, l.Pool, listColumns, where+page, args...)
	return list, total, err
}
