package ereport

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// recordReopened makes a refused report wait again.
func (r *Reporter) recordReopened(ctx context.Context, id uuid.UUID) error {
	if _, err := r.Pool.Exec(ctx, `update reports set status = 'waiting' where id = $1 and status = 'failed'`, id); err != nil {
		return fmt.Errorf("reopen report: %w", err)
	}
	return nil
}

// recordFailed ends a waiting report with the platform's problem.
func (r *Reporter) recordFailed(ctx context.Context, id uuid.UUID, problem string) error {
	_, err := r.Pool.Exec(ctx, `update reports set status = 'failed', problem = $2 where id = $1 and status = 'waiting'`, id, problem)
	if err != nil {
		return fmt.Errorf("record that a report was refused: %w", err)
	}
	return nil
}

func (r *Reporter) read(ctx context.Context, id uuid.UUID) (report, error) {
	p := report{id: id}
	err := r.Pool.QueryRow(ctx, `select r.period_id, p.kind, r.version, r.status, r.data, r.xml,
			exists (select from reports n where n.period_id = r.period_id and n.number > r.number)
		from reports r join report_periods p on p.id = r.period_id where r.id = $1`, id).
		Scan(&p.periodID, &p.kind, &p.version, &p.status, &p.data, &p.xml, &p.replaced)
	if err != nil {
		return report{}, fmt.Errorf("read report: %w", err)
	}
	return p, nil
}

// recordSent records that the platform has a report, and up to which version the period is reported.
func (r *Reporter) recordSent(ctx context.Context, p report, platformID string) error {
	return pgx.BeginFunc(ctx, r.Pool, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `update reports set status = 'sent', platform_id = $2, sent_at = $3, problem = '' where id = $1 and status <> 'sent'`,
			p.id, platformID, r.instant())
		if err != nil {
			return fmt.Errorf("record that a report was sent: %w", err)
		}
		return setReportedVersion(ctx, tx, p.periodID, p.version)
	})
}

// recordProblem stores why a report has not been sent.
func (r *Reporter) recordProblem(ctx context.Context, id uuid.UUID, problem string) error {
	_, err := r.Pool.Exec(ctx, `update reports set problem = $2 where id = $1 and status = 'waiting' and problem <> $2`, id, problem)
	if err != nil {
		return fmt.Errorf("record the problem of a report: %w", err)
	}
	return nil
}
