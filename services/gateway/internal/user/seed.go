package user

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/refuse"
	"european-pay.eu/eupay/internal/run/events"
	"european-pay.eu/eupay/internal/run/pg"
	"european-pay.eu/eupay/services/gateway/internal/audit"
	"european-pay.eu/eupay/services/gateway/internal/form"
	"european-pay.eu/eupay/services/gateway/internal/rights"
	"european-pay.eu/eupay/services/gateway/internal/slots"
)

// Demo is a user with given credentials.
type Demo struct {
	Email, Password string
	Role            rights.Role
	// MerchantID is empty for admins and customers.
	MerchantID string
}

// MerchantOf returns the id of the merchant of the user with the email address; found is false when there is no such user.
func MerchantOf(ctx context.Context, db pg.DB, email string) (id string, found bool, err error) {
	user, err := userByEmail(ctx, db, form.NormalEmail(email))
	if errors.Is(err, errNoUser) {
		return "", false, nil
	}
	return user.MerchantID, err == nil, err
}

// Seed makes sure that the user exists, may log in and has the password.
func (u *Users) Seed(ctx context.Context, tx pgx.Tx, d Demo) error {
	now, who := u.instant(), slots.Turn{Name: string(audit.BySeed)}
	want := User{Email: form.NormalEmail(d.Email), Role: d.Role, MerchantID: d.MerchantID}
	var p refuse.Problems
	form.Email(&p, want.Email)
	checkNewPassword(&p, "password", d.Password, "") // the operator's choice, for accounts that everybody knows
	if err := p.Err(); err != nil {
		return err
	}
	have, err := userByEmail(ctx, tx, want.Email)
	exists := !errors.Is(err, errNoUser)
	if err != nil && exists {
		return err
	}
	if exists && (have.Role != want.Role || have.MerchantID != want.MerchantID) {
		return fmt.Errorf("the email of the demo %s belongs to another account", want.Role)
	}
	if exists {
		if ok, err := u.hasher.Matches(ctx, who, have.hash, d.Password); err != nil || (ok && !have.Disabled) {
			return err
		}
	}
	if want.hash, err = u.hasher.Hash(ctx, who, d.Password); err != nil {
		return err
	}
	if exists {
		if err := resetDemoUser(ctx, tx, have.ID, want.hash); err != nil {
			return err
		}
		return audit.Record(ctx, tx, now, audit.BySeed, "user.reset", have.ID, nil)
	}
	want.ID, want.CreatedAt = events.NewID(), now
	if err := insertUser(ctx, tx, want); err != nil {
		return err
	}
	return audit.Record(ctx, tx, now, audit.BySeed, "user.added", want.ID, map[string]any{"role": want.Role})
}
