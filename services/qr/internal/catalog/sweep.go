package catalog

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"european-pay.eu/eupay/internal/due"
)

const (
	// sweepEvery is the longest that a due upload waits for its turn, sweepAtOnce how many one process removes at a time.
	sweepEvery  = 30 * time.Second
	sweepAtOnce = 4
	// sweepPause is the wait after a store that did not answer. It is the lease of an upload, too.
	sweepPause = time.Minute
)

// Sweeper removes what was uploaded and is not needed: the bytes of every upload once its URL has ended and it was attached, and
// everything of an upload that no product got within a day.
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

// sweep takes an upload one step further. When the store does not answer the upload is due again as its claim has said.
func (w *Sweeper) sweep(ctx context.Context, u upload) {
	if err := w.step(ctx, u); err != nil && !errors.Is(ctx.Err(), context.Canceled) {
		w.log.Warn("an upload was not swept", "state", u.state, "error", err)
	}
}

// step takes an upload to its next state. Who is between two steps when the process dies does the first one again.
func (w *Sweeper) step(ctx context.Context, u upload) error {
	switch u.state {
	case uploadOpen:
		if err := w.images.dropLarge(ctx, u.key); err != nil {
			return err
		}
		return w.store.moveUpload(ctx, u, uploadKept, w.store.now().Add(keepUpload))
	case uploadKept:
		// From here on no product can get it, so nobody misses what is removed next.
		defer w.loop.Nudge()
		return w.store.moveUpload(ctx, u, uploadOver, w.store.now())
	case uploadAttached:
		if err := w.images.remove(ctx, uploads+u.key); err != nil {
			return err
		}
		return w.store.forgetUpload(ctx, u)
	}
	if err := errors.Join(w.images.remove(ctx, uploads+u.key), w.images.remove(ctx, u.key)); err != nil {
		return err
	}
	return w.store.forgetUpload(ctx, u)
}
