package notice

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/run/pg"
	"european-pay.eu/eupay/services/gateway/internal/postbox"
	"european-pay.eu/eupay/services/gateway/internal/rights"
)

// ownersOf are the owners of the merchant who can log in and whose address is verified.
func ownersOf(ctx context.Context, tx pg.DB, merchantID string) ([]Recipient, error) {
	rows, err := tx.Query(ctx, `select id::text, email from users where merchant_id = $1 and role = $2 and not disabled and unverified_since is null`,
		merchantID, string(rights.RoleMerchant))
	if err != nil {
		return nil, fmt.Errorf("read owners: %w", err)
	}
	owners, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Recipient])
	if err != nil {
		return nil, fmt.Errorf("read owners: %w", err)
	}
	return owners, nil
}

// inTeam returns postbox.ErrVoid unless the address is one that a member of the merchant's team has verified.
func inTeam(ctx context.Context, db pg.DB, merchantID, email string) error {
	var is bool
	err := db.QueryRow(ctx, `select exists (select 1 from users where merchant_id = $1 and lower(email) = lower($2) and not disabled
		and unverified_since is null and removed_at is null)`, merchantID, email).Scan(&is)
	if err != nil {
		return fmt.Errorf("look for a member of the team: %w", err)
	}
	if !is {
		return postbox.ErrVoid
	}
	return nil
}
