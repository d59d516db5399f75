package user

import (
	"context"
	"maps"
	"time"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/services/gateway/internal/audit"
	"european-pay.eu/eupay/services/gateway/internal/device"
	"european-pay.eu/eupay/services/gateway/internal/notice"
	"european-pay.eu/eupay/services/gateway/internal/rights"
	"european-pay.eu/eupay/services/gateway/internal/slots"
)

const (
	// ticketLife is how long a login waits for its second factor, attemptsOfTicket how many codes may be tried with it.
	ticketLife       = 5 * time.Minute
	attemptsOfTicket = 5
	// proofLife is how long a proof opens what wants a fresh one.
	proofLife = 5 * time.Minute
)

// Proof is what a user shows of the second factor: one of the two.
type Proof struct{ Code, RecoveryCode string }

// FactorState is what a user may know of the own second factors.
type FactorState struct {
	// Since is when the account got the oldest of those that it has; nil for none.
	Since *time.Time
	// App: an authenticator app is one.
	App bool
	// Passkeys are how many of them are.
	Passkeys      int
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
	keys, err := listPasskeys(ctx, u.pool, who.ID)
	if err != nil {
		return FactorState{}, err
	}
	state := FactorState{Required: u.mustHaveFactor(who.User), Passkeys: len(keys)}
	if f != nil && f.confirmed != nil {
		state.App, state.Since = true, f.confirmed
	}
	if len(keys) > 0 && (state.Since == nil || keys[0].CreatedAt.Before(*state.Since)) {
		state.Since = &keys[0].CreatedAt
	}
	state.RecoveryCodes, err = countRecoveryCodes(ctx, u.pool, who.ID)
	return state, err
}

func (u *Users) mustHaveFactor(user User) bool { return u.adminMFA && user.Role == rights.RoleAdmin }

// LacksFactor reports whether the user may do nothing before there is a second factor.
func (u *Users) LacksFactor(p Presence) bool { return u.mustHaveFactor(p.User) && !p.HasFactor }

// BeginFactor makes the secret of a second factor for a user who knows the password, and has lately shown the passkey where there is
// one. It counts once ConfirmFactor has seen a code.
func (u *Users) BeginFactor(ctx context.Context, who Presence, password string) (secret, url string, err error) {
	if who.HasFactor {
		if err := u.CheckProof(who); err != nil {
			return "", "", err
		}
	}
	if err := u.checkPassword(ctx, who, password); err != nil {
		return "", "", err
	}
	secret = newTOTPSecret()
	ok, err := beginFactor(ctx, u.pool, who.ID, u.vault.Seal(secret, who.ID), u.instant())
	if err != nil {
		return "", "", err
	}
	if !ok {
		return "", "", errs.New(errs.InvalidState, "The account has an authenticator app. Remove it before you set up another.")
	}
	return secret, totpURL(secret, who.Email), nil
}

// checkPassword bounds how often a password is guessed with a stolen token.
func (u *Users) checkPassword(ctx context.Context, who Presence, password string) error {
	if err := u.guesses.Count(ctx, "password", who.ID); err != nil {
		return err
	}
	user, err := userByID(ctx, u.pool, who.ID)
	if err != nil {
		return err
	}
	ok, err := u.hasher.Matches(ctx, slots.Turn{Name: user.Email}, user.hash, password)
	if err != nil {
		return err
	}
	if !ok {
		return errs.Invalid(errs.Field{Field: "password", Message: "password is not your password."})
	}
	return u.guesses.Clear(ctx, "password", who.ID)
}

// ConfirmFactor makes the second factor count, and returns the recovery codes, once, when it is the first one. All other sessions end: none of them has shown it.
func (u *Users) ConfirmFactor(ctx context.Context, who Presence, code string, from device.Device) (codes []string, err error) {
	now := u.instant()
	if err := u.guesses.Count(ctx, "factor", who.ID); err != nil {
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
		if codes, err = firstRecoveryCodes(ctx, tx, user.ID, now); err != nil {
			return err
		}
		if err := confirmFactor(ctx, tx, user.ID, now); err != nil {
			return err
		}
		return u.factorChanged(ctx, tx, who, factorChange{mail: notice.FactorEnabled, action: "factor.enabled"}, from, now)
	})
	return codes, err
}

// factorChange is what happened to a second factor: the mail that tells the user, and the entry in the audit log.
type factorChange struct {
	mail, action string
	detail       map[string]any
}

// factorChanged ends the other sessions and tells the user.
func (u *Users) factorChanged(ctx context.Context, tx pgx.Tx, who Presence, c factorChange, from device.Device, now time.Time) error {
	if err := proveLogin(ctx, tx, who.SessionID, now); err != nil {
		return err
	}
	if _, err := endLogins(ctx, tx, who.ID, "", who.SessionID, now); err != nil {
		return err
	}
	if err := notice.Send(ctx, tx, who.User.recipient(), c.mail, from, now); err != nil {
		return err
	}
	detail := map[string]any{"ip": from.IPText()}
	maps.Copy(detail, c.detail)
	return audit.Record(ctx, tx, now, audit.ByUser(who.ID), c.action, who.ID, detail)
}

// firstRecoveryCodes are new ones for a user who gets the first second factor, and none for others.
func firstRecoveryCodes(ctx context.Context, tx pgx.Tx, userID string, now time.Time) ([]string, error) {
	had, err := readFactors(ctx, tx, userID)
	if err != nil || had.any() {
		return []string{}, err
	}
	return replaceRecoveryCodes(ctx, tx, userID, now)
}

// mailOfRemoval ends the recovery codes with the last second factor, and chooses the mail: kind, unless the password alone is left.
func (u *Users) mailOfRemoval(ctx context.Context, tx pgx.Tx, userID, kind string) (string, error) {
	left, err := readFactors(ctx, tx, userID)
	if err != nil || left.any() {
		return kind, err
	}
	return notice.FactorDisabled, deleteRecoveryCodes(ctx, tx, userID)
}

// DisableFactor removes the authenticator app of a user who shows it, or a recovery code, once more.
func (u *Users) DisableFactor(ctx context.Context, who Presence, proof Proof, from device.Device) error {
	now := u.instant()
	return u.proven(ctx, who.ID, proof, from, func(tx pgx.Tx, _ User) error {
		had, err := deleteFactor(ctx, tx, who.ID)
		if err != nil {
			return err
		}
		if !had {
			return errs.New(errs.InvalidState, "The account has no authenticator app.")
		}
		mail, err := u.mailOfRemoval(ctx, tx, who.ID, notice.AppRemoved)
		if err != nil {
			return err
		}
		return u.factorChanged(ctx, tx, who, factorChange{mail: mail, action: "factor.disabled"}, from, now)
	})
}

// NewRecoveryCodes replaces the recovery codes of a user who shows the second factor once more. Without a proof in the call, that
// of the session counts when it is fresh: a passkey is shown to POST /auth/step-up/passkey.
func (u *Users) NewRecoveryCodes(ctx context.Context, who Presence, proof Proof, from device.Device) (codes []string, err error) {
	now := u.instant()
	replace := func(tx pgx.Tx, user User) error {
		var err error
		if codes, err = replaceRecoveryCodes(ctx, tx, user.ID, now); err != nil {
			return err
		}
		return audit.Record(ctx, tx, now, audit.ByUser(user.ID), "factor.recovery_codes_replaced", user.ID, nil)
	}
	if proof != (Proof{}) {
		err = u.proven(ctx, who.ID, proof, from, replace)
		return codes, err
	}
	if !who.HasFactor {
		return nil, errNoFactor()
	}
	if !u.isFresh(who) {
		return nil, u.errStale(who)
	}
	err = u.locked(ctx, who.ID, replace)
	return codes, err
}
