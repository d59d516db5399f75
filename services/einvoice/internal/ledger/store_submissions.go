package ledger

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// resubmitWhere selects the waiting and stopped transmissions of a document with its collections or, if $1 is null, of a merchant.
const resubmitWhere = ` where state in ('waiting', 'stopped') and ($1::uuid is null and merchant_id = $2 and livemode = $3
	or subject = $1 or kind = 'collection' and subject in (
		select id from invoice_payments where invoice_id = $1 union all select id from invoices where corrects = $1))
	and not (kind = 'document' and exists (select from invoices i where i.id = subject and i.seqino_status = 'none'))`

// countResubmissions returns how many transmissions resubmit would make due.
func (l *Ledger) countResubmissions(ctx context.Context, id *uuid.UUID, who Who) (n int64, err error) {
	if err := l.Pool.QueryRow(ctx, `select count(*) from transmissions`+resubmitWhere, id, who.MerchantID, who.Livemode).Scan(&n); err != nil {
		return 0, fmt.Errorf("count waiting transmissions: %w", err)
	}
	return n, nil
}

// resubmit makes the transmissions due, except those that are being sent, and returns their number.
func (l *Ledger) resubmit(ctx context.Context, id *uuid.UUID, who Who) (int64, error) {
	tag, err := l.Pool.Exec(ctx, `update transmissions set state = 'waiting', due_at = $4, ended_at = null, lease = null`+resubmitWhere+
		` and (lease is null or due_at <= $4)`, id, who.MerchantID, who.Livemode, l.instant())
	if err != nil {
		return 0, fmt.Errorf("resubmit: %w", err)
	}
	return tag.RowsAffected(), nil
}

// maxFailures is how many of them an operator sees.
const maxFailures = 20

// Submissions summarises the transmissions, of all merchants if merchantID is empty.
func (l *Ledger) Submissions(ctx context.Context, merchantID string, livemode bool) ([]Count, []Failure, error) {
	rows, err := l.Pool.Query(ctx, `select kind, state, count(*), min(created_at) from transmissions
		where livemode = $1 and ($2 = '' or merchant_id = $2) group by kind, state order by kind, state`, livemode, merchantID)
	if err != nil {
		return nil, nil, fmt.Errorf("count transmissions: %w", err)
	}
	counts, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Count])
	if err != nil {
		return nil, nil, fmt.Errorf("count transmissions: %w", err)
	}
	rows, err = l.Pool.Query(ctx, `select t.kind, coalesce(i.number, p.invoice, r.period, ''), t.merchant_id, t.state, t.subject, t.attempts, t.last_error, t.due_at
		from transmissions t left join invoices i on i.id = t.subject
		left join lateral (select number as invoice from invoices join invoice_payments on invoices.id = invoice_id where invoice_payments.id = t.subject) p on true
		left join lateral (select start_on || ' to ' || end_on as period from report_periods join reports on reports.period_id = report_periods.id
			where reports.id = t.subject) r on true
		where t.livemode = $1 and ($2 = '' or t.merchant_id = $2) and t.last_error <> '' and t.state in ('waiting', 'stopped')
		order by t.created_at desc, t.id desc limit $3`, livemode, merchantID, maxFailures)
	if err != nil {
		return nil, nil, fmt.Errorf("read failed transmissions: %w", err)
	}
	troubles, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Failure])
	if err != nil {
		return nil, nil, fmt.Errorf("read failed transmissions: %w", err)
	}
	return counts, troubles, nil
}
