package archive

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/errs"
)

// findDocument returns a document of a merchant without its steps; NOT_FOUND if there is none.
func (a *Archive) findDocument(ctx context.Context, who Who, id string) (t Trail, err error) {
	if !utf8.ValidString(id) || strings.Contains(id, "\x00") { // PostgreSQL would refuse it
		return Trail{}, errs.NotFound("Invoice")
	}
	if parsed, wrong := uuid.Parse(id); wrong == nil && len(id) == 36 {
		err = a.Pool.QueryRow(ctx, `select id, number from invoices where id = $1 and merchant_id = $2 and livemode = $3`,
			parsed, who.MerchantID, who.Livemode).Scan(&t.ID, &t.Number)
	} else {
		err = a.Pool.QueryRow(ctx, `select id, number from invoices where merchant_id = $1 and livemode = $2 and number = $3`,
			who.MerchantID, who.Livemode, id).Scan(&t.ID, &t.Number)
	}
	if errors.Is(err, pgx.ErrNoRows) {
		return Trail{}, errs.NotFound("Invoice")
	}
	if err != nil {
		return Trail{}, fmt.Errorf("read invoice: %w", err)
	}
	return t, nil
}

func (a *Archive) readSteps(ctx context.Context, t Trail) ([]Step, error) {
	rows, err := a.Pool.Query(ctx, trailSQL, t.ID)
	if err != nil {
		return nil, fmt.Errorf("read the trail of %s: %w", t.Number, err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Step])
	if err != nil {
		return nil, fmt.Errorf("read the trail of %s: %w", t.Number, err)
	}
	return list, nil
}

// trailSQL reads everything that is recorded about a document, in the order in which it happened. The platform tells whole seconds, so within a
// second the rank decides.
const trailSQL = `with i as (select * from invoices where id = $1),
	refs as (select payment_reference as ref from i where payment_reference <> ''
		union select payment_reference from invoice_payments where invoice_id = $1 and payment_reference <> ''),
	steps as (
	select o.created_at as at, 'order' as kind, o.order_id as reference, (select sum((p ->> 'amount')::bigint) from jsonb_array_elements(o.parts) p)::bigint as amount,
			'' as detail, 1 as rank
		from refs join consumer_sales s on s.payment_reference = refs.ref join i on i.merchant_id = s.merchant_id and i.livemode = s.livemode
		join order_splits o on o.order_id = s.order_id and o.merchant_id = s.merchant_id and o.livemode = s.livemode
	union all select s.completed_at, 'payment', s.payment_reference, s.amount_cents, '', 2
		from refs join settlements s on s.payment_reference = refs.ref join i on i.merchant_id = s.merchant_id and i.livemode = s.livemode
	union all select created_at, 'issued', number, total_cents, type_code, 3 from i
	union all select d.created_at, 'stored', i.number || '.xml', null, encode(sha256(d.xml), 'hex'), 4 from i join documents d on d.invoice_id = i.id
	union all select d.created_at, 'stored', 'facturx-' || i.number || '.pdf', null, encode(sha256(d.pdf), 'hex'), 5 from i join documents d on d.invoice_id = i.id
	union all select submitted_at, 'submitted', platform_invoice_id, null, '', 6 from i where submitted_at is not null
	union all select e.occurred_at, 'lifecycle', i.number, null, e.code::text, case when e.code = 212 then 10 else 7 end
		from i join lifecycle_events e on e.invoice_id = i.id
	union all select p.created_at, 'received', p.payment_reference, p.amount_cents, p.method, 8 from invoice_payments p where p.invoice_id = $1
	union all select c.created_at, 'corrected', c.number, c.credit_cents, c.type_code, 9 from invoices c where c.corrects = $1
	union all select r.created_at, 'refund', r.refund_reference, r.amount_cents, '', 11
		from refs join consumer_refunds r on r.payment_reference = refs.ref join i on i.merchant_id = r.merchant_id and i.livemode = r.livemode
	union all select r.sent_at, 'reported', r.id::text, null, p.kind, 12
		from i join report_periods p on p.merchant_id = i.merchant_id and p.livemode = i.livemode
		join reports r on r.period_id = p.id and r.sent_at is not null
		where exists (select from sale_parts s where s.source = $1 and p.kind = 'sales' and s.sold_on between p.start_on and p.end_on)
			or exists (select from receipt_parts s where s.invoice_id = $1 and s.reportable and s.audience = 'B2C' and p.kind = 'payments'
				and s.received_on between p.start_on and p.end_on)
	union all select l.sealed_at, 'sealed', l.position::text, null, encode(l.hash, 'hex'), 13 from archive_links l where l.invoice_id = $1)
	select at, kind, reference, amount, detail from steps order by date_trunc('second', at), rank, at, reference, detail`
