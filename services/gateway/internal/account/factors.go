package account

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/errs"
)

const (
	mailFactorEnabled  = "factor_enabled"
	mailFactorDisabled = "factor_disabled"
	mailRecoveryUsed   = "recovery_used"

	// ticketLife is how long a login waits for its second factor, attemptsOfTicket how many codes may be tried with it.
	ticketLife       = 5 * time.Minute
	attemptsOfTicket = 5
	// proofLife is how long a proof opens what wants a fresh one.
	proofLife = 5 * time.Minute
)

// Proof is what a user shows of the second factor: one of the two.
type Proof struct{ Code, RecoveryCode string }

// FactorState is what a user may know of the own second factor.
type FactorState struct {
	// Since is nil for none.
	Since         *time.Time
	RecoveryCodes int
	// Required: the account may do nothing without.
	Required bool
}

func errWrongCode() error {
	return errs.Invalid(errs.Field{Field: "code", Message: "code is wrong, was used before or is too old. Wait for the next one in your authenticator app."})
}

// Factor returns the state of the user's second factor.
func (u *Users) Factor(ctx context.Context, who Presence) (FactorState, error) {
	f, err := readFactor(ctx, u.pool, who.ID)
	if err != nil {
		return FactorState{}, err
	}
	state := FactorState{Required: u.mustHaveFactor(who.User)}
	if f != nil {
		state.Since = f.confirmed
	}
	state.RecoveryCodes, err = countRecoveryCodes(ctx, u.pool, who.ID)
	return state, err
}

func (u *Users) mustHaveFactor(user User) bool { return u.adminMFA && user.Role == RoleAdmin }

// LacksFactor reports whether the user may do nothing before there is a second factor.
func (u *Users) LacksFactor(p Presence) bool { return u.mustHaveFactor(p.User) && !p.HasFactor }

// BeginFactor makes the secret of a second factor for a user who knows the password. It counts once ConfirmFactor has seen a code.
func (u *Users) BeginFactor(ctx context.Context, who Presence, password string) (secret, url string, err error) {
	if err := u.checkPassword(ctx, who, password); err != nil {
		return "", "", err
	}
	secret = newTOTPSecret()
	ok, err := beginFactor(ctx, u.pool, who.ID, u.vault.Seal(secret, who.ID), instant(u.now))
	if err != nil {
		return "", "", err
	}
	if !ok {
		return "", "", errs.New(errs.InvalidState, "The account has a second factor. Remove it before you set up another.")
	}
	return secret, totpURL(secret, who.Email), nil
}

// checkPassword bounds how often a password is guessed with a stolen token.
func (u *Users) checkPassword(ctx context.Context, who Presence, password string) error {
	if err := u.guesses.count(ctx, "password", who.ID); err != nil {
		return err
	}
	user, err := userByID(ctx, u.pool, who.ID)
	if err != nil {
		return err
	}
	ok, err := u.hasher.matches(ctx, turn{name: user.Email}, user.hash, password)
	if err != nil {
		return err
	}
	if !ok {
		return errs.Invalid(errs.Field{Field: "password", Message: "password is not your password."})
	}
	return u.guesses.clear(ctx, "password", who.ID)
}

// ConfirmFactor makes the second factor count, and returns the recovery codes, once. All other sessions end: none of them has shown it.
func (u *Users) ConfirmFactor(ctx context.Context, who Presence, code string, from Device) (codes []string, err error) {
	now := instant(u.now)
	if err := u.guesses.count(ctx, "factor", who.ID); err != nil {
		return nil, err
	}
	err = u.locked(ctx, who.ID, func(tx pgx.Tx, user User) error {
		f, err := readFactor(ctx, tx, user.ID)
		if err != nil {
			return err
		}
		if f == nil || f.confirmed != nil {
			return errs.New(errs.InvalidState, "No second factor is being set up. Begin with POST /auth/mfa/totp.")
		}
		if err := u.useCode(ctx, tx, user, *f, code); err != nil {
			return err
		}
		if err := confirmFactor(ctx, tx, user.ID, now); err != nil {
			return err
		}
		if codes, err = replaceRecoveryCodes(ctx, tx, user.ID, now); err != nil {
			return err
		}
		return u.factorChanged(ctx, tx, who, mailFactorEnabled, "factor.enabled", from, now)
	})
	return codes, err
}

// factorChanged ends the other sessions and tells the user.
func (u *Users) factorChanged(ctx context.Context, tx pgx.Tx, who Presence, mail, action string, from Device, now time.Time) error {
	if err := proveLogin(ctx, tx, who.SessionID, now); err != nil {
		return err
	}
	if _, err := endLogins(ctx, tx, who.ID, "", who.SessionID, now); err != nil {
		return err
	}
	if err := notify(ctx, tx, who.User, mail, from, now); err != nil {
		return err
	}
	return record(ctx, tx, now, ByUser(who.ID), action, who.ID, map[string]any{"ip": addressText(from.IP)})
}

// DisableFactor removes the second factor of a user who shows it once more.
func (u *Users) DisableFactor(ctx context.Context, who Presence, proof Proof, from Device) error {
	now := instant(u.now)
	return u.proven(ctx, who.ID, proof, from, func(tx pgx.Tx, _ User) error {
		if err := deleteFactor(ctx, tx, who.ID); err != nil {
			return err
		}
		return u.factorChanged(ctx, tx, who, mailFactorDisabled, "factor.disabled", from, now)
	})
}

// NewRecoveryCodes replaces the recovery codes of a user who shows the second factor once more.
func (u *Users) NewRecoveryCodes(ctx context.Context, who Presence, proof Proof, from Device) (codes []string, err error) {
	now := instant(u.now)
	err = u.proven(ctx, who.ID, proof, from, func(tx pgx.Tx, user User) error {
		var err error
		if codes, err = replaceRecoveryCodes(ctx, tx, user.ID, now); err != nil {
			return err
		}
		return record(ctx, tx, now, ByUser(user.ID), "factor.recovery_codes_replaced", user.ID, nil)
	})
	return codes, err
}

// StepUp notes that the user of a session has proven once more to be the user: by the second factor, or by the password without one.
func (u *Users) StepUp(ctx context.Context, who Presence, password string, proof Proof, from Device) error {
	now := instant(u.now)
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
	if !u.stepUp || u.now().Sub(p.ProvenAt) < proofLife {
		return nil
	}
	what := "your password"
	if p.HasFactor {
		what = "a code of your authenticator app"
	}
	return errs.New(errs.StepUpRequired, "Prove that it is you: send %s to POST /auth/step-up, then repeat the request within 5 minutes.", what)
}

// VerifyLogin opens the session of a login whose password was right, with the second factor.
func (u *Users) VerifyLogin(ctx context.Context, ticket string, proof Proof, from Device) (Session, error) {
	now := instant(u.now)
	if err := u.guesses.address(ctx, "login", network(from.IP)); err != nil {
		return Session{}, err
	}
	id, err := tryTicket(ctx, u.pool, ticket, now)
	if err != nil {
		return Session{}, err
	}
	if id == "" {
		return Session{}, errs.New(errs.Unauthenticated, "The login has ended or too many codes were wrong. Log in again.")
	}
	var session Session
	err = u.proven(ctx, id, proof, from, func(tx pgx.Tx, user User) error {
		ok, err := useTicket(ctx, tx, ticket)
		if err != nil {
			return err
		}
		if !ok || user.Disabled {
			return errLoggedOut()
		}
		session, err = u.enter(ctx, tx, user, from, now)
		return err
	})
	return session, err
}

// proven runs do for a user who shows the second factor.
func (u *Users) proven(ctx context.Context, userID string, proof Proof, from Device, do func(pgx.Tx, User) error) error {
	if err := u.guesses.count(ctx, "factor", userID); err != nil {
		return err
	}
	err := u.locked(ctx, userID, func(tx pgx.Tx, user User) error {
		f, err := readFactor(ctx, tx, userID)
		if err != nil {
			return err
		}
		if f == nil || f.confirmed == nil {
			return errs.New(errs.InvalidState, "The account has no second factor. Set it up with POST /auth/mfa/totp.")
		}
		if err := u.useProof(ctx, tx, user, *f, proof, from); err != nil {
			return err
		}
		return do(tx, user)
	})
	switch {
	case errs.Is(err, errs.ValidationError): // the transaction that would have noted it is undone
		return errors.Join(err, recordEntry(ctx, u.pool, instant(u.now), userID, "auth.factor", refused, from))
	case err != nil:
		return err
	}
	return u.guesses.clear(ctx, "factor", userID)
}

func (u *Users) useProof(ctx context.Context, tx pgx.Tx, user User, f factor, proof Proof, from Device) error {
	if proof.RecoveryCode == "" {
		return u.useCode(ctx, tx, user, f, proof.Code)
	}
	ok, err := useRecoveryCode(ctx, tx, user.ID, proof.RecoveryCode)
	if err != nil {
		return err
	}
	if !ok {
		return errs.Invalid(errs.Field{Field: "recovery_code", Message: "recovery_code is wrong or was used before."})
	}
	return notify(ctx, tx, user, mailRecoveryUsed, from, instant(u.now))
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
