package catalog

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/run/pg"
)

// insertJob records a search for a product that has no image. A second one for the same product changes nothing.
func insertJob(ctx context.Context, db pg.DB, productID string, now time.Time) error {
	_, err := db.Exec(ctx, `insert into image_jobs (product_id, due_at) select id, $2 from products where id = $1 and image_url = ''
		on conflict do nothing`, productID, now)
	if err != nil {
		return fmt.Errorf("record image job: %w", err)
	}
	return nil
}

// deleteJob ends the search for an image of a product.
func deleteJob(ctx context.Context, db pg.DB, productID string) error {
	if _, err := db.Exec(ctx, `delete from image_jobs where product_id = $1`, productID); err != nil {
		return fmt.Errorf("end image job: %w", err)
	}
	return nil
}

// postponeJob records the number of attempts and when the next one is due.
func postponeJob(ctx context.Context, db pg.DB, productID string, attempts int, dueAt time.Time) error {
	_, err := db.Exec(ctx, `update image_jobs set attempts = $2, due_at = $3 where product_id = $1`, productID, attempts, dueAt)
	if err != nil {
		return fmt.Errorf("postpone image job: %w", err)
	}
	return nil
}

// firstJob is when the next search is due.
const firstJob = `select min(due_at) from image_jobs`

// claim claims the searches that have been due longest.
func (f *Backfill) claim(ctx context.Context, limit int) ([]job, error) {
	now := f.store.now()
	rows, err := f.pool.Query(ctx, `with due as (select product_id from image_jobs where due_at <= $1 order by due_at limit $3 for update skip locked)
		update image_jobs j set due_at = $2 from due join products p on p.id = due.product_id where j.product_id = due.product_id
		returning p.id::text, p.merchant_id::text, p.name, p.category, j.attempts`, now, now.Add(jobLease), limit)
	if err != nil {
		return nil, fmt.Errorf("claim image jobs: %w", err)
	}
	return pgx.CollectRows(rows, func(r pgx.CollectableRow) (j job, err error) {
		return j, r.Scan(&j.ID, &j.MerchantID, &j.Name, &j.Category, &j.attempts)
	})
}
