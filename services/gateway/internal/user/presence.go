package user

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/services/gateway/internal/audit"
	"european-pay.eu/eupay/services/gateway/internal/device"
	"european-pay.eu/eupay/services/gateway/internal/form"
	"european-pay.eu/eupay/services/gateway/internal/notice"
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
	// Reads and Writes are what an admin lets all logins of the merchant do together per minute; nil: what every merchant may do.
	Reads, Writes *int
}

// Present returns the user whom a verified token speaks for, as the database knows the user now. It is UNAUTHENTICATED when the session
// has ended, or the account is gone or disabled: a session that ends takes its tokens with it, at once and on every replica, because nothing
// is remembered between two requests.
func (u *Users) Present(ctx context.Context, id Identity) (Presence, error) {
	if !form.IsID(id.SessionID) {
		return Presence{}, errLoggedOut()
	}
	p, err := readPresence(ctx, u.pool, id, u.now())
	if errors.Is(err, pgx.ErrNoRows) {
		return Presence{}, errLoggedOut()
	}
	if err != nil {
		return Presence{}, fmt.Errorf("read session: %w", err)
	}
	return p, nil
}

// noticeNewDevice writes to a user who logs in from a browser that none of the user's sessions of the last weeks is from.
func (u *Users) noticeNewDevice(ctx context.Context, tx pgx.Tx, user User, from device.Device, now time.Time) error {
	isNew, err := isNewDevice(ctx, tx, user.ID, from)
	if err != nil || !isNew {
		return err
	}
	return notice.Send(ctx, tx, user.recipient(), notice.NewDevice, from, now)
}

// Logins returns the user's sessions that are not over, the newest first.
func (u *Users) Logins(ctx context.Context, userID string) ([]Login, error) {
	return listLogins(ctx, u.pool, userID, u.now())
}

// EndLogin ends one of the user's sessions at once; NOT_FOUND when there is none of that id that is not over.
func (u *Users) EndLogin(ctx context.Context, userID, id string) error {
	if !form.IsID(id) {
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
	now := u.instant()
	err = pgx.BeginFunc(ctx, u.pool, func(tx pgx.Tx) error {
		if _, err := lockUser(ctx, tx, userID); err != nil {
			return err
		}
		var err error
		if n, err = endLogins(ctx, tx, userID, only, except, now); err != nil || n == 0 {
			return err
		}
		return audit.Record(ctx, tx, now, audit.ByUser(userID), "session.ended", userID, map[string]any{"sessions": n})
	})
	return n, err
}
