package user

import (
	"context"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/refuse"
	"european-pay.eu/eupay/internal/run/events"
	"european-pay.eu/eupay/services/gateway/internal/attempts"
	"european-pay.eu/eupay/services/gateway/internal/audit"
	"european-pay.eu/eupay/services/gateway/internal/device"
	"european-pay.eu/eupay/services/gateway/internal/form"
	"european-pay.eu/eupay/services/gateway/internal/merchant"
	"european-pay.eu/eupay/services/gateway/internal/rights"
	"european-pay.eu/eupay/services/gateway/internal/slots"
)

// Registration is what a new merchant gives.
type Registration struct {
	Email    string
	Password string
	// Profile of the merchant; Name is required.
	Profile merchant.Change
}

// Register makes a merchant and its first user, who is logged in at once. The gateway is not enabled yet. Where addresses are
// verified, the user may do nothing else before, the merchant is not announced before, and an address that has an account gets the same answer.
func (u *Users) Register(ctx context.Context, r Registration, from device.Device) (Session, error) {
	r.Email, r.Profile = form.NormalEmail(r.Email), r.Profile.Cleaned()
	if err := r.check(); err != nil {
		return Session{}, err
	}
	hash, err := u.hashOf(ctx, r.Password, from)
	if err != nil {
		return Session{}, err
	}
	m := merchant.Merchant{ID: events.NewID(), Email: r.Email, CreatedAt: u.instant()}
	r.Profile.Apply(&m)
	user := User{ID: events.NewID(), Email: r.Email, Role: rights.RoleMerchant, MerchantID: m.ID, CreatedAt: m.CreatedAt, hash: hash, Unverified: u.verification}
	session, err := u.openNew(ctx, user, from, func(tx pgx.Tx) error {
		return merchant.Register(ctx, tx, audit.ByUser(user.ID), &m, u.verification)
	})
	if err != nil {
		return Session{}, err
	}
	u.wake()
	return session, nil
}

// openNew runs first, stores the new user and logs the user in, all in one transaction.
func (u *Users) openNew(ctx context.Context, user User, from device.Device, first func(pgx.Tx) error) (Session, error) {
	var session Session
	err := pgx.BeginFunc(ctx, u.pool, func(tx pgx.Tx) error {
		if err := first(tx); err != nil {
			return err
		}
		if err := u.store(ctx, tx, user, from); err != nil {
			return err
		}
		var err error
		session, err = u.begin(ctx, tx, user, from, user.CreatedAt)
		return err
	})
	return session, err
}

// store keeps a new user and asks for the address to be verified where that is wanted.
func (u *Users) store(ctx context.Context, tx pgx.Tx, user User, from device.Device) error {
	if err := insertUser(ctx, tx, user); err != nil || !user.Unverified {
		return err
	}
	return askToVerify(ctx, tx, user, from, user.CreatedAt)
}

func (r Registration) check() error {
	var p refuse.Problems
	form.Email(&p, r.Email)
	checkNewPassword(&p, "password", r.Password, r.Email)
	if r.Profile.Name == nil {
		p.Add("name", "is required")
	}
	p.Join(r.Profile.CheckNew())
	return p.Err()
}

// hashOf hashes the password of a registration, which it counts first: bcrypt is expensive.
func (u *Users) hashOf(ctx context.Context, password string, from device.Device) (string, error) {
	if err := u.guesses.Address(ctx, "register", attempts.Network(from.IP)); err != nil {
		return "", err
	}
	return u.hasher.Hash(ctx, slots.Turn{Name: attempts.Network(from.IP)}, password)
}

// RegisterCustomer makes a customer of the app, who is logged in at once.
func (u *Users) RegisterCustomer(ctx context.Context, email, password, name string, from device.Device) (Session, error) {
	user := User{ID: events.NewID(), Email: form.NormalEmail(email), Name: form.Cleaned(name, form.MaxName), Role: rights.RoleCustomer, Unverified: u.verification}
	var p refuse.Problems
	form.Email(&p, user.Email)
	checkNewPassword(&p, "password", password, user.Email)
	form.Text(&p, "name", user.Name, 0, form.MaxName)
	if err := p.Err(); err != nil {
		return Session{}, err
	}
	var err error
	if user.hash, err = u.hashOf(ctx, password, from); err != nil {
		return Session{}, err
	}
	user.CreatedAt = u.instant()
	return u.openNew(ctx, user, from, func(tx pgx.Tx) error {
		return audit.Record(ctx, tx, user.CreatedAt, audit.ByUser(user.ID), "customer.registered", user.ID, nil)
	})
}
