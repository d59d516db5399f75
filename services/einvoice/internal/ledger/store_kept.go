package ledger

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"european-pay.eu/eupay/internal/run/pg"
)

// setKept records whether an invoice waits until its buyer can be reached, and what it says meanwhile.
func setKept(ctx context.Context, db pg.DB, id uuid.UUID, kept bool, problem string) error {
	if _, err := db.Exec(ctx, `update invoices set kept = $2, problem = $3 where id = $1`, id, kept, problem); err != nil {
		return fmt.Errorf("record whether an invoice is kept: %w", err)
	}
	return nil
}

func (l *Ledger) isKept(ctx context.Context, id uuid.UUID) (kept bool, err error) {
	if err := l.Pool.QueryRow(ctx, `select kept from invoices where id = $1`, id).Scan(&kept); err != nil {
		return false, fmt.Errorf("read whether an invoice is kept: %w", err)
	}
	return kept, nil
}
