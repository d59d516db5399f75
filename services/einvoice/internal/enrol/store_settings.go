package enrol

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/run/pg"
	"european-pay.eu/eupay/services/einvoice/internal/invoice"
)

// updateSettings stores the settings of an enrolment, and the logo if one is given.
func updateSettings(ctx context.Context, tx pgx.Tx, old Enrolment, s invoice.Settings, logo []byte, now time.Time) error {
	settings, err := json.Marshal(s)
	if err != nil {
		return fmt.Errorf("encode settings: %w", err)
	}
	_, err = tx.Exec(ctx, `update enrolments set settings = $3, logo = coalesce($4, logo), updated_at = $5 where merchant_id = $1 and livemode = $2`,
		old.MerchantID, old.Livemode, settings, orNull(logo), now)
	if err != nil {
		return fmt.Errorf("change settings: %w", err)
	}
	return nil
}

// updateLogo replaces the logo in both modes; an empty one removes it.
func updateLogo(ctx context.Context, db pg.DB, merchantID string, logo []byte, now time.Time) error {
	_, err := db.Exec(ctx, `update enrolments set logo = $2, updated_at = $3 where merchant_id = $1`, merchantID, orNull(logo), now)
	if err != nil {
		return fmt.Errorf("store logo: %w", err)
	}
	return nil
}

// allowRequest forgets when the platform was last called, so that the next reader calls it at once.
func allowRequest(ctx context.Context, tx pgx.Tx, e Enrolment) error {
	_, err := tx.Exec(ctx, `update enrolments set asked_at = null where merchant_id = $1 and livemode = $2`, e.MerchantID, e.Livemode)
	if err != nil {
		return fmt.Errorf("make enrolment due: %w", err)
	}
	return nil
}

// recordHint makes the enrolment of a client due now, or after the request in progress.
func recordHint(ctx context.Context, db pg.DB, clientID string, livemode bool, now time.Time) error {
	_, err := db.Exec(ctx, `update enrolments set asked_at = null, due_at = case when lease is null then least(due_at, $3) else due_at end
		where client_id = $1 and livemode = $2`, clientID, livemode, now)
	if err != nil {
		return fmt.Errorf("record hint: %w", err)
	}
	return nil
}

// hasDocuments reports whether the merchant has issued documents in the mode.
func hasDocuments(ctx context.Context, tx pgx.Tx, e Enrolment) (bool, error) {
	var is bool
	err := tx.QueryRow(ctx, `select exists (select from invoices where merchant_id = $1 and livemode = $2)`, e.MerchantID, e.Livemode).Scan(&is)
	if err != nil {
		return false, fmt.Errorf("find documents: %w", err)
	}
	return is, nil
}

// insert records a new enrolment, or locks and returns the existing one.
func (r *Enroller) insert(
	ctx context.Context, tx pgx.Tx, merchantID string, livemode bool, s invoice.Settings, logo []byte,
) (old Enrolment, is bool, err error) {
	settings, err := json.Marshal(s)
	if err != nil {
		return Enrolment{}, false, fmt.Errorf("encode settings: %w", err)
	}
	now := r.instant()
	for n := range maxCodeAttempts {
		tag, err := tx.Exec(ctx, `insert into enrolments (merchant_id, livemode, settings, code, logo, due_at, created_at, updated_at)
			values ($1, $2, $3, $4, $5, $6, $7, $7) on conflict do nothing`,
			merchantID, livemode, settings, numberCode(merchantID, n), orNull(logo), now.Add(enrolHold), now)
		if err != nil {
			return Enrolment{}, false, fmt.Errorf("enrol: %w", err)
		}
		if tag.RowsAffected() == 1 {
			return Enrolment{}, false, nil
		}
		old, err := lock(ctx, tx, merchantID, livemode)
		if !errs.Is(err, errs.NotEnrolled) {
			return old, err == nil, err
		}
	}
	return Enrolment{}, false, fmt.Errorf("enrol: no unused code found for %s", merchantID)
}

func orNull(logo []byte) []byte {
	if len(logo) == 0 {
		return nil
	}
	return logo
}

// restartMandate requests a new mandate. A request in progress concerns the old one, so its result is not recorded.
func (r *Enroller) restartMandate(ctx context.Context, tx pgx.Tx, old Enrolment, hold time.Duration) error {
	_, err := tx.Exec(ctx, `update enrolments set mandate_id = '', mandate_status = 'creating', due_at = $3, lease = null, asked_at = null,
		attempts = 0, last_error = '' where merchant_id = $1 and livemode = $2`, old.MerchantID, old.Livemode, r.instant().Add(hold))
	if err != nil {
		return fmt.Errorf("restart enrolment: %w", err)
	}
	return nil
}
