package secret

import "european-pay.eu/eupay/internal/vault"

// Vault stores the secrets of webhooks and push subscriptions.
type Vault = vault.Vault

// Sealed is an encrypted secret as stored in the database.
type Sealed = vault.Sealed

// NewVault takes the current master key and the earlier ones: 32 bytes each, as base64 or 64 hex digits.
func NewVault(masterKey string, earlier ...string) (*Vault, error) {
	return vault.New("webhook", masterKey, earlier...)
}
