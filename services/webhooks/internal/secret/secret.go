// Package secret generates the secrets that sign webhooks and encrypts them at rest.
package secret

import (
	"crypto/rand"
	"encoding/base64"

	"european-pay.eu/eupay/sdk/go/webhook"
)

// New returns a secret in the form that the merchant sees: whsec_ and 32 random bytes in base64.
func New() string {
	key := make([]byte, 32)
	rand.Read(key) // never fails: the runtime ends the process instead
	return FromKey(key)
}

// FromKey formats a key of 32 bytes in the form that merchants see.
func FromKey(key []byte) string { return webhook.Prefix + base64.StdEncoding.EncodeToString(key) }
