package user

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/run/pg"
	"european-pay.eu/eupay/services/gateway/internal/merchant"
)

// lockAddress makes users who verify the same address take turns: the first removes the others.
func lockAddress(ctx context.Context, tx pg.DB, email string) error {
	if _, err := tx.Exec(ctx, `select pg_advisory_xact_lock(hashtext('gateway:email:' || $1))`, email); err != nil {
		return fmt.Errorf("lock the address: %w", err)
	}
	return nil
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
	return merchant.SetPendingEmail(ctx, tx, user.MerchantID, email)
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

// purgeUnverified deletes users who never verified their address.
func purgeUnverified(ctx context.Context, db pg.DB, now time.Time) error {
	return deleteUnverified(ctx, db, `unverified_since < $1`, now.Add(-keepUnverified))
}
