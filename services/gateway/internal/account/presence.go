package account

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/errs"
)

const (
	// maxLogins is how many sessions of a user are listed.
	maxLogins = 100
	// keepLogins is how long a session that is over is remembered.
	keepLogins = 60 * 24 * time.Hour
)

// Presence is a user who is logged in.
type Presence struct {
	User
	// SessionID and ProvenAt are of the session; see Login.
	SessionID string
	ProvenAt  time.Time
	// HasFactor: a login takes a second factor, of which HasApp and HasPasskey say the kinds.
	HasFactor, HasApp, HasPasskey bool
}

// Present returns the user whom a verified token speaks for, as the database knows the user now. It is UNAUTHENTICATED when the session
// has ended, or the account is gone or disabled: whoever ends a session ends its tokens at once and on every replica, because nothing
// is remembered between two requests.
func (u *Users) Present(ctx context.Context, id Identity) (Presence, error) {
	if !isID(id.SessionID) {
		return Presence{}, errLoggedOut()
	}
	var p Presence
	err := u.pool.QueryRow(ctx, `select `+userColumns+`, s.id::text, s.proven_at,
		exists (select from factors f where f.user_id = u.id and f.confirmed_at is not null),
		exists (select from passkeys p where p.user_id = u.id) from users u join sessions s on s.user_id = u.id
		where u.id = $1 and s.id = $2 and s.ended_at is null and s.expires_at > $3 and not u.disabled`, id.UserID, id.SessionID, u.now()).
		Scan(append(userFields(&p.User), &p.SessionID, &p.ProvenAt, &p.HasApp, &p.HasPasskey)...)
	p.HasFactor = p.HasApp || p.HasPasskey
	if errors.Is(err, pgx.ErrNoRows) {
		return Presence{}, errLoggedOut()
	}
	if err != nil {
		return Presence{}, fmt.Errorf("read session: %w", err)
	}
	return p, nil
}

// noticeNewDevice writes to a user who logs in from a browser that none of the user's sessions of the last weeks is from.
func (u *Users) noticeNewDevice(ctx context.Context, tx pgx.Tx, user User, from Device, now time.Time) error {
	isNew, err := isNewDevice(ctx, tx, user.ID, from)
	if err != nil || !isNew {
		return err
	}
	return notify(ctx, tx, user, mailNewDevice, from, now)
}

// Logins returns the user's sessions that are not over, the newest first.
func (u *Users) Logins(ctx context.Context, userID string) ([]Login, error) {
	return listLogins(ctx, u.pool, userID, u.now())
}

// EndLogin ends one of the user's sessions at once; NOT_FOUND when there is none of that id that is not over.
func (u *Users) EndLogin(ctx context.Context, userID, id string) error {
	if !isID(id) {
		return errs.NotFound("Session")
	}
	n, err := u.endLogins(ctx, userID, id, "")
	if err == nil && n == 0 {
		return errs.NotFound("Session")
	}
	return err
}

// EndOtherLogins ends all of the user's sessions but the one of that id, at once.
func (u *Users) EndOtherLogins(ctx context.Context, userID, current string) error {
	_, err := u.endLogins(ctx, userID, "", current)
	return err
}

func (u *Users) endLogins(ctx context.Context, userID, only, except string) (n int64, err error) {
	now := instant(u.now)
	err = pgx.BeginFunc(ctx, u.pool, func(tx pgx.Tx) error {
		if _, err := lockUser(ctx, tx, userID); err != nil {
			return err
		}
		var err error
		if n, err = endLogins(ctx, tx, userID, only, except, now); err != nil || n == 0 {
			return err
		}
		return record(ctx, tx, now, ByUser(userID), "session.ended", userID, map[string]any{"sessions": n})
	})
	return n, err
}
