package account

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/refuse"
	"european-pay.eu/eupay/internal/run/events"
	"european-pay.eu/eupay/services/gateway/internal/apikey"
	"european-pay.eu/eupay/services/gateway/internal/audit"
	"european-pay.eu/eupay/services/gateway/internal/form"
	"european-pay.eu/eupay/services/gateway/internal/merchant"
	"european-pay.eu/eupay/services/gateway/internal/rights"
	"european-pay.eu/eupay/services/gateway/internal/slots"
)

// Demo is what Seed ensures. A part with an empty email or public key is left out, except the merchant.
type Demo struct {
	Merchant                        merchant.Merchant // Name, Email and IBAN at least
	MerchantPassword                string
	AdminEmail, AdminPassword       string
	CustomerEmail, CustomerPassword string
	Keys                            []apikey.Demo
}

// demoTurn is whom its hashes are put down to.
var demoTurn = slots.Turn{Name: string(audit.BySeed)}

// Seed makes sure that the demo accounts exist, may be used and have the given credentials, also when it has run
// before. It is for the all-in-one process and never for production: the credentials are known.
func (a *Accounts) Seed(ctx context.Context, d Demo) (merchant.Merchant, error) {
	var m merchant.Merchant
	err := pgx.BeginFunc(ctx, a.deps.Pool, func(tx pgx.Tx) error {
		if err := lockSeed(ctx, tx); err != nil {
			return err
		}
		var err error
		if m, err = a.seedMerchant(ctx, tx, d); err != nil {
			return err
		}
		for _, u := range d.users(m.ID) {
			if err := a.seedUser(ctx, tx, u.User, u.password); err != nil {
				return err
			}
		}
		for _, k := range d.Keys {
			if err := a.Keys.Seed(ctx, tx, m.ID, k); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return merchant.Merchant{}, fmt.Errorf("seed accounts: %w", err)
	}
	a.Keys.Forget(m.ID)
	for _, k := range d.Keys {
		a.Keys.Forget(k.Public)
	}
	a.deps.Wake()
	return m, nil
}

type demoUser struct {
	User
	password string
}

func (d Demo) users(merchantID string) []demoUser {
	list := []demoUser{{User{Email: d.Merchant.Email, Role: rights.RoleMerchant, MerchantID: merchantID}, d.MerchantPassword}}
	if d.AdminEmail != "" {
		list = append(list, demoUser{User{Email: d.AdminEmail, Role: rights.RoleAdmin}, d.AdminPassword})
	}
	if d.CustomerEmail != "" {
		list = append(list, demoUser{User{Email: d.CustomerEmail, Role: rights.RoleCustomer}, d.CustomerPassword})
	}
	return list
}

// seedMerchant finds the merchant by its user, or makes it.
func (a *Accounts) seedMerchant(ctx context.Context, tx pgx.Tx, d Demo) (merchant.Merchant, error) {
	user, err := userByEmail(ctx, tx, form.NormalEmail(d.Merchant.Email))
	if errors.Is(err, errNoUser) {
		return a.Merchants.SeedNew(ctx, tx, d.Merchant)
	}
	if err != nil {
		return merchant.Merchant{}, err
	}
	return a.Merchants.SeedExisting(ctx, tx, user.MerchantID)
}

func (a *Accounts) seedUser(ctx context.Context, tx pgx.Tx, want User, password string) error {
	now := instant(a.deps.Now)
	want.Email = form.NormalEmail(want.Email)
	var p refuse.Problems
	form.Email(&p, want.Email)
	checkNewPassword(&p, "password", password, "") // the operator's choice, for accounts that everybody knows
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
	if ok, err := a.Users.hasher.Matches(ctx, demoTurn, have.hash, password); err != nil || (ok && !have.Disabled) {
		return err
	}
	if want.hash, err = a.Users.hasher.Hash(ctx, demoTurn, password); err != nil {
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
