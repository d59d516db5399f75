package user

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/refuse"
	"european-pay.eu/eupay/internal/run/events"
	"european-pay.eu/eupay/internal/run/pg"
	"european-pay.eu/eupay/services/gateway/internal/audit"
	"european-pay.eu/eupay/services/gateway/internal/device"
	"european-pay.eu/eupay/services/gateway/internal/form"
	"european-pay.eu/eupay/services/gateway/internal/merchant"
	"european-pay.eu/eupay/services/gateway/internal/rights"
	"european-pay.eu/eupay/services/gateway/internal/slots"
)

const maxTeam = 200

// Team returns a page of the merchant's users and how many there are.
func (u *Users) Team(ctx context.Context, merchantID string, page, limit int) ([]User, int64, error) {
	return listUsers(ctx, u.pool, merchantID, page, limit)
}

// Member is a new user of a merchant's team.
type Member struct {
	Email    string
	Password string
	Name     string
	// rights.Role is rights.RoleStaff or rights.RoleAccountant.
	Role rights.Role
}

// AddMember adds a user to the team.
func (u *Users) AddMember(ctx context.Context, by audit.Actor, merchantID string, m Member, from device.Device) (User, error) {
	user := User{
		ID: events.NewID(), Email: form.NormalEmail(m.Email), Name: form.Cleaned(m.Name, form.MaxName), Role: m.Role, MerchantID: merchantID,
		Unverified: u.verification,
	}
	var p refuse.Problems
	form.Email(&p, user.Email)
	checkNewPassword(&p, "password", m.Password, user.Email)
	form.Text(&p, "name", user.Name, 0, form.MaxName)
	if m.Role != rights.RoleStaff && m.Role != rights.RoleAccountant {
		p.Add("role", "must be staff or accountant")
	}
	if err := p.Err(); err != nil {
		return User{}, err
	}
	err := u.room(ctx, u.pool, user) // once more under the lock: this one saves the hash
	if err != nil {
		return User{}, err
	}
	if user.hash, err = u.hasher.Hash(ctx, slots.Turn{Name: merchantID}, m.Password); err != nil {
		return User{}, err
	}
	user.CreatedAt = u.instant()
	err = pgx.BeginFunc(ctx, u.pool, func(tx pgx.Tx) error { return u.add(ctx, tx, by, user, from) })
	if err != nil {
		return User{}, err
	}
	return user, nil
}

func (u *Users) add(ctx context.Context, tx pgx.Tx, by audit.Actor, user User, from device.Device) error {
	if _, err := merchant.Lock(ctx, tx, user.MerchantID); err != nil { // makes the count below right
		return err
	}
	if err := u.room(ctx, tx, user); err != nil {
		return err
	}
	if err := u.store(ctx, tx, user, from); err != nil {
		return err
	}
	return audit.Record(ctx, tx, user.CreatedAt, by, "user.added", user.ID, map[string]any{"role": user.Role, "merchant_id": user.MerchantID})
}

// room refuses a member for whom the team has no room, or whose address has an account: where addresses are verified it does not reveal the latter.
func (u *Users) room(ctx context.Context, db pg.DB, user User) error {
	_, n, err := listUsers(ctx, db, user.MerchantID, 1, 1)
	if err != nil {
		return err
	}
	if n >= maxTeam {
		return errs.New(errs.InvalidState, "The team has %d members, which is the limit.", n)
	}
	if u.verification {
		return nil
	}
	switch _, err := userByEmail(ctx, db, user.Email); {
	case err == nil:
		return errEmailTaken()
	case !errors.Is(err, errNoUser):
		return err
	}
	return nil
}

// MemberChange holds what is new of a member of a team; nil leaves a value as it is.
type MemberChange struct {
	// rights.Role is rights.RoleStaff or rights.RoleAccountant.
	Role *rights.Role
	// Disabled members cannot log in.
	Disabled *bool
}

// UpdateMember changes a member of the team, but not its owner. A disabled member is logged out at once.
func (u *Users) UpdateMember(ctx context.Context, by audit.Actor, merchantID, id string, c MemberChange) (User, error) {
	if c.Role != nil && *c.Role != rights.RoleStaff && *c.Role != rights.RoleAccountant {
		return User{}, errs.Invalid(errs.Field{Field: "role", Message: "role must be staff or accountant."})
	}
	now := u.instant()
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

// RemoveMember takes a member out of the team for good, and its owner never. The member is logged out at once; the address may be used again.
func (u *Users) RemoveMember(ctx context.Context, by audit.Actor, merchantID, id string) error {
	now := u.instant()
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

// SetDisabled disables or enables any user, for admins. A disabled user is logged out at once. Admins cannot disable themselves.
func (u *Users) SetDisabled(ctx context.Context, admin Presence, id string, disabled bool) (User, error) {
	if !form.IsID(id) {
		return User{}, errs.NotFound("User")
	}
	if id == admin.ID {
		return User{}, errs.New(errs.InvalidState, "You cannot disable your own account.")
	}
	now := u.instant()
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
