package ereport

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"google.golang.org/protobuf/types/known/timestamppb"

	einvoicev1 "european-pay.eu/eupay/proto/eupay/einvoice/v1"
)

const listSQL = `select r.id, p.kind, p.start_on::text, p.end_on::text, p.due_on::text, r.number, r.status, r.platform_id, r.problem, r.created_at, r.sent_at
	from reports r join report_periods p on p.id = r.period_id
	where r.merchant_id = $1 and r.livemode = $2 order by r.created_at desc, r.id desc limit $3 offset $4`

// List returns one page (from 1) of a merchant's reports, newest first, and the total. A merchant has a few for each period of ten days or more, so
// they are counted one by one.
func (r *Reporter) List(ctx context.Context, merchantID string, livemode bool, page, limit int) ([]*einvoicev1.EReport, int64, error) {
	var total int64
	err := r.Pool.QueryRow(ctx, `select count(*) from reports where merchant_id = $1 and livemode = $2`, merchantID, livemode).Scan(&total)
	if err != nil {
		return nil, 0, fmt.Errorf("count reports: %w", err)
	}
	rows, err := r.Pool.Query(ctx, listSQL, merchantID, livemode, limit, max(0, page-1)*limit)
	if err != nil {
		return nil, 0, fmt.Errorf("list reports: %w", err)
	}
	list, err := pgx.CollectRows(rows, scanReport)
	if err != nil {
		return nil, 0, fmt.Errorf("list reports: %w", err)
	}
	return list, total, nil
}

func scanReport(row pgx.CollectableRow) (*einvoicev1.EReport, error) {
	var (
		e       einvoicev1.EReport
		id      uuid.UUID
		created time.Time
		sent    *time.Time
	)
	err := row.Scan(&id, &e.Kind, &e.PeriodStart, &e.PeriodEnd, &e.DueDate, &e.Number, &e.Status, &e.PlatformId, &e.Problem, &created, &sent)
	if err != nil {
		return nil, err
	}
	e.Id, e.CreatedAt = id.String(), timestamppb.New(created)
	if sent != nil {
		e.SentAt = timestamppb.New(*sent)
	}
	return &e, nil
}
