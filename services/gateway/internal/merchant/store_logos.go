package merchant

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/services/gateway/internal/audit"
)

// MaxLogo is the largest file of a logo in bytes.
const MaxLogo = 512 << 10

// Logo is the picture for the middle of a merchant's QR codes, a PNG or JPEG file. It is nil when the merchant has none.
func (s *Merchants) Logo(ctx context.Context, id string) ([]byte, error) {
	var file []byte
	err := s.deps.Pool.QueryRow(ctx, `select image from merchant_logos where merchant_id = $1`, id).Scan(&file)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read logo: %w", err)
	}
	return file, nil
}

// SetLogo keeps a picture that the caller has checked, and drops the one before; nil only drops it.
func (s *Merchants) SetLogo(ctx context.Context, by audit.Actor, id string, file []byte) error {
	now := s.instant()
	return pgx.BeginFunc(ctx, s.deps.Pool, func(tx pgx.Tx) error {
		if _, err := Lock(ctx, tx, id); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `delete from merchant_logos where merchant_id = $1`, id); err != nil {
			return fmt.Errorf("delete logo: %w", err)
		}
		if file != nil {
			_, err := tx.Exec(ctx, `insert into merchant_logos (merchant_id, image, updated_at) values ($1, $2, $3)`, id, file, now)
			if err != nil {
				return fmt.Errorf("insert logo: %w", err)
			}
		}
		return audit.Record(ctx, tx, now, by, "merchant.logo", id, map[string]any{"bytes": len(file)})
	})
}
