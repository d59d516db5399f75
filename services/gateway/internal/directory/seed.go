package directory

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/services/gateway/internal/apikey"
	"european-pay.eu/eupay/services/gateway/internal/merchant"
	"european-pay.eu/eupay/services/gateway/internal/rights"
	"european-pay.eu/eupay/services/gateway/internal/user"
)

// Demo names the accounts that Seed makes. An admin or customer with an empty email is left out.
type Demo struct {
	Merchant                        merchant.Merchant // Name, Email and IBAN at least
	MerchantPassword                string
	AdminEmail, AdminPassword       string
	CustomerEmail, CustomerPassword string
	Keys                            []apikey.Demo
}

// Seed makes sure that the demo accounts exist, may be used and have the given credentials, also when it has run
// before. It is for the all-in-one process and never for production: the credentials are known.
func (d *Directory) Seed(ctx context.Context, demo Demo) (merchant.Merchant, error) {
	var m merchant.Merchant
	err := pgx.BeginFunc(ctx, d.deps.Pool, func(tx pgx.Tx) error {
		if err := lockSeed(ctx, tx); err != nil {
			return err
		}
		var err error
		if m, err = d.seedMerchant(ctx, tx, demo.Merchant); err != nil {
			return err
		}
		for _, u := range demo.users(m.ID) {
			if err := d.Users.Seed(ctx, tx, u); err != nil {
				return err
			}
		}
		for _, k := range demo.Keys {
			if err := d.Keys.Seed(ctx, tx, m.ID, k); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return merchant.Merchant{}, fmt.Errorf("seed accounts: %w", err)
	}
	d.Keys.Forget(m.ID)
	for _, k := range demo.Keys {
		d.Keys.Forget(k.Public)
	}
	d.deps.Wake()
	return m, nil
}

func (d Demo) users(merchantID string) []user.Demo {
	list := []user.Demo{{Email: d.Merchant.Email, Password: d.MerchantPassword, Role: rights.RoleMerchant, MerchantID: merchantID}}
	if d.AdminEmail != "" {
		list = append(list, user.Demo{Email: d.AdminEmail, Password: d.AdminPassword, Role: rights.RoleAdmin})
	}
	if d.CustomerEmail != "" {
		list = append(list, user.Demo{Email: d.CustomerEmail, Password: d.CustomerPassword, Role: rights.RoleCustomer})
	}
	return list
}

// seedMerchant finds the merchant by its user, or makes it.
func (d *Directory) seedMerchant(ctx context.Context, tx pgx.Tx, m merchant.Merchant) (merchant.Merchant, error) {
	id, found, err := user.MerchantOf(ctx, tx, m.Email)
	if err != nil {
		return merchant.Merchant{}, err
	}
	if !found {
		return d.Merchants.SeedNew(ctx, tx, m)
	}
	return d.Merchants.SeedExisting(ctx, tx, id)
}
