// Package secret makes the secrets that sign webhooks and keeps them encrypted at rest.
package secret

import (
	"crypto/rand"
	"encoding/base64"

	"european-pay.eu/eupay/sdk/go/webhook"
)

// New returns a secret for the merchant's eyes: whsec_ and 32 random bytes in base64.
func New() string {
	key := make([]byte, 32)
	rand.Read(key) // never fails: the runtime ends the process instead
	return FromKey(key)
}

// FromKey writes a key of 32 bytes as merchants see it.
func FromKey(key []byte) string { return webhook.Prefix + base64.StdEncoding.EncodeToString(key) }
