package catalog

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/run/pg"
)

const (
	// maxUploads is the maximum number of a merchant's uploads that are not saved on a product.
	maxUploads = 100
	// uploadEnds is after how long no upload can be in progress any more: the store checks the expiry when a request begins.
	uploadEnds = UploadTTL + 10*time.Minute
	// uploadRetention is how long an upload may wait to be saved on a product, after its URL has expired.
	uploadRetention = 24 * time.Hour
)

// The states of an upload.
const (
	uploadOpen     = "open"
	uploadKept     = "kept"
	uploadAttached = "attached"
	uploadOver     = "over"
)

// upload is one signed upload, identified by the key of its public object.
type upload struct{ key, state string }

// recordUpload records an upload before its URL is returned.
func (s *Store) recordUpload(ctx context.Context, merchantID, key string) error {
	tag, err := s.pool.Exec(ctx, `insert into image_uploads (key, merchant_id, state, due_at) select $1, $2::uuid, 'open', $3
		where (select count(*) from image_uploads where merchant_id = $2::uuid and state in ('open', 'kept')) < $4`,
		key, merchantID, s.now().Add(uploadEnds), maxUploads)
	if err != nil {
		return fmt.Errorf("record upload: %w", err)
	}
	if tag.RowsAffected() == 0 {
		return errs.New(errs.InvalidState, "You have %d uploaded images that no product uses. Save them on products, or wait a day until they are removed.", maxUploads)
	}
	return nil
}

// uploadOf returns the state of a merchant's upload; empty if there is none, as for generated images.
func (s *Store) uploadOf(ctx context.Context, merchantID, key string) (string, error) {
	var state string
	err := s.pool.QueryRow(ctx, `select state from image_uploads where key = $1 and merchant_id = $2`, key, merchantID).Scan(&state)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return "", fmt.Errorf("read upload: %w", err)
	}
	return state, nil
}

// attach records, in the transaction that saves an upload on a product, that it is permanent. The sweeper may have removed it
// already.
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

// claimUploads claims the uploads that have been due longest with a lease.
func (s *Store) claimUploads(ctx context.Context, lease time.Duration, limit int) ([]upload, error) {
	now := s.now()
	rows, err := s.pool.Query(ctx, `update image_uploads set due_at = $2 where key in (
		select key from image_uploads where due_at <= $1 order by due_at limit $3 for update skip locked) returning key, state`, now, now.Add(lease), limit)
	if err != nil {
		return nil, fmt.Errorf("claim uploads: %w", err)
	}
	return pgx.CollectRows(rows, func(r pgx.CollectableRow) (u upload, err error) { return u, r.Scan(&u.key, &u.state) })
}

// setUploadState changes the state of an upload and its due time, unless its state has changed in the meantime.
func (s *Store) setUploadState(ctx context.Context, u upload, state string, due time.Time) error {
	_, err := s.pool.Exec(ctx, `update image_uploads set state = $3, due_at = $4 where key = $1 and state = $2`, u.key, u.state, state, due)
	if err != nil {
		return fmt.Errorf("change upload: %w", err)
	}
	return nil
}

// deleteUpload deletes an upload that is done, unless its state has changed in the meantime.
func (s *Store) deleteUpload(ctx context.Context, u upload) error {
	if _, err := s.pool.Exec(ctx, `delete from image_uploads where key = $1 and state = $2`, u.key, u.state); err != nil {
		return fmt.Errorf("delete upload: %w", err)
	}
	return nil
}
