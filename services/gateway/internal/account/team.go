package account

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/services/gateway/internal/audit"
	"european-pay.eu/eupay/services/gateway/internal/form"
	"european-pay.eu/eupay/services/gateway/internal/rights"
)

// MemberChange holds what is new of a member of a team; nil leaves a value as it is.
type MemberChange struct {
	// rights.Role is rights.RoleStaff or rights.RoleAccountant.
	Role *rights.Role
	// Disabled members cannot log in.
	Disabled *bool
}

// UpdateMember changes a member of the team, but not its owner. Who is disabled is out at once.
func (u *Users) UpdateMember(ctx context.Context, by audit.Actor, merchantID, id string, c MemberChange) (User, error) {
	if c.Role != nil && *c.Role != rights.RoleStaff && *c.Role != rights.RoleAccountant {
		return User{}, errs.Invalid(errs.Field{Field: "role", Message: "role must be staff or accountant."})
	}
	now := instant(u.now)
	var member User
	err := u.lockMember(ctx, merchantID, id, func(tx pgx.Tx, user User) error {
		changed := map[string]any{}
		if c.Role != nil && *c.Role != user.Role {
			user.Role, changed["role"] = *c.Role, *c.Role
		}
		if c.Disabled != nil && *c.Disabled != user.Disabled {
			user.Disabled, changed["disabled"] = *c.Disabled, *c.Disabled
		}
		member = user
		if len(changed) == 0 {
			return nil
		}
		if err := updateMember(ctx, tx, user, now); err != nil {
			return err
		}
		return audit.Record(ctx, tx, now, by, "user.updated", user.ID, changed)
	})
	return member, err
}

// RemoveMember takes a member out of the team for good, and its owner never. The member is out at once; the address may be used again.
func (u *Users) RemoveMember(ctx context.Context, by audit.Actor, merchantID, id string) error {
	now := instant(u.now)
	return u.lockMember(ctx, merchantID, id, func(tx pgx.Tx, user User) error {
		user.Disabled = true
		if err := updateMember(ctx, tx, user, now); err != nil {
			return err
		}
		if err := removeUser(ctx, tx, user.ID, now); err != nil {
			return err
		}
		return audit.Record(ctx, tx, now, by, "user.removed", user.ID, map[string]any{"email": user.Email})
	})
}

// SetDisabled lets any user in or out, for admins; out is at once. Admins cannot shut themselves out.
func (u *Users) SetDisabled(ctx context.Context, admin Presence, id string, disabled bool) (User, error) {
	if !form.IsID(id) {
		return User{}, errs.NotFound("User")
	}
	if id == admin.ID {
		return User{}, errs.New(errs.InvalidState, "You cannot disable your own account.")
	}
	now := instant(u.now)
	var user User
	err := pgx.BeginFunc(ctx, u.pool, func(tx pgx.Tx) error {
		var err error
		user, err = lockKeptUser(ctx, tx, id)
		if errors.Is(err, errNoUser) {
			return errs.NotFound("User")
		}
		if err != nil || user.Disabled == disabled {
			return err
		}
		user.Disabled = disabled
		if err := updateMember(ctx, tx, user, now); err != nil {
			return err
		}
		return audit.Record(ctx, tx, now, audit.ByUser(admin.ID), "user.updated", id, map[string]any{"disabled": disabled})
	})
	return user, err
}

// lockMember runs do in a transaction that holds a member of the team who is not its owner.
func (u *Users) lockMember(ctx context.Context, merchantID, id string, do func(pgx.Tx, User) error) error {
	if !form.IsID(id) {
		return errs.NotFound("Team member")
	}
	return pgx.BeginFunc(ctx, u.pool, func(tx pgx.Tx) error {
		user, err := lockKeptUser(ctx, tx, id)
		if errors.Is(err, errNoUser) || (err == nil && user.MerchantID != merchantID) {
			return errs.NotFound("Team member")
		}
		if err != nil {
			return err
		}
		if user.Role == rights.RoleMerchant {
			return errs.New(errs.InvalidState, "The owner of the account cannot be changed or removed.")
		}
		return do(tx, user)
	})
}
