package secret

import "european-pay.eu/eupay/internal/vault"

// Vault keeps the secrets of webhooks and push subscriptions.
type Vault = vault.Vault

// Sealed is a secret as the database keeps it.
type Sealed = vault.Sealed

// NewVault takes the current master key and those before it: 32 bytes as base64 or as 64 hex digits each.
func NewVault(masterKey string, earlier ...string) (*Vault, error) {
	return vault.New("webhook", masterKey, earlier...)
}
