package account

import (
	"context"
	"errors"
	"time"

	"github.com/go-webauthn/webauthn/webauthn"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/refuse"
	"european-pay.eu/eupay/internal/run/events"
	"european-pay.eu/eupay/internal/run/pg"
	"european-pay.eu/eupay/internal/vault"
	"european-pay.eu/eupay/services/gateway/internal/attempts"
	"european-pay.eu/eupay/services/gateway/internal/audit"
	"european-pay.eu/eupay/services/gateway/internal/device"
	"european-pay.eu/eupay/services/gateway/internal/form"
	"european-pay.eu/eupay/services/gateway/internal/hashing"
	"european-pay.eu/eupay/services/gateway/internal/merchant"
	"european-pay.eu/eupay/services/gateway/internal/rights"
	"european-pay.eu/eupay/services/gateway/internal/slots"
)

const maxTeam = 200

// Users registers people and logs them in.
type Users struct {
	pool   *pgxpool.Pool
	now    func() time.Time
	wake   func()
	hasher *hashing.Hasher
	tokens *Tokens

	// sessionLife is the absolute life of a session.
	sessionLife time.Duration

	// verification: who registers has to verify the address.
	verification bool
	// adminMFA: admins may do nothing without a second factor. stepUp: what gives money or access away wants a fresh proof.
	adminMFA, stepUp bool
	// vault seals the secrets of second factors.
	vault *vault.Vault
	// party is who passkeys are made for.
	party *webauthn.WebAuthn
	// portalURL is where the pages are that mails lead to.
	portalURL string

	guesses attempts.Guesses
	// resets counts the mails with a link for a new password by address of mail.
	resets *attempts.Window
}

// Registration is what a new merchant gives.
type Registration struct {
	Email    string
	Password string
	// Profile of the merchant; Name is required.
	Profile merchant.Change
}

// Register makes a merchant and its first user, who is logged in at once. The gateway is not enabled yet. Where addresses are verified the
// user may only do that, nobody is told of the merchant before, and an address that has an account is answered like any other.
func (u *Users) Register(ctx context.Context, r Registration, from device.Device) (Session, error) {
	r.Email, r.Profile = form.NormalEmail(r.Email), r.Profile.Cleaned()
	if err := r.check(); err != nil {
		return Session{}, err
	}
	hash, err := u.hashOf(ctx, r.Password, from)
	if err != nil {
		return Session{}, err
	}
	m := merchant.Merchant{ID: events.NewID(), Email: r.Email, CreatedAt: instant(u.now)}
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

// openNew stores a new user, after what first stores, and logs the user in.
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

// hashOf counts the registration of that address before it pays for bcrypt.
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
	user.CreatedAt = instant(u.now)
	return u.openNew(ctx, user, from, func(tx pgx.Tx) error {
		return audit.Record(ctx, tx, user.CreatedAt, audit.ByUser(user.ID), "customer.registered", user.ID, nil)
	})
}

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
	user := User{ID: events.NewID(), Email: form.NormalEmail(m.Email), Name: form.Cleaned(m.Name, form.MaxName), Role: m.Role, MerchantID: merchantID, Unverified: u.verification}
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
	user.CreatedAt = instant(u.now)
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

// room refuses a member for whom the team has no room, or whose address has an account: where addresses are verified nobody learns that.
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

// instant is now as the database keeps it.
func instant(now func() time.Time) time.Time { return now().UTC().Truncate(time.Microsecond) }
