package user

import (
	"context"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/refuse"
	"european-pay.eu/eupay/internal/run/events"
	"european-pay.eu/eupay/services/gateway/internal/audit"
	"european-pay.eu/eupay/services/gateway/internal/form"
	"european-pay.eu/eupay/services/gateway/internal/rights"
	"european-pay.eu/eupay/services/gateway/internal/slots"
)

// NewAdmin is what CreateAdmin makes.
type NewAdmin struct {
	Email, Password string
	// Another: there may be an admin already. Check: nothing is changed.
	Another, Check bool
}

// CreateAdmin makes a person who works for the platform, and says how many there were before. INVALID_STATE: there is one already.
func (u *Users) CreateAdmin(ctx context.Context, a NewAdmin) (before int64, err error) {
	user := User{ID: events.NewID(), Email: form.NormalEmail(a.Email), Role: rights.RoleAdmin, CreatedAt: u.instant()}
	var p refuse.Problems
	form.Email(&p, user.Email)
	checkNewPassword(&p, "password", a.Password, user.Email)
	if err := p.Err(); err != nil {
		return 0, err
	}
	if user.hash, err = u.hasher.Hash(ctx, slots.Turn{Name: string(audit.ByOperator)}, a.Password); err != nil {
		return 0, err
	}
	err = pgx.BeginFunc(ctx, u.pool, func(tx pgx.Tx) error {
		var err error
		if before, err = countAdmins(ctx, tx); err != nil {
			return err
		}
		if before > 0 && !a.Another {
			return errs.New(errs.InvalidState, "There is an admin already. Ask for another one explicitly.")
		}
		if a.Check {
			return nil
		}
		if err := insertUser(ctx, tx, user); err != nil {
			return err
		}
		return audit.Record(ctx, tx, user.CreatedAt, audit.ByOperator, "admin.created", user.ID, map[string]any{"email": user.Email})
	})
	return before, err
}
