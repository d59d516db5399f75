package catalog

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/leader"
)

// sweepEvery is the longest that a due upload waits for its turn.
const sweepEvery = 30 * time.Second

// Sweeper removes what was uploaded and is not needed: the bytes of every upload once its URL has ended and it was attached, and
// everything of an upload that no product got within a day.
type Sweeper struct {
	store  *Store
	images *Images
	log    *slog.Logger
}

// NewSweeper returns the sweeper of these uploads.
func NewSweeper(store *Store, images *Images, log *slog.Logger) *Sweeper {
	return &Sweeper{store: store, images: images, log: log}
}

// Run sweeps until ctx ends. Of all replicas one sweeps.
func (w *Sweeper) Run(ctx context.Context) error {
	return leader.Run(ctx, w.store.pool, "sweep uploads", w.log, w.lead)
}

func (w *Sweeper) lead(ctx context.Context) error {
	poll := time.NewTicker(sweepEvery)
	defer poll.Stop()
	for {
		did, err := w.next(ctx)
		if err != nil {
			return err
		}
		if did {
			continue
		}
		select {
		case <-ctx.Done():
			return nil
		case <-poll.C:
		}
	}
}

// next does what is due longest and reports whether there was something. A store that does not answer is asked again later.
func (w *Sweeper) next(ctx context.Context) (bool, error) {
	u, err := w.store.dueUpload(ctx)
	if err != nil || u.key == "" {
		return false, err
	}
	err = w.step(ctx, u)
	if errs.Is(err, errs.Unavailable) && ctx.Err() == nil {
		w.log.Warn("an upload was not swept", "state", u.state, "error", err)
		return true, w.store.moveUpload(ctx, u, u.state, w.store.now().Add(sweepPause))
	}
	return true, err
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
