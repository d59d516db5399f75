package account

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/pg"
	"european-pay.eu/eupay/services/gateway/internal/postbox"
)

const (
	mailVerify       = "verify_email"
	mailAddressTaken = "address_taken"
	purposeVerify    = "verify"
	// verifyLife is how long a code that verifies an address is good.
	verifyLife = 24 * time.Hour
	// keepUnverified is how long an account waits for its address to be verified.
	keepUnverified = 7 * 24 * time.Hour
)

// errNotUnverified answers who has nothing left to verify.
func errNotUnverified() error {
	return errs.New(errs.InvalidState, "Your email address is verified already.")
}

// askToVerify queues the mail with which a new user shows that the address is the user's. Whether another account has the address is
// seen when the mail is written, so nobody learns it from the answer.
func askToVerify(ctx context.Context, tx pg.DB, user User, from Device, now time.Time) error {
	return postbox.Add(ctx, tx, postbox.Mail{Kind: mailVerify, To: user.Email, UserID: user.ID, Language: from.Language, CreatedAt: now})
}

// writeVerify makes the code, unless the address has an account: then its owner is told so.
func (u *Users) writeVerify(ctx context.Context, tx pgx.Tx, m *postbox.Mail, fields map[string]string) error {
	user, err := userByID(ctx, tx, m.UserID)
	if errors.Is(err, errNoUser) || (err == nil && (!user.Unverified || user.Email != m.To)) {
		return postbox.ErrVoid
	}
	if err != nil {
		return err
	}
	switch _, err := userByEmail(ctx, tx, m.To); {
	case err == nil:
		m.Kind, fields["Link"] = mailAddressTaken, u.page("login", "")
		return nil
	case !errors.Is(err, errNoUser):
		return err
	}
	code, err := u.newMailToken(ctx, tx, user.ID, purposeVerify, verifyLife)
	fields["Code"], fields["Link"] = code, u.page("verify-email", code)
	return err
}

// VerifyEmail notes that the address of a logged-in user is the user's, who has the code that was mailed there. The code alone is not
// enough: it could be of an account that a stranger has made for the address. Other unverified accounts of the address are gone then.
func (u *Users) VerifyEmail(ctx context.Context, who Presence, code string) error {
	if !who.Unverified {
		return errNotUnverified()
	}
	now := instant(u.now)
	if err := u.guesses.count(ctx, "verify", who.ID); err != nil {
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

// lockAddress lets those who verify one address take turns: each removes the others.
func lockAddress(ctx context.Context, tx pg.DB, email string) error {
	if _, err := tx.Exec(ctx, `select pg_advisory_xact_lock(hashtext('gateway:email:' || $1))`, email); err != nil {
		return fmt.Errorf("lock the address: %w", err)
	}
	return nil
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
	if err := publish(ctx, tx, user.MerchantID, now); err != nil {
		return err
	}
	return record(ctx, tx, now, ByUser(user.ID), "email.verified", user.ID, nil)
}

// publish announces the merchant whose first user is known now.
func publish(ctx context.Context, tx pgx.Tx, merchantID string, now time.Time) error {
	if merchantID == "" {
		return nil
	}
	tag, err := tx.Exec(ctx, `update merchants set pending = false where id = $1 and pending`, merchantID)
	if err != nil {
		return fmt.Errorf("publish merchant: %w", err)
	}
	if tag.RowsAffected() == 0 {
		return nil
	}
	m, err := lockMerchant(ctx, tx, merchantID)
	if err != nil {
		return err
	}
	return announce(ctx, tx, m, "registered", now)
}

// holdBack keeps a merchant from everybody else until its first user is known.
func holdBack(ctx context.Context, tx pgx.Tx, merchantID string) error {
	if _, err := tx.Exec(ctx, `update merchants set pending = true where id = $1`, merchantID); err != nil {
		return fmt.Errorf("hold merchant back: %w", err)
	}
	return nil
}

// ResendVerification queues another mail with a code.
func (u *Users) ResendVerification(ctx context.Context, who Presence, from Device) error {
	if !who.Unverified {
		return errNotUnverified()
	}
	now := instant(u.now)
	if err := u.resets.take(who.Email, now); err != nil {
		return err
	}
	return askToVerify(ctx, u.pool, who.User, from, now)
}

// ChangeUnverifiedEmail replaces an address that is not verified, and queues a mail to the new one.
func (u *Users) ChangeUnverifiedEmail(ctx context.Context, who Presence, email string, from Device) error {
	email = normalEmail(email)
	var p problems
	if p.email(email); len(p) > 0 {
		return p.err()
	}
	if !who.Unverified {
		return errNotUnverified()
	}
	now := instant(u.now)
	if err := u.guesses.address(ctx, "register", network(from.IP)); err != nil {
		return err
	}
	if err := u.resets.take(email, now); err != nil {
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
		return record(ctx, tx, now, ByUser(user.ID), "email.changed", user.ID, nil)
	})
}

// markVerified answers ALREADY_EXISTS when another user has verified the address first, or does so at this moment.
func markVerified(ctx context.Context, tx pg.DB, user User) error {
	taken := errs.New(errs.AlreadyExists, "There is an account with this email address. Log in to it.")
	switch first, err := userByEmail(ctx, tx, user.Email); {
	case err == nil && first.ID != user.ID:
		return taken
	case err != nil && !errors.Is(err, errNoUser):
		return err
	}
	_, err := tx.Exec(ctx, `update users set unverified_since = null where id = $1 and unverified_since is not null`, user.ID)
	var pgErr *pgconn.PgError
	if errors.As(err, &pgErr) && pgErr.ConstraintName == "users_email" {
		return taken
	}
	if err != nil {
		return fmt.Errorf("verify user: %w", err)
	}
	return nil
}

func changeEmail(ctx context.Context, tx pg.DB, user User, email string) error {
	tag, err := tx.Exec(ctx, `update users set email = $2 where id = $1 and unverified_since is not null`, user.ID, email)
	if err != nil {
		return fmt.Errorf("change email: %w", err)
	}
	if tag.RowsAffected() == 0 {
		return errNotUnverified()
	}
	_, err = tx.Exec(ctx, `update merchants set email = $2 where id = nullif($1, '')::uuid and pending`, user.MerchantID, email)
	if err != nil {
		return fmt.Errorf("change email of the merchant: %w", err)
	}
	return nil
}

// deleteUnverified removes the unverified users that the condition on $1 names, with the merchants that nobody else belongs to.
func deleteUnverified(ctx context.Context, tx pg.DB, condition string, arg any) error {
	which := `select id from users where unverified_since is not null and ` + condition
	for _, sql := range []string{
		`delete from refresh_tokens where user_id in (` + which + `)`,
		`delete from sessions where user_id in (` + which + `)`,
		`with gone as (delete from users where id in (` + which + `) returning merchant_id)
			delete from merchants m using gone where m.id = gone.merchant_id and m.pending`,
	} {
		if _, err := tx.Exec(ctx, sql, arg); err != nil {
			return fmt.Errorf("delete unverified users: %w", err)
		}
	}
	return nil
}

// purgeUnverified forgets who never verified an address.
func purgeUnverified(ctx context.Context, db pg.DB, now time.Time) error {
	return deleteUnverified(ctx, db, `unverified_since < $1`, now.Add(-keepUnverified))
}
