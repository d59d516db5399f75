package account

import (
	"context"

	"european-pay.eu/eupay/internal/vault"
)

// Reseal seals the tokens and numbers of accounts with the current master key, and returns how many it were.
func (a *Accounts) Reseal(ctx context.Context) (int64, error) {
	return a.vault.Reseal(ctx, a.store.pool,
		vault.Column{
			Table: "bank_users", Key: []string{"customer_id", "livemode"}, KeyID: "token_key_id", Data: "token_sealed",
			Owner: func(of []string) string { return owner{of[0], of[1] == "true"}.sealedFor("token") },
		},
		vault.Column{
			Table: "bank_accounts", Key: []string{"id"}, Of: []string{"customer_id", "livemode"}, KeyID: "iban_key_id", Data: "iban_sealed",
			Owner: func(of []string) string { return owner{of[1], of[2] == "true"}.sealedFor("iban") },
			Hash:  "iban_fingerprint", HashOf: a.store.hash,
		})
}
