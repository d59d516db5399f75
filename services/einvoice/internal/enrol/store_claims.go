package enrol

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/services/einvoice/internal/invoice"
)

// claimSIRET assigns the SIRET to the merchant and releases any other one it had, within the transaction that enrols the merchant
// or changes its settings. In test mode a SIRET need not be unique. It returns ALREADY_EXISTS if another merchant has it.
func (r *Enroller) claimSIRET(ctx context.Context, tx pgx.Tx, merchantID string, livemode bool, s invoice.Settings) error {
	if !livemode {
		return nil
	}
	// The insert waits for concurrent claims of the same SIRET and then sees their row.
	_, err := tx.Exec(ctx, `insert into siret_claims (siret, merchant_id, claimed_at) values ($1, $2, $3) on conflict do nothing`,
		s.SIRET, merchantID, r.instant())
	if err != nil {
		return fmt.Errorf("claim SIRET: %w", err)
	}
	var ours bool
	err = tx.QueryRow(ctx, `select exists (select from siret_claims where siret = $1 and merchant_id = $2)`, s.SIRET, merchantID).Scan(&ours)
	if err != nil {
		return fmt.Errorf("read claim of SIRET: %w", err)
	}
	if !ours {
		return errSIRETTaken(s.SIRET)
	}
	if _, err := tx.Exec(ctx, `delete from siret_claims where merchant_id = $1 and siret <> $2`, merchantID, s.SIRET); err != nil {
		return fmt.Errorf("release SIRET: %w", err)
	}
	return nil
}

func errSIRETTaken(siret string) error {
	e := errs.New(errs.AlreadyExists, "Another EU Pay account is already enrolled with the SIRET %s, and each establishment can have only one account.", siret)
	e.Action = "Use that account, or change its SIRET there first. If it is not yours, contact the support of EU Pay."
	return e
}
