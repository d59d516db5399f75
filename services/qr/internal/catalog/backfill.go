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

	"european-pay.eu/eupay/internal/due"
	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/run/bus"
	"european-pay.eu/eupay/internal/run/consume"
	eventsv1 "european-pay.eu/eupay/proto/eupay/events/v1"
)

const (
	// jobsEvery is the maximum delay of a due search, jobsAtOnce the number of concurrent searches in one process.
	jobsEvery  = 2 * time.Second
	jobsAtOnce = 2
	// jobLease keeps other replicas from a search in progress.
	jobLease = bedrockTimeout + 15*time.Second
	// A failed search is retried after 1, 2, 4 and 8 minutes, then given up.
	jobAttempts = 5
	jobPause    = time.Minute
)

// Backfill finds images for products that were created without one: a consumer of product.created records jobs, and a worker
// searches. The search may call a remote service, so it is not part of the consumer's transaction.
type Backfill struct {
	store    *Store
	finder   Finder
	log      *slog.Logger
	consumer *consume.Consumer
	pool     *pgxpool.Pool
	jobs     *due.Loop[job]
}

// job is the search for an image of a product.
type job struct {
	Product
	attempts int
}

// NewBackfill returns the backfill with the consumer "images".
func NewBackfill(store *Store, finder Finder, b *bus.Bus, log *slog.Logger) *Backfill {
	f := &Backfill{store: store, finder: finder, log: log, pool: store.pool}
	f.jobs = due.New(due.Config[job]{
		What: "searches for images", Every: jobsEvery, AtOnce: jobsAtOnce, Within: jobLease - 5*time.Second, Claim: f.claim, Do: f.search, Log: log,
		Watch: due.Watch{DB: store.pool, First: firstJob, Now: store.now},
	})
	f.consumer = consume.New(consume.Config{Name: "images", Subjects: []string{"eupay.evt.*.product.created.>"}}, store.pool, b, f.recordJobs, f.jobs.Nudge, log)
	return f
}

// Consume records jobs for new products until ctx ends.
func (f *Backfill) Consume(ctx context.Context) error { return f.consumer.Run(ctx) }

// Search processes the jobs until ctx ends.
func (f *Backfill) Search(ctx context.Context) error { return f.jobs.Run(ctx) }

// recordJobs records a job for each new product without an image. The product may have one or be deleted by now; the job checks
// that.
func (f *Backfill) recordJobs(ctx context.Context, tx pgx.Tx, batch []consume.Event) error {
	for _, e := range batch {
		var changed eventsv1.ProductChanged
		if err := proto.Unmarshal(e.Data, &changed); err != nil {
			return consume.Poison(fmt.Errorf("decode %s: %w", e.Type, err))
		}
		if changed.GetImageUrl() != "" {
			continue
		}
		if err := insertJob(ctx, tx, changed.GetProductId(), f.store.now()); err != nil {
			return err
		}
	}
	return nil
}

func (f *Backfill) search(ctx context.Context, j job) {
	imageURL, err := f.finder.Find(ctx, j.MerchantID, j.Name, j.Category)
	if err != nil {
		err = f.recordFailure(ctx, j.Product, j.attempts+1, err)
	} else {
		err = f.saveImage(ctx, j.Product, imageURL)
	}
	if err != nil {
		f.log.WarnContext(ctx, "result of an image search not recorded, searching again", "product", j.ID, "error", err)
	}
}

// saveImage sets the image of the product, unless the merchant has set one.
func (f *Backfill) saveImage(ctx context.Context, job Product, imageURL string) error {
	err := f.store.change(ctx, func(tx pgx.Tx) error {
		p, err := readOne(ctx, tx, job.MerchantID, job.ID, "for update")
		if err != nil {
			return err
		}
		if err := deleteJob(ctx, tx, p.ID); err != nil {
			return err
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

// recordFailure schedules the next attempt. A shutdown does not count as a failure.
func (f *Backfill) recordFailure(ctx context.Context, p Product, attempts int, reason error) error {
	if errors.Is(ctx.Err(), context.Canceled) {
		return nil
	}
	f.log.WarnContext(ctx, "no image found for a product", "product", p.ID, "attempt", attempts, "error", reason)
	if attempts >= jobAttempts {
		return deleteJob(ctx, f.pool, p.ID)
	}
	return postponeJob(ctx, f.pool, p.ID, attempts, f.store.now().Add(jobPause<<(attempts-1)))
}
