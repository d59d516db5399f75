package ledger

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/services/einvoice/internal/enrol"
	"european-pay.eu/eupay/services/einvoice/internal/invoice"
)

// Resubmit makes waiting and stopped transmissions due at once and returns their number: those of a document with its
// collections, or all of a merchant, including reports. A dry run only counts.
func (l *Ledger) Resubmit(ctx context.Context, id *uuid.UUID, who Who, dryRun bool) (int64, error) {
	const where = ` where state in ('waiting', 'stopped') and ($1::uuid is null and merchant_id = $2 and livemode = $3
		or subject = $1 or kind = 'collection' and subject in (select id from invoice_payments where invoice_id = $1))
		and not exists (select from invoices i where i.id = subject and i.seqino_status = 'none')`
	if dryRun {
		var n int64
		if err := l.Pool.QueryRow(ctx, `select count(*) from transmissions`+where, id, who.MerchantID, who.Livemode).Scan(&n); err != nil {
			return 0, fmt.Errorf("count waiting transmissions: %w", err)
		}
		return n, nil
	}
	now := l.instant()
	tag, err := l.Pool.Exec(ctx, `update transmissions set state = 'waiting', due_at = $4, ended_at = null, lease = null`+where+
		` and (lease is null or due_at <= $4)`, id, who.MerchantID, who.Livemode, now)
	if err != nil {
		return 0, fmt.Errorf("resubmit: %w", err)
	}
	l.engine.Wake(true)
	l.engine.Wake(false)
	return tag.RowsAffected(), nil
}

// Count is the number of transmissions of a kind in a state, and the oldest of them.
type Count struct {
	Kind, State string
	Count       int64
	Oldest      time.Time
}

// Failure is a transmission that has failed.
type Failure struct {
	Kind, What, MerchantID, State string
	Subject                       uuid.UUID
	Attempts                      int
	Error                         string
	Next                          *time.Time
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

// exportPage is how many documents are in memory at a time.
const exportPage = 50

// Exported is a document with its files.
type Exported struct {
	Record
	XML, PDF []byte
}

// Export calls visit for the documents of one merchant issued in a range of days, inclusive, by number. Documents that have not
// been sent are rendered as they will be.
func (l *Ledger) Export(ctx context.Context, who Who, from, to invoice.Date, visit func(Exported) error) error {
	e, err := enrol.Read(ctx, l.Pool, who.MerchantID, who.Livemode)
	if errs.Is(err, errs.NotEnrolled) {
		return errs.NotFound("Merchant")
	}
	if err != nil {
		return err
	}
	after := ""
	for {
		page, err := readAll(ctx, l.Pool, `where i.merchant_id = $1 and i.livemode = $2 and i.issued_on between $3::text::date and $4::text::date and i.number > $5
			order by i.number limit $6`, who.MerchantID, who.Livemode, string(from), string(to), after, exportPage)
		if err != nil || len(page) == 0 {
			return err
		}
		for _, r := range page {
			out := Exported{Record: r}
			if out.XML, out.PDF, err = l.documents(ctx, r, e); err != nil {
				return err
			}
			if err := visit(out); err != nil {
				return err
			}
			after = r.Number
		}
	}
}
