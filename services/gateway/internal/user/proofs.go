package user

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/services/gateway/internal/attempts"
	"european-pay.eu/eupay/services/gateway/internal/audit"
	"european-pay.eu/eupay/services/gateway/internal/device"
	"european-pay.eu/eupay/services/gateway/internal/notice"
)

// StepUp notes that the user of a session has proven once more to be the user: by the second factor, or by the password without one.
func (u *Users) StepUp(ctx context.Context, who Presence, password string, proof Proof, from device.Device) error {
	now := u.instant()
	if who.HasFactor {
		return u.proven(ctx, who.ID, proof, from, func(tx pgx.Tx, _ User) error { return proveLogin(ctx, tx, who.SessionID, now) })
	}
	if err := u.checkPassword(ctx, who, password); err != nil {
		return err
	}
	return proveLogin(ctx, u.pool, who.SessionID, now)
}

// CheckProof is STEP_UP_REQUIRED for a session whose last proof is too old for what gives money or access away.
func (u *Users) CheckProof(p Presence) error {
	if !u.stepUp || u.isFresh(p) {
		return nil
	}
	return u.errStale(p)
}

func (u *Users) isFresh(p Presence) bool { return u.now().Sub(p.ProvenAt) < proofLife }

func (u *Users) errStale(p Presence) error {
	what := "send your password to POST /auth/step-up"
	switch {
	case p.HasApp && p.HasPasskey:
		what = "send a code of your authenticator app to POST /auth/step-up, or a passkey to POST /auth/step-up/passkey"
	case p.HasPasskey:
		what = "send a passkey to POST /auth/step-up/passkey, or a recovery code to POST /auth/step-up"
	case p.HasApp:
		what = "send a code of your authenticator app to POST /auth/step-up"
	}
	return errs.New(errs.StepUpRequired, "Confirm your identity: %s, then repeat the request within 5 minutes.", what)
}

func errNoFactor() error {
	return errs.New(errs.InvalidState, "The account has no second factor. Set it up with POST /auth/mfa/totp, or a passkey with POST /auth/passkeys/options.")
}

func errTicketOver() error {
	return errs.New(errs.Unauthenticated, "The login has ended or too many codes were wrong. Log in again.")
}

// VerifyLogin opens the session of a login whose password was right, with a code.
func (u *Users) VerifyLogin(ctx context.Context, ticket string, proof Proof, from device.Device) (session Session, err error) {
	now := u.instant()
	id, err := u.tryTicket(ctx, ticket, from, now)
	if err != nil {
		return Session{}, err
	}
	err = u.proven(ctx, id, proof, from, func(tx pgx.Tx, user User) error {
		session, err = u.redeem(ctx, tx, user, ticket, from, now)
		return err
	})
	return session, err
}

// proven runs do for a user who shows the second factor.
func (u *Users) proven(ctx context.Context, userID string, proof Proof, from device.Device, do func(pgx.Tx, User) error) error {
	if err := u.guesses.Count(ctx, "factor", userID); err != nil {
		return err
	}
	err := u.locked(ctx, userID, func(tx pgx.Tx, user User) error {
		has, err := readFactors(ctx, tx, userID)
		if err != nil {
			return err
		}
		if !has.any() {
			return errNoFactor()
		}
		if err := u.useProof(ctx, tx, user, proof, from); err != nil {
			return err
		}
		return do(tx, user)
	})
	switch {
	case errs.Is(err, errs.ValidationError): // the transaction that would have noted it is undone
		return errors.Join(err, audit.RecordTry(ctx, u.pool, u.instant(), userID, "auth.factor", audit.Refused, from))
	case err != nil:
		return err
	}
	return u.guesses.Clear(ctx, "factor", userID)
}

func (u *Users) useProof(ctx context.Context, tx pgx.Tx, user User, proof Proof, from device.Device) error {
	if proof.RecoveryCode == "" {
		f, err := readFactor(ctx, tx, user.ID)
		if err != nil {
			return err
		}
		if f == nil || f.confirmed == nil { // there is a passkey alone
			return errWrongCode()
		}
		return u.useCode(ctx, tx, user, *f, proof.Code)
	}
	ok, err := useRecoveryCode(ctx, tx, user.ID, proof.RecoveryCode)
	if err != nil {
		return err
	}
	if !ok {
		return errs.Invalid(errs.Field{Field: "recovery_code", Message: "recovery_code is wrong or was used before."})
	}
	return notice.Send(ctx, tx, user.recipient(), notice.RecoveryUsed, from, u.instant())
}

// useCode refuses a code that was used before, and older ones.
func (u *Users) useCode(ctx context.Context, tx pgx.Tx, user User, f factor, code string) error {
	secret, err := u.vault.Open(f.sealed, user.ID)
	if err != nil {
		return err
	}
	step, ok, err := totpStep(secret, code, u.now())
	if err != nil {
		return err
	}
	if ok {
		ok, err = useStep(ctx, tx, user.ID, step)
	}
	if err == nil && !ok {
		return errWrongCode()
	}
	return err
}

// locked runs do in a transaction that holds the user.
func (u *Users) locked(ctx context.Context, userID string, do func(pgx.Tx, User) error) error {
	return pgx.BeginFunc(ctx, u.pool, func(tx pgx.Tx) error {
		user, err := lockUser(ctx, tx, userID)
		if errors.Is(err, errNoUser) {
			return errLoggedOut()
		}
		if err != nil {
			return err
		}
		return do(tx, user)
	})
}

// tryTicket counts a try with the ticket of a login, and returns whose it is.
func (u *Users) tryTicket(ctx context.Context, ticket string, from device.Device, now time.Time) (userID string, err error) {
	if err := u.guesses.Address(ctx, "login", attempts.Network(from.IP)); err != nil {
		return "", err
	}
	id, err := tryTicket(ctx, u.pool, ticket, now)
	if err == nil && id == "" {
		return "", errTicketOver()
	}
	return id, err
}

// redeem opens the session of a ticket, once.
func (u *Users) redeem(ctx context.Context, tx pgx.Tx, user User, ticket string, from device.Device, now time.Time) (Session, error) {
	ok, err := useTicket(ctx, tx, ticket)
	if err != nil {
		return Session{}, err
	}
	if !ok || user.Disabled {
		return Session{}, errLoggedOut()
	}
	return u.enter(ctx, tx, user, from, now)
}
