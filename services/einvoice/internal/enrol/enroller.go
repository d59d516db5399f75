package enrol

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"european-pay.eu/eupay/internal/due"
	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/services/einvoice/internal/facturx"
	"european-pay.eu/eupay/services/einvoice/internal/invoice"
	"european-pay.eu/eupay/services/einvoice/internal/platform"
)

// Deps of an enroller.
type Deps struct {
	Pool *pgxpool.Pool
	// Platforms by mode; nobody can enrol in a mode without one.
	Platforms map[bool]platform.Platform
	// Zone is where mandates begin on a day: France.
	Zone *time.Location
	Now  func() time.Time
	// Wake tells the engine of a mode that there is something to send.
	Wake func(livemode bool)
	Log  *slog.Logger
}

// Enroller registers merchants and follows their mandates. No transaction is open while it talks to a platform, so everything
// that it asks for may be asked again after a crash.
type Enroller struct {
	Deps
	// asks are about the enrolments of a mode that are due.
	asks map[bool]*due.Loop[question]
}

// New returns an enroller.
func New(d Deps) *Enroller {
	r := &Enroller{Deps: d}
	r.asks = map[bool]*due.Loop[question]{true: r.loop(true), false: r.loop(false)}
	return r
}

// How long callers wait for the platform: the sweeper goes on without them.
const (
	enrolPatience  = 8 * time.Second
	readerPatience = 3 * time.Second
	linkPatience   = 5 * time.Second
	// enrolHold keeps the sweeper away from what its caller tries first.
	enrolHold = enrolPatience + 2*time.Second
)

// instant is now as PostgreSQL keeps it.
func (r *Enroller) instant() time.Time { return r.Now().UTC().Truncate(time.Microsecond) }

// Enroll registers a merchant and tries the platform at once. Where that does not answer, the mandate is pending and the sweeper
// goes on. Enrolling again changes the settings, and the logo if one is given; a mandate that has ended is asked for anew. Errors:
// VALIDATION_ERROR; INVALID_STATE for another SIREN than that of documents or a mandate; ALREADY_EXISTS for the SIRET of another
// merchant in live mode; LIVE_NOT_CONFIGURED or TEST_NOT_CONFIGURED in a mode without a platform.
func (r *Enroller) Enroll(ctx context.Context, merchantID string, livemode bool, s invoice.Settings, logo []byte) (Enrolment, error) {
	if r.Platforms[livemode] == nil {
		return Enrolment{}, errs.NotConfigured(livemode, "Electronic invoices")
	}
	if err := s.Check(); err != nil {
		return Enrolment{}, err
	}
	if err := facturx.CheckLogo(logo); err != nil {
		return Enrolment{}, err
	}
	err := pgx.BeginFunc(ctx, r.Pool, func(tx pgx.Tx) error {
		old, is, err := r.insert(ctx, tx, merchantID, livemode, s, logo)
		if err != nil {
			return err
		}
		if !is {
			return r.claimSIRET(ctx, tx, merchantID, livemode, s)
		}
		return r.replace(ctx, tx, old, s, logo, true)
	})
	if err != nil {
		return Enrolment{}, err
	}
	e, err := Read(ctx, r.Pool, merchantID, livemode)
	if err != nil || e.Ready() {
		return e, err
	}
	r.askNow(ctx, merchantID, livemode, enrolPatience)
	r.asks[livemode].Nudge()
	return Read(ctx, r.Pool, merchantID, livemode)
}

// codeTries bounds the search for a code that nobody has: with a million merchants one in two thousand needs a second one.
const codeTries = 20

// insert records a new enrolment, or locks and returns the one that is there.
func (r *Enroller) insert(
	ctx context.Context, tx pgx.Tx, merchantID string, livemode bool, s invoice.Settings, logo []byte,
) (old Enrolment, is bool, err error) {
	settings, err := json.Marshal(s)
	if err != nil {
		return Enrolment{}, false, fmt.Errorf("write settings: %w", err)
	}
	now := r.instant()
	for n := range codeTries {
		tag, err := tx.Exec(ctx, `insert into enrolments (merchant_id, livemode, settings, code, logo, due_at, created_at, updated_at)
			values ($1, $2, $3, $4, $5, $6, $7, $7) on conflict do nothing`,
			merchantID, livemode, settings, code(merchantID, n), orNull(logo), now.Add(enrolHold), now)
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
	return Enrolment{}, false, fmt.Errorf("enrol: no code is left for %s", merchantID)
}

// code is the n-th one that a merchant may have.
func code(merchantID string, n int) string {
	if n == 0 {
		return invoice.Code(merchantID)
	}
	return invoice.Code(fmt.Sprintf("%s %d", merchantID, n))
}

func orNull(logo []byte) []byte {
	if len(logo) == 0 {
		return nil
	}
	return logo
}

// UpdateSettings replaces the settings; documents that were issued keep theirs. Errors: VALIDATION_ERROR; NOT_ENROLLED;
// INVALID_STATE and ALREADY_EXISTS as for Enroll.
func (r *Enroller) UpdateSettings(ctx context.Context, merchantID string, livemode bool, s invoice.Settings) (Enrolment, error) {
	if err := s.Check(); err != nil {
		return Enrolment{}, err
	}
	err := pgx.BeginFunc(ctx, r.Pool, func(tx pgx.Tx) error {
		old, err := lock(ctx, tx, merchantID, livemode)
		if err != nil {
			return err
		}
		return r.replace(ctx, tx, old, s, nil, false)
	})
	if err != nil {
		return Enrolment{}, err
	}
	r.asks[livemode].Nudge()
	return Read(ctx, r.Pool, merchantID, livemode)
}

// replace gives a locked enrolment its new settings, and sees to it that the platform is asked where that may change something: for
// another SIREN, and, when the merchant enrols again, for a mandate that is not there.
func (r *Enroller) replace(ctx context.Context, tx pgx.Tx, old Enrolment, s invoice.Settings, logo []byte, again bool) error {
	settings, err := json.Marshal(s)
	if err != nil {
		return fmt.Errorf("write settings: %w", err)
	}
	_, err = tx.Exec(ctx, `update enrolments set settings = $3, logo = coalesce($4, logo), updated_at = $5 where merchant_id = $1 and livemode = $2`,
		old.MerchantID, old.Livemode, settings, orNull(logo), r.instant())
	if err != nil {
		return fmt.Errorf("change settings: %w", err)
	}
	another := s.SIREN() != old.Settings.SIREN()
	if another {
		if err := mayChangeSIREN(ctx, tx, old); err != nil {
			return err
		}
	}
	// Who shares a SIRET from before each had one owner may change the rest of its settings.
	err = r.claimSIRET(ctx, tx, old.MerchantID, old.Livemode, s)
	if err != nil && (s.SIRET != old.Settings.SIRET || !errs.Is(err, errs.AlreadyExists)) {
		return err
	}
	ended := old.status == platform.MandateExpired || old.status == platform.MandateFailed
	switch {
	case another, again && ended:
		hold := time.Duration(0)
		if again {
			hold = enrolHold
		}
		return r.restart(ctx, tx, old, hold)
	case again && !old.Ready():
		_, err = tx.Exec(ctx, `update enrolments set asked_at = null where merchant_id = $1 and livemode = $2`, old.MerchantID, old.Livemode)
		if err != nil {
			return fmt.Errorf("ask again: %w", err)
		}
	}
	return nil
}

// mayChangeSIREN refuses another company where documents or a mandate are in the name of the old one. A mandate that came to nothing is
// none: the number may have been a mistake.
func mayChangeSIREN(ctx context.Context, tx pgx.Tx, old Enrolment) error {
	var documents bool
	err := tx.QueryRow(ctx, `select exists (select from invoices where merchant_id = $1 and livemode = $2)`, old.MerchantID, old.Livemode).Scan(&documents)
	if err != nil {
		return fmt.Errorf("look for documents: %w", err)
	}
	if documents || old.MandateID != "" && old.status != platform.MandateFailed {
		return errs.New(errs.InvalidState, "The SIREN %s cannot be changed any more: invoices or a mandate are in its name. "+
			"Another company needs an account of its own.", old.Settings.SIREN())
	}
	return nil
}

// restart asks for a mandate anew. What somebody is asking at this moment is about the old one: it is not recorded.
func (r *Enroller) restart(ctx context.Context, tx pgx.Tx, old Enrolment, hold time.Duration) error {
	_, err := tx.Exec(ctx, `update enrolments set mandate_id = '', mandate_status = 'creating', due_at = $3, lease = null, asked_at = null,
		attempts = 0, last_error = '' where merchant_id = $1 and livemode = $2`, old.MerchantID, old.Livemode, r.instant().Add(hold))
	if err != nil {
		return fmt.Errorf("restart enrolment: %w", err)
	}
	return nil
}

// SetLogo keeps the picture for the merchant's documents of both modes, PNG or JPEG; an empty one removes it. Nothing happens for
// who is not enrolled. Errors: VALIDATION_ERROR.
func (r *Enroller) SetLogo(ctx context.Context, merchantID string, logo []byte) error {
	if err := facturx.CheckLogo(logo); err != nil {
		return err
	}
	_, err := r.Pool.Exec(ctx, `update enrolments set logo = $2, updated_at = $3 where merchant_id = $1`, merchantID, orNull(logo), r.instant())
	if err != nil {
		return fmt.Errorf("keep logo: %w", err)
	}
	return nil
}
