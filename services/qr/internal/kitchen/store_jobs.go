package kitchen

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/run/pg"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
)

// workingPrinters returns the active printers of a merchant, with their stations.
func workingPrinters(ctx context.Context, tx pgx.Tx, merchantID string) ([]*printer, error) {
	rows, err := tx.Query(ctx, `select id::text, stations::text[] from kitchen_printers where merchant_id = $1 and is_active order by created_at, id`, merchantID)
	if err != nil {
		return nil, fmt.Errorf("find printers: %w", err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (*printer, error) {
		p := &printer{}
		err := row.Scan(&p.ID, &p.Stations)
		return p, err
	})
	if err != nil {
		return nil, fmt.Errorf("find printers: %w", err)
	}
	return list, nil
}

func insertJobs(ctx context.Context, tx pgx.Tx, jobs []*job) error {
	if len(jobs) == 0 {
		return nil
	}
	b := &pgx.Batch{}
	for _, j := range jobs {
		b.Queue(`insert into kitchen_print_jobs (id, merchant_id, printer_id, order_id, station_id, course, once, state, created_at, expires_at)
			values ($1, $2, $3, nullif($4, '')::uuid, nullif($5, '')::uuid, $6, $7, $8, $9, $10) on conflict (printer_id, once) do nothing`,
			j.ID, j.Merchant, j.Printer, j.Order, j.Station, j.Course, j.Once, j.State, j.CreatedAt, j.ExpiresAt)
	}
	if err := tx.SendBatch(ctx, b).Close(); err != nil {
		return fmt.Errorf("queue tickets: %w", err)
	}
	return nil
}

const jobColumns = `j.id::text, j.merchant_id::text, j.printer_id::text, coalesce(j.order_id::text, ''), coalesce(j.station_id::text, ''),
	coalesce((select o.number from orders o where o.id = j.order_id), 0), j.course, j.once, j.state, j.problem, j.attempts, j.created_at, j.expires_at,
	j.sent_at, j.ended_at`

func scanJob(row pgx.CollectableRow) (*job, error) {
	j := &job{}
	err := row.Scan(&j.ID, &j.Merchant, &j.Printer, &j.Order, &j.Station, &j.Number, &j.Course, &j.Once, &j.State, &j.Problem, &j.Attempts, &j.CreatedAt,
		&j.ExpiresAt, &j.SentAt, &j.EndedAt)
	return j, err
}

func findJobs(ctx context.Context, db pg.DB, sql string, args ...any) ([]*job, error) {
	rows, err := db.Query(ctx, sql, args...)
	if err != nil {
		return nil, fmt.Errorf("read tickets: %w", err)
	}
	list, err := pgx.CollectRows(rows, scanJob)
	if err != nil {
		return nil, fmt.Errorf("read tickets: %w", err)
	}
	return list, nil
}

// oneJob returns the only ticket of a query; nil if there is none.
func oneJob(ctx context.Context, db pg.DB, sql string, args ...any) (*job, error) {
	list, err := findJobs(ctx, db, sql, args...)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	return list[0], nil
}

// jobsOf returns the newest tickets; their ids are in the order of their times.
func jobsOf(ctx context.Context, db pg.DB, r *qrv1.ListPrintJobsRequest, limit int) ([]*job, error) {
	sql, args := `select `+jobColumns+` from kitchen_print_jobs j where j.merchant_id = $1`, []any{r.GetMerchantId()}
	narrow := func(value, condition string) {
		if value != "" {
			args = append(args, value)
			sql += fmt.Sprintf(condition, len(args))
		}
	}
	narrow(r.GetStartingAfter(), ` and j.id < $%d`)
	narrow(r.GetPrinterId(), ` and j.printer_id = $%d`)
	narrow(r.GetOrderId(), ` and j.order_id = $%d`)
	return findJobs(ctx, db, fmt.Sprintf(`%s order by j.id desc limit %d`, sql, limit), args...)
}

// nextJob returns the oldest ticket that a printer has to print; nil if there is none.
func nextJob(ctx context.Context, db pg.DB, printerID string, now time.Time) (*job, error) {
	return oneJob(ctx, db, `select `+jobColumns+` from kitchen_print_jobs j where j.printer_id = $1 and j.state in ('queued', 'sent') and j.expires_at > $2
		order by j.id limit 1`, printerID, now)
}

// lockJob returns a ticket of the printer that is to be printed: that with the id, or with none the oldest; nil if there is none.
func lockJob(ctx context.Context, tx pgx.Tx, printerID, id string, now time.Time) (*job, error) {
	return oneJob(ctx, tx, `select `+jobColumns+` from kitchen_print_jobs j where j.printer_id = $1 and ($2 = '' or j.id::text = $2)
		and j.state in ('queued', 'sent') and j.expires_at > $3 order by j.id limit 1 for no key update`, printerID, id, now)
}

// handOver notes that the printer gets a ticket now.
func handOver(ctx context.Context, tx pgx.Tx, j *job, now time.Time) error {
	j.Attempts++
	_, err := tx.Exec(ctx, `update kitchen_print_jobs set state = 'sent', attempts = $2, sent_at = $3 where id = $1 and state in ('queued', 'sent')`, j.ID, j.Attempts, now)
	if err != nil {
		return fmt.Errorf("hand a ticket over: %w", err)
	}
	return nil
}

// lockSent returns a ticket that the printer has: that with the id, or with none the one that it got last; nil if there is none.
func lockSent(ctx context.Context, tx pgx.Tx, printerID, id string) (*job, error) {
	return oneJob(ctx, tx, `select `+jobColumns+` from kitchen_print_jobs j where j.printer_id = $1 and ($2 = '' or j.id::text = $2) and j.state = 'sent'
		order by j.sent_at desc limit 1 for no key update`, printerID, id)
}

// settle writes what became of a ticket that the printer had.
func settle(ctx context.Context, tx pgx.Tx, j *job, state, problem string, now time.Time) error {
	_, err := tx.Exec(ctx, `update kitchen_print_jobs set state = $2, problem = $3, ended_at = case when $2 <> 'queued' then $4::timestamptz end
		where id = $1 and state in ('queued', 'sent')`, j.ID, state, problem, now)
	if err != nil {
		return fmt.Errorf("settle a ticket: %w", err)
	}
	return nil
}

// requeue queues a ticket that ended again. It keeps its attempts, so it is marked as a copy if it was handed over before.
func requeue(ctx context.Context, db pg.DB, merchantID, id string, now time.Time) (*job, error) {
	tag, err := db.Exec(ctx, `update kitchen_print_jobs set state = 'queued', ended_at = null, problem = '', attempts = least(attempts, 1), expires_at = $3
		where merchant_id = $1 and id = $2 and state in ('printed', 'failed', 'expired')`, merchantID, id, now.Add(jobLife))
	if err != nil {
		return nil, fmt.Errorf("print again: %w", err)
	}
	j, err := oneJob(ctx, db, `select `+jobColumns+` from kitchen_print_jobs j where j.merchant_id = $1 and j.id = $2`, merchantID, id)
	switch {
	case err != nil:
		return nil, err
	case j == nil:
		return nil, errs.NotFound(jobNoun)
	case tag.RowsAffected() == 0 && j.State == sent:
		return nil, errs.New(errs.InvalidState, "The printer has this ticket at the moment. Wait until it is printed.")
	default:
		return j, nil
	}
}

// expireJobs ends at most limit tickets that are too old to be printed, and deletes as many ended ones that nobody looks for any more.
func expireJobs(ctx context.Context, db pg.DB, now, keepSince time.Time, limit int) error {
	_, err := db.Exec(ctx, `update kitchen_print_jobs set state = 'expired', ended_at = $1, problem = 'not printed in time'
		where id in (select id from kitchen_print_jobs where state in ('queued', 'sent') and expires_at <= $1 order by expires_at limit $2)
		and state in ('queued', 'sent')`, now, limit)
	if err != nil {
		return fmt.Errorf("expire tickets: %w", err)
	}
	_, err = db.Exec(ctx, `delete from kitchen_print_jobs where id in (select id from kitchen_print_jobs where created_at < $1 order by created_at limit $2)
		and ended_at is not null`, keepSince, limit)
	if err != nil {
		return fmt.Errorf("delete old tickets: %w", err)
	}
	return nil
}
