package enrol

import (
	"context"
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
	// Platforms by mode. Nobody can enrol in a mode without one.
	Platforms map[bool]platform.Platform
	// Zone is the time zone in which mandates begin on a day: France.
	Zone *time.Location
	Now  func() time.Time
	// Wake tells the engine of a mode that there may be something to send.
	Wake func(livemode bool)
	Log  *slog.Logger
}

// Enroller registers merchants at the platform and follows their mandates. No transaction is open during calls to a platform, and
// all calls may be repeated after a crash.
type Enroller struct {
	Deps
	// loops process the due enrolments of each mode.
	loops map[bool]*due.Loop[claimed]
}

// New returns an enroller.
func New(d Deps) *Enroller {
	r := &Enroller{Deps: d}
	r.loops = map[bool]*due.Loop[claimed]{true: r.loop(true), false: r.loop(false)}
	return r
}

// How long callers wait for the platform. After that the sweeper continues.
const (
	enrolTimeout  = 8 * time.Second
	readerTimeout = 3 * time.Second
	linkTimeout   = 5 * time.Second
	// enrolHold keeps the sweeper away while the caller tries first.
	enrolHold = enrolTimeout + 2*time.Second
)

// instant returns the current time in the precision of PostgreSQL.
func (r *Enroller) instant() time.Time { return r.Now().UTC().Truncate(time.Microsecond) }

// Enroll registers a merchant and calls the platform at once. If the platform does not answer, the mandate is pending and the
// sweeper continues. Enrolling again changes the settings, and the logo if one is given; a mandate that has ended is requested
// again. Errors: VALIDATION_ERROR; INVALID_STATE for a SIREN that differs from that of documents or a mandate; ALREADY_EXISTS for
// the SIRET of another merchant in live mode; LIVE_NOT_CONFIGURED or TEST_NOT_CONFIGURED in a mode without a platform.
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
	r.refreshNow(ctx, merchantID, livemode, enrolTimeout)
	r.loops[livemode].Nudge()
	return Read(ctx, r.Pool, merchantID, livemode)
}

// maxCodeAttempts limits the search for an unused code: with a million merchants one in two thousand needs a second attempt.
const maxCodeAttempts = 20

// numberCode returns the n-th candidate for a merchant's code.
func numberCode(merchantID string, n int) string {
	if n == 0 {
		return invoice.Code(merchantID)
	}
	return invoice.Code(fmt.Sprintf("%s %d", merchantID, n))
}

// UpdateSettings replaces the settings. Documents that were issued keep theirs. Errors: VALIDATION_ERROR; NOT_ENROLLED;
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
	r.loops[livemode].Nudge()
	return Read(ctx, r.Pool, merchantID, livemode)
}

// replace changes the settings of a locked enrolment, and makes it due if the platform must be called: for another SIREN, and, if
// the merchant enrols again, for a missing mandate.
func (r *Enroller) replace(ctx context.Context, tx pgx.Tx, old Enrolment, s invoice.Settings, logo []byte, again bool) error {
	if err := updateSettings(ctx, tx, old, s, logo, r.instant()); err != nil {
		return err
	}
	another := s.SIREN() != old.Settings.SIREN()
	if another {
		if err := mayChangeSIREN(ctx, tx, old); err != nil {
			return err
		}
	}
	// Merchants that shared a SIRET before it had to be unique may still change their other settings.
	err := r.claimSIRET(ctx, tx, old.MerchantID, old.Livemode, s)
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
		return r.restartMandate(ctx, tx, old, hold)
	case again && !old.Ready():
		return allowRequest(ctx, tx, old)
	default:
		return nil
	}
}

// mayChangeSIREN refuses another company if documents or a mandate carry the old SIREN. A failed mandate does not count: the
// number may have been a mistake.
func mayChangeSIREN(ctx context.Context, tx pgx.Tx, old Enrolment) error {
	documents, err := hasDocuments(ctx, tx, old)
	if err != nil {
		return err
	}
	if documents || old.MandateID != "" && old.status != platform.MandateFailed {
		return errs.New(errs.InvalidState, "The SIREN %s can no longer be changed: invoices or a mandate use it. "+
			"Another company needs its own account.", old.Settings.SIREN())
	}
	return nil
}

// SetLogo stores the picture for the merchant's documents in both modes, PNG or JPEG; an empty one removes it. It does nothing
// for merchants that are not enrolled. Errors: VALIDATION_ERROR.
func (r *Enroller) SetLogo(ctx context.Context, merchantID string, logo []byte) error {
	if err := facturx.CheckLogo(logo); err != nil {
		return err
	}
	return updateLogo(ctx, r.Pool, merchantID, logo, r.instant())
}
