package catalog

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"google.golang.org/protobuf/proto"

	"european-pay.eu/eupay/internal/bus"
	"european-pay.eu/eupay/internal/consume"
	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/leader"
	eventsv1 "european-pay.eu/eupay/proto/eupay/events/v1"
)

const (
	// jobsEvery is the longest that a due search waits for its turn.
	jobsEvery = 2 * time.Second
	// A search that fails is repeated after 1, 2, 4 and 8 minutes, then given up.
	jobAttempts = 5
	jobPause    = time.Minute
)

// Backfill finds images for products that were created without one: a consumer of product.created notes what to look
// for, a worker looks. The search may ask a remote service, so neither happens within the other's transaction.
type Backfill struct {
	store    *Store
	finder   Finder
	log      *slog.Logger
	consumer *consume.Consumer
	pool     *pgxpool.Pool
	wake     chan struct{}
}

// NewBackfill returns the backfill, the consumer "images".
func NewBackfill(store *Store, finder Finder, b *bus.Bus, log *slog.Logger) *Backfill {
	f := &Backfill{store: store, finder: finder, log: log, pool: store.pool, wake: make(chan struct{}, 1)}
	f.consumer = consume.New(consume.Config{Name: "images", Subjects: []string{"eupay.evt.*.product.created.>"}}, store.pool, b, f.note, f.poke, log)
	return f
}

// Consume notes new products until ctx ends.
func (f *Backfill) Consume(ctx context.Context) error { return f.consumer.Run(ctx) }

// Search looks for images until ctx ends. Of all replicas one searches.
func (f *Backfill) Search(ctx context.Context) error {
	return leader.Run(ctx, f.pool, "search images", f.log, f.lead)
}

func (f *Backfill) poke() {
	select {
	case f.wake <- struct{}{}:
	default:
	}
}

// note makes a job of each new product that has no image. The product may have one or be gone by now: the job will see.
func (f *Backfill) note(ctx context.Context, tx pgx.Tx, batch []consume.Event) error {
	for _, e := range batch {
		var changed eventsv1.ProductChanged
		if err := proto.Unmarshal(e.Data, &changed); err != nil {
			return consume.Poison(fmt.Errorf("decode %s: %w", e.Type, err))
		}
		if changed.GetImageUrl() != "" {
			continue
		}
		_, err := tx.Exec(ctx, `insert into image_jobs (product_id, due_at) select id, $2 from products where id = $1 and image_url = ''
			on conflict do nothing`, changed.GetProductId(), f.store.now())
		if err != nil {
			return fmt.Errorf("note product without image: %w", err)
		}
	}
	return nil
}

func (f *Backfill) lead(ctx context.Context) error {
	poll := time.NewTicker(jobsEvery)
	defer poll.Stop()
	for {
		did, err := f.next(ctx)
		if err != nil {
			return err
		}
		if did {
			continue
		}
		select {
		case <-ctx.Done():
			return nil
		case <-f.wake:
		case <-poll.C:
		}
	}
}

// next does the job that is due longest and reports whether there was one.
func (f *Backfill) next(ctx context.Context) (bool, error) {
	var (
		p        Product
		attempts int
	)
	err := f.pool.QueryRow(ctx, `select p.id::text, p.merchant_id::text, p.name, p.category, j.attempts
		from image_jobs j join products p on p.id = j.product_id where j.due_at <= $1 order by j.due_at limit 1`, f.store.now()).
		Scan(&p.ID, &p.MerchantID, &p.Name, &p.Category, &attempts)
	if errors.Is(err, pgx.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("read image jobs: %w", err)
	}
	imageURL, err := f.finder.Find(ctx, p.MerchantID, p.Name, p.Category)
	if err != nil {
		return true, f.failed(ctx, p, attempts+1, err)
	}
	return true, f.found(ctx, p, imageURL)
}

// found gives the product the image, unless the merchant was faster.
func (f *Backfill) found(ctx context.Context, job Product, imageURL string) error {
	err := f.store.change(ctx, func(tx pgx.Tx) error {
		p, err := one(ctx, tx, job.MerchantID, job.ID, "for update")
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `delete from image_jobs where product_id = $1`, p.ID); err != nil {
			return fmt.Errorf("end image job: %w", err)
		}
		if p.ImageURL != "" {
			return nil
		}
		p.ImageURL = imageURL
		return f.store.save(ctx, tx, &p)
	})
	if errs.Is(err, errs.NotFoundCode) {
		err = nil // deleted, and the job with it
	}
	return err
}

// failed notes when to look again. A service that stops is no failure.
func (f *Backfill) failed(ctx context.Context, p Product, attempts int, reason error) error {
	if errors.Is(ctx.Err(), context.Canceled) {
		return nil
	}
	f.log.Warn("no image found for a product", "product", p.ID, "attempt", attempts, "error", reason)
	sql, args := `update image_jobs set attempts = $2, due_at = $3 where product_id = $1`,
		[]any{p.ID, attempts, f.store.now().Add(jobPause << (attempts - 1))}
	if attempts >= jobAttempts {
		sql, args = `delete from image_jobs where product_id = $1`, []any{p.ID}
	}
	if _, err := f.pool.Exec(ctx, sql, args...); err != nil {
		return fmt.Errorf("note failed search: %w", err)
	}
	return nil
}
