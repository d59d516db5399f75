package catalog

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"european-pay.eu/eupay/internal/due"
)

const (
	// sweepEvery is the maximum delay of a due upload, sweepAtOnce the number of concurrent removals in one process.
	sweepEvery  = 30 * time.Second
	sweepAtOnce = 4
	// sweepPause is the delay after a failed request to the store. It is also the lease of an upload.
	sweepPause = time.Minute
)

// Sweeper removes uploaded objects that are not needed: the private object of every attached upload once its URL has expired, and
// everything of an upload that was not saved on a product within a day.
type Sweeper struct {
	store  *Store
	images *Images
	log    *slog.Logger
	loop   *due.Loop[upload]
}

// NewSweeper returns the sweeper of these uploads.
func NewSweeper(store *Store, images *Images, log *slog.Logger) *Sweeper {
	w := &Sweeper{store: store, images: images, log: log}
	w.loop = due.New(due.Config[upload]{
		What: "uploads", Every: sweepEvery, AtOnce: sweepAtOnce, Within: sweepPause * 9 / 10, Log: log,
		Claim: func(ctx context.Context, limit int) ([]upload, error) {
			return store.claimUploads(ctx, sweepPause, limit)
		},
		Do: w.sweep,
	})
	return w
}

// Run sweeps until ctx ends.
func (w *Sweeper) Run(ctx context.Context) error { return w.loop.Run(ctx) }

// sweep takes an upload one step further. If the store does not answer, the upload is due again when its lease ends.
func (w *Sweeper) sweep(ctx context.Context, u upload) {
	if err := w.step(ctx, u); err != nil && !errors.Is(ctx.Err(), context.Canceled) {
		w.log.Warn("upload not swept, retrying", "state", u.state, "error", err)
	}
}

// step takes an upload to its next state. Steps are repeated after a crash.
func (w *Sweeper) step(ctx context.Context, u upload) error {
	switch u.state {
	case uploadOpen:
		if err := w.images.deleteTooLarge(ctx, u.key); err != nil {
			return err
		}
		return w.store.setUploadState(ctx, u, uploadKept, w.store.now().Add(uploadRetention))
	case uploadKept:
		// From here on no product can use it, so removing it is safe.
		defer w.loop.Nudge()
		return w.store.setUploadState(ctx, u, uploadOver, w.store.now())
	case uploadAttached:
		if err := w.images.remove(ctx, uploads+u.key); err != nil {
			return err
		}
		return w.store.deleteUpload(ctx, u)
	}
	if err := errors.Join(w.images.remove(ctx, uploads+u.key), w.images.remove(ctx, u.key)); err != nil {
		return err
	}
	return w.store.deleteUpload(ctx, u)
}
