package ereport

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// duePeriods returns the next batch of due periods after last, by end and id.
func (r *Reporter) duePeriods(ctx context.Context, last duePeriod) ([]duePeriod, error) {
	rows, err := r.Pool.Query(ctx, dueSQL+` and (p.end_on, p.id) > ($3, $4) order by p.end_on, p.id limit $5`,
		string(r.lastReportableDay()), r.instant().Add(-quietTime), string(last.end), last.id, batch)
	if err != nil {
		return nil, fmt.Errorf("find periods to report: %w", err)
	}
	list, err := pgx.CollectRows(rows, scanDue)
	if err != nil {
		return nil, fmt.Errorf("find periods to report: %w", err)
	}
	return list, nil
}

// duePeriod reads a period. It returns false if the period is no longer due.
func (r *Reporter) duePeriod(ctx context.Context, tx pgx.Tx, id uuid.UUID) (duePeriod, bool, error) {
	rows, err := tx.Query(ctx, dueSQL+` and p.id = $3`, string(r.lastReportableDay()), r.instant().Add(-quietTime), id)
	if err != nil {
		return duePeriod{}, false, fmt.Errorf("read period: %w", err)
	}
	d, err := pgx.CollectExactlyOneRow(rows, scanDue)
	if errors.Is(err, pgx.ErrNoRows) {
		return duePeriod{}, false, nil
	}
	if err != nil {
		return duePeriod{}, false, fmt.Errorf("read period: %w", err)
	}
	return d, true, nil
}

// lockReports locks the reports of a period until the end of the transaction.
func lockReports(ctx context.Context, tx pgx.Tx, periodID uuid.UUID) error {
	if _, err := tx.Exec(ctx, `select from reports where period_id = $1 for share`, periodID); err != nil {
		return fmt.Errorf("lock the reports of the period: %w", err)
	}
	return nil
}

// insertReport records the next report of a period.
func insertReport(ctx context.Context, tx pgx.Tx, d duePeriod, id uuid.UUID, xml, data []byte, now time.Time) error {
	_, err := tx.Exec(ctx, `insert into reports (id, period_id, merchant_id, livemode, number, version, xml, data, created_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`, id, d.id, d.merchantID, d.livemode, d.number+1, d.version, xml, data, now)
	if err != nil {
		return fmt.Errorf("record report: %w", err)
	}
	return nil
}

// dueSQL selects periods that have ended and have unreported changes. A report that the platform refused is not sent again
// unchanged.
const dueSQL = `select p.id, p.merchant_id, p.livemode, p.kind, p.start_on::text, p.end_on::text, p.version, r.number, r.sent
	from report_periods p
	cross join lateral (select coalesce(max(number), 0) as number, coalesce(max(version), 0) as version,
		coalesce(bool_or(status = 'sent'), false) as sent, coalesce(bool_or(status = 'waiting'), false) as waiting
		from reports where period_id = p.id) r
	where p.version > p.sent_version and p.version > r.version and not r.waiting
		and p.end_on <= $1 and (r.number = 0 or p.updated_at <= $2)`

func scanDue(row pgx.CollectableRow) (d duePeriod, err error) {
	err = row.Scan(&d.id, &d.merchantID, &d.livemode, &d.kind, &d.start, &d.end, &d.version, &d.number, &d.sent)
	return d, err
}
