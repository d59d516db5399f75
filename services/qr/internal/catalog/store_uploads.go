package catalog

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/pg"
)

const (
	// maxUploads of one merchant wait to be saved on a product.
	maxUploads = 100
	// uploadEnds is when nobody can be sending with a signed URL any more: the store looks at the time when a request begins.
	uploadEnds = UploadTTL + 10*time.Minute
	// keepUpload is how long an upload waits to be saved on a product, after its URL has ended.
	keepUpload = 24 * time.Hour
)

// The states of an upload.
const (
	uploadOpen     = "open"
	uploadKept     = "kept"
	uploadAttached = "attached"
	uploadOver     = "over"
)

// upload is one signed upload, by the key of its final object.
type upload struct{ key, state string }

// noteUpload records an upload before anybody gets its URL.
func (s *Store) noteUpload(ctx context.Context, merchantID, key string) error {
	tag, err := s.pool.Exec(ctx, `insert into image_uploads (key, merchant_id, state, due_at) select $1, $2::uuid, 'open', $3
		where (select count(*) from image_uploads where merchant_id = $2::uuid and state in ('open', 'kept')) < $4`,
		key, merchantID, s.now().Add(uploadEnds), maxUploads)
	if err != nil {
		return fmt.Errorf("note upload: %w", err)
	}
	if tag.RowsAffected() == 0 {
		return errs.New(errs.InvalidState, "%d uploaded images wait to be saved on products. Save them, or wait a day until they are removed.", maxUploads)
	}
	return nil
}

// uploadOf returns the state of a merchant's upload; empty when there is none, as for images that were made for it.
func (s *Store) uploadOf(ctx context.Context, merchantID, key string) (string, error) {
	var state string
	err := s.pool.QueryRow(ctx, `select state from image_uploads where key = $1 and merchant_id = $2`, key, merchantID).Scan(&state)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return "", fmt.Errorf("read upload: %w", err)
	}
	return state, nil
}

// attach notes, in the transaction that saves an upload on a product, that it is there to stay. The sweeper may have been faster.
func (f Fields) attach(ctx context.Context, tx pg.DB, now time.Time) error {
	if f.upload == "" {
		return nil
	}
	tag, err := tx.Exec(ctx, `update image_uploads set state = 'attached', due_at = case when state = 'open' then due_at else $2 end
		where key = $1 and state in ('open', 'kept', 'attached')`, f.upload, now)
	if err != nil {
		return fmt.Errorf("attach upload: %w", err)
	}
	if tag.RowsAffected() == 0 {
		return refuseImage(uploadGone)
	}
	return nil
}

// claimUploads takes the uploads that are due longest for the time of a lease.
func (s *Store) claimUploads(ctx context.Context, lease time.Duration, limit int) ([]upload, error) {
	now := s.now()
	rows, err := s.pool.Query(ctx, `update image_uploads set due_at = $2 where key in (
		select key from image_uploads where due_at <= $1 order by due_at limit $3 for update skip locked) returning key, state`, now, now.Add(lease), limit)
	if err != nil {
		return nil, fmt.Errorf("claim uploads: %w", err)
	}
	return pgx.CollectRows(rows, func(r pgx.CollectableRow) (u upload, err error) { return u, r.Scan(&u.key, &u.state) })
}

// moveUpload changes the state of an upload, and when it is due, unless it has another one by now.
func (s *Store) moveUpload(ctx context.Context, u upload, state string, due time.Time) error {
	_, err := s.pool.Exec(ctx, `update image_uploads set state = $3, due_at = $4 where key = $1 and state = $2`, u.key, u.state, state, due)
	if err != nil {
		return fmt.Errorf("change upload: %w", err)
	}
	return nil
}

// forgetUpload removes an upload that needs nothing any more, unless it has another state by now.
func (s *Store) forgetUpload(ctx context.Context, u upload) error {
	if _, err := s.pool.Exec(ctx, `delete from image_uploads where key = $1 and state = $2`, u.key, u.state); err != nil {
		return fmt.Errorf("forget upload: %w", err)
	}
	return nil
}
