// Package vaulttest provides a vault for tests.
package vaulttest

import (
	"strings"
	"testing"

	"european-pay.eu/eupay/internal/vault"
)

// New returns a vault with a fixed, public key.
func New(t testing.TB) *vault.Vault {
	t.Helper()
	v, err := vault.New("test", strings.Repeat("01", 32))
	if err != nil {
		t.Fatal(err)
	}
	return v
}
