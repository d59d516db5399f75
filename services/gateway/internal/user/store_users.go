package user

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/run/pg"
	"european-pay.eu/eupay/services/gateway/internal/notice"
	"european-pay.eu/eupay/services/gateway/internal/rights"
)

// errNoUser stays inside the package: callers of the API must not learn who has an account.
var errNoUser = errors.New("no such user")

// User is a person with a login.
type User struct {
	ID         string
	Email      string
	Name       string
	Role       rights.Role
	MerchantID string
	Disabled   bool
	// Unverified: the user has not verified the email address, and may do nothing else before.
	Unverified bool
	CreatedAt  time.Time

	hash string
}

func (u User) recipient() notice.Recipient { return notice.Recipient{UserID: u.ID, Email: u.Email} }

const userColumns = `u.id::text, u.email, u.name, u.role, coalesce(u.merchant_id::text, ''), u.disabled, u.created_at, u.password_hash,
	u.unverified_since is not null`

func userFields(u *User) []any {
	return []any{&u.ID, &u.Email, &u.Name, &u.Role, &u.MerchantID, &u.Disabled, &u.CreatedAt, &u.hash, &u.Unverified}
}

// userByEmail returns the user who has verified the address, which is in the form of form.NormalEmail.
func userByEmail(ctx context.Context, db pg.DB, email string) (User, error) {
	return queryUser(ctx, db, `select `+userColumns+` from users u where lower(u.email) = $1 and u.unverified_since is null and u.removed_at is null`, email)
}

// unverifiedByEmail returns the newest user of the address who has not verified it.
func unverifiedByEmail(ctx context.Context, db pg.DB, email string) (User, error) {
	return queryUser(ctx, db, `select `+userColumns+` from users u where lower(u.email) = $1 and u.unverified_since is not null and u.removed_at is null
		order by u.created_at desc, u.id desc limit 1`, email)
}

func userByID(ctx context.Context, db pg.DB, id string) (User, error) {
	return queryUser(ctx, db, `select `+userColumns+` from users u where u.id = $1`, id)
}

// lockUser reads a user and makes the changes of one user's logins follow each other.
func lockUser(ctx context.Context, tx pg.DB, id string) (User, error) {
	return queryUser(ctx, tx, `select `+userColumns+` from users u where u.id = $1 for no key update`, id)
}

// lockKeptUser is lockUser for users who were not removed.
func lockKeptUser(ctx context.Context, tx pg.DB, id string) (User, error) {
	return queryUser(ctx, tx, `select `+userColumns+` from users u where u.id = $1 and u.removed_at is null for no key update`, id)
}

func queryUser(ctx context.Context, db pg.DB, sql, arg string) (User, error) {
	var u User
	err := db.QueryRow(ctx, sql, arg).Scan(userFields(&u)...)
	if errors.Is(err, pgx.ErrNoRows) {
		return User{}, errNoUser
	}
	if err != nil {
		return User{}, fmt.Errorf("read user: %w", err)
	}
	return u, nil
}

// insertUser answers ALREADY_EXISTS when the email is taken.
func insertUser(ctx context.Context, tx pg.DB, u User) error {
	tag, err := tx.Exec(ctx, `insert into users (id, email, password_hash, name, role, merchant_id, created_at, unverified_since)
		values ($1, $2, $3, $4, $5, nullif($6, '')::uuid, $7, case when $8 then $7::timestamptz end)
		on conflict (lower(email)) where unverified_since is null and removed_at is null do nothing`,
		u.ID, u.Email, u.hash, u.Name, string(u.Role), u.MerchantID, u.CreatedAt, u.Unverified)
	if err != nil {
		return fmt.Errorf("insert user: %w", err)
	}
	if tag.RowsAffected() == 0 {
		return errEmailTaken()
	}
	return nil
}

func errEmailTaken() error {
	return errs.New(errs.AlreadyExists, "There is an account with this email address.")
}

func updatePassword(ctx context.Context, tx pg.DB, id, hash string) error {
	if _, err := tx.Exec(ctx, `update users set password_hash = $2 where id = $1`, id, hash); err != nil {
		return fmt.Errorf("update password: %w", err)
	}
	return nil
}

// listUsers returns a page of a merchant's team, the first member first, and how many there are. They are few: they are counted one by one.
func listUsers(ctx context.Context, db pg.DB, merchantID string, page, limit int) ([]User, int64, error) {
	var total int64
	if err := db.QueryRow(ctx, `select count(*) from users where merchant_id = $1 and removed_at is null`, merchantID).Scan(&total); err != nil {
		return nil, 0, fmt.Errorf("count users: %w", err)
	}
	rows, err := db.Query(ctx, `select `+userColumns+` from users u where u.merchant_id = $1 and u.removed_at is null order by u.created_at, u.id limit $2 offset $3`,
		merchantID, limit, int64(page-1)*int64(limit))
	if err != nil {
		return nil, 0, fmt.Errorf("list users: %w", err)
	}
	list, err := pgx.CollectRows(rows, func(r pgx.CollectableRow) (User, error) {
		var u User
		return u, r.Scan(userFields(&u)...)
	})
	if err != nil {
		return nil, 0, fmt.Errorf("list users: %w", err)
	}
	return list, total, nil
}

// updateMember stores role and state. A disabled user loses all sessions and the links in mails.
func updateMember(ctx context.Context, tx pg.DB, user User, now time.Time) error {
	if _, err := tx.Exec(ctx, `update users set role = $2, disabled = $3 where id = $1`, user.ID, string(user.Role), user.Disabled); err != nil {
		return fmt.Errorf("update user: %w", err)
	}
	if !user.Disabled {
		return nil
	}
	if _, err := endLogins(ctx, tx, user.ID, "", "", now); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, `delete from login_tickets where user_id = $1`, user.ID); err != nil {
		return fmt.Errorf("delete login tickets: %w", err)
	}
	return dropMailTokens(ctx, tx, user.ID, purposeReset)
}

func removeUser(ctx context.Context, tx pg.DB, id string, now time.Time) error {
	if _, err := tx.Exec(ctx, `update users set removed_at = $2 where id = $1 and removed_at is null`, id, now); err != nil {
		return fmt.Errorf("remove member: %w", err)
	}
	return nil
}

// countAdmins counts the admins who can log in, and locks: operators who make admins at the same moment take turns.
func countAdmins(ctx context.Context, tx pg.DB) (n int64, err error) {
	if _, err := tx.Exec(ctx, `select pg_advisory_xact_lock(hashtext('gateway:admins'))`); err != nil {
		return 0, fmt.Errorf("lock the admins: %w", err)
	}
	if err := tx.QueryRow(ctx, `select count(*) from users where role = $1 and not disabled`, string(rights.RoleAdmin)).Scan(&n); err != nil {
		return 0, fmt.Errorf("count admins: %w", err)
	}
	return n, nil
}

// resetDemoUser lets the user of a demo log in with the password of that hash.
func resetDemoUser(ctx context.Context, tx pg.DB, id, hash string) error {
	if _, err := tx.Exec(ctx, `update users set password_hash = $2, disabled = false where id = $1`, id, hash); err != nil {
		return fmt.Errorf("reset demo user: %w", err)
	}
	return nil
}
