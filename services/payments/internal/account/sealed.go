package account

import "european-pay.eu/eupay/internal/vault"

// Sealed lists the columns that the vault seals: provider tokens and account numbers.
func (a *Accounts) Sealed() []vault.Column {
	return []vault.Column{
		{
			Table: "bank_users", Key: []string{"customer_id", "livemode"}, KeyID: "token_key_id", Data: "token_sealed",
			Owner: func(of []string) string { return owner{ID: of[0], Livemode: of[1] == "true"}.SealedFor("token") },
		},
		{
			Table: "bank_accounts", Key: []string{"id"}, Of: []string{"customer_id", "livemode"}, KeyID: "iban_key_id", Data: "iban_sealed",
			Owner:  func(of []string) string { return owner{ID: of[1], Livemode: of[2] == "true"}.SealedFor("iban") },
			Hashes: []vault.Hash{{Column: "iban_fingerprint", Of: a.consents.HashOf}},
		},
	}
}
