package user

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/refuse"
	"european-pay.eu/eupay/internal/run/pg"
	"european-pay.eu/eupay/services/gateway/internal/attempts"
	"european-pay.eu/eupay/services/gateway/internal/audit"
	"european-pay.eu/eupay/services/gateway/internal/device"
	"european-pay.eu/eupay/services/gateway/internal/form"
	"european-pay.eu/eupay/services/gateway/internal/merchant"
	"european-pay.eu/eupay/services/gateway/internal/notice"
	"european-pay.eu/eupay/services/gateway/internal/postbox"
)

const (
	purposeVerify = "verify"
	// verifyLife is how long a code that verifies an address is good.
	verifyLife = 24 * time.Hour
	// keepUnverified is how long an account waits for its address to be verified.
	keepUnverified = 7 * 24 * time.Hour
)

// errNotUnverified refuses a user whose address is verified already.
func errNotUnverified() error {
	return errs.New(errs.InvalidState, "Your email address is verified already.")
}

// askToVerify queues the mail with which a new user shows that the address is the user's. Whether another account has the address is
// seen when the mail is written, so nobody learns it from the answer.
func askToVerify(ctx context.Context, tx pg.DB, user User, from device.Device, now time.Time) error {
	return postbox.Add(ctx, tx, postbox.Mail{Kind: notice.VerifyEmail, To: user.Email, UserID: user.ID, Language: from.Language, CreatedAt: now})
}

// writeVerify makes the code, unless the address has an account: then its owner gets a mail that says so.
func (u *Users) writeVerify(ctx context.Context, tx pgx.Tx, m *postbox.Mail, fields map[string]string) error {
	user, err := userByID(ctx, tx, m.UserID)
	if errors.Is(err, errNoUser) || (err == nil && (!user.Unverified || user.Email != m.To)) {
		return postbox.ErrVoid
	}
	if err != nil {
		return err
	}
	switch owner, err := userByEmail(ctx, tx, m.To); {
	case err == nil:
		m.Kind, fields["Link"] = notice.AddressTaken, u.page(owner.Role, "login", "")
		return nil
	case !errors.Is(err, errNoUser):
		return err
	}
	code, err := u.newMailToken(ctx, tx, user.ID, purposeVerify, verifyLife)
	fields["Code"], fields["Link"] = code, u.page(user.Role, "verify-email", code)
	return err
}

// VerifyEmail marks the address of a logged-in user as verified, with the code that was mailed there. The code alone is not
// enough: it could be of an account that a stranger has made for the address. Other unverified accounts of the address are gone then.
func (u *Users) VerifyEmail(ctx context.Context, who Presence, code string) error {
	if !who.Unverified {
		return errNotUnverified()
	}
	now := u.instant()
	if err := u.guesses.Count(ctx, "verify", who.ID); err != nil {
		return err
	}
	err := pgx.BeginFunc(ctx, u.pool, func(tx pgx.Tx) error {
		if err := lockAddress(ctx, tx, who.Email); err != nil {
			return err
		}
		user, err := lockUser(ctx, tx, who.ID)
		if errors.Is(err, errNoUser) {
			return errLoggedOut()
		}
		if err != nil {
			return err
		}
		id, err := mailTokenUser(ctx, tx, code, purposeVerify, now)
		if err != nil {
			return err
		}
		if id != user.ID {
			return errTokenOver()
		}
		return u.verify(ctx, tx, user, now)
	})
	if err == nil {
		u.wake()
	}
	return err
}

func (u *Users) verify(ctx context.Context, tx pgx.Tx, user User, now time.Time) error {
	if err := markVerified(ctx, tx, user); err != nil {
		return err
	}
	if err := dropMailTokens(ctx, tx, user.ID, purposeVerify); err != nil {
		return err
	}
	if err := deleteUnverified(ctx, tx, `lower(email) = $1`, user.Email); err != nil {
		return err
	}
	if err := merchant.Publish(ctx, tx, user.MerchantID, now); err != nil {
		return err
	}
	return audit.Record(ctx, tx, now, audit.ByUser(user.ID), "email.verified", user.ID, nil)
}

// ResendVerification queues another mail with a code.
func (u *Users) ResendVerification(ctx context.Context, who Presence, from device.Device) error {
	if !who.Unverified {
		return errNotUnverified()
	}
	now := u.instant()
	if err := u.resets.Take(who.Email, now); err != nil {
		return err
	}
	return askToVerify(ctx, u.pool, who.User, from, now)
}

// ChangeUnverifiedEmail replaces an address that is not verified, and queues a mail to the new one.
func (u *Users) ChangeUnverifiedEmail(ctx context.Context, who Presence, email string, from device.Device) error {
	email = form.NormalEmail(email)
	var p refuse.Problems
	if form.Email(&p, email); len(p) > 0 {
		return p.Err()
	}
	if !who.Unverified {
		return errNotUnverified()
	}
	now := u.instant()
	if err := u.guesses.Address(ctx, "register", attempts.Network(from.IP)); err != nil {
		return err
	}
	if err := u.resets.Take(email, now); err != nil {
		return err
	}
	return pgx.BeginFunc(ctx, u.pool, func(tx pgx.Tx) error {
		user, err := lockUser(ctx, tx, who.ID)
		if err != nil {
			return err
		}
		if err := changeEmail(ctx, tx, user, email); err != nil {
			return err
		}
		if err := dropMailTokens(ctx, tx, user.ID, purposeVerify); err != nil {
			return err
		}
		user.Email = email
		if err := askToVerify(ctx, tx, user, from, now); err != nil {
			return err
		}
		return audit.Record(ctx, tx, now, audit.ByUser(user.ID), "email.changed", user.ID, nil)
	})
}
