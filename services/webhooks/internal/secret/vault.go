package secret

import "european-pay.eu/eupay/internal/vault"

// Vault keeps the secrets of webhooks and push subscriptions.
type Vault = vault.Vault

// Sealed is a secret as the database keeps it.
type Sealed = vault.Sealed

// NewVault takes the master key: 32 bytes as base64 or as 64 hex digits.
func NewVault(masterKey string) (*Vault, error) { return vault.New("webhook", masterKey) }
