// Package vault keeps secrets encrypted at rest with a master key that the operator holds.
package vault

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
)

// Sealed is a secret as the database keeps it.
type Sealed struct {
	// KeyID names the master key that sealed it, so that the master key can be changed.
	KeyID string
	// Data is the nonce and the AES-256-GCM ciphertext.
	Data []byte
}

// Vault seals and opens secrets with a master key.
type Vault struct {
	name  string
	key   []byte
	keyID string
	aead  cipher.AEAD
}

// New takes the name of what the vault is for and the master key: 32 bytes as base64 or as 64 hex digits. The name is part of
// what is derived from the key, so it must never change; one master key under two names makes two unrelated vaults.
func New(name, masterKey string) (*Vault, error) {
	key, err := hex.DecodeString(masterKey)
	if err != nil || len(key) != 32 {
		key, err = base64.StdEncoding.DecodeString(masterKey)
	}
	if err != nil || len(key) != 32 {
		return nil, fmt.Errorf("the %s master key must be 32 bytes in base64 or hex", name)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("make cipher: %w", err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, fmt.Errorf("make cipher: %w", err)
	}
	id := sha256.Sum256(append([]byte("eupay "+name+" master key id\x00"), key...))
	return &Vault{name: name, key: key, keyID: hex.EncodeToString(id[:4]), aead: aead}, nil
}

// Seal encrypts plain for the owner, which the ciphertext is bound to: moved to another row it cannot be opened.
func (v *Vault) Seal(plain, owner string) Sealed {
	nonce := make([]byte, v.aead.NonceSize())
	rand.Read(nonce)
	return Sealed{KeyID: v.keyID, Data: v.aead.Seal(nonce, nonce, []byte(plain), []byte(owner))}
}

// Open decrypts what Seal made for the same owner.
func (v *Vault) Open(s Sealed, owner string) (string, error) {
	if s.KeyID != v.keyID {
		return "", fmt.Errorf("open %s secret: it was sealed with master key %s, this service has %s", v.name, s.KeyID, v.keyID)
	}
	n := v.aead.NonceSize()
	if len(s.Data) < n {
		return "", fmt.Errorf("open %s secret: too short", v.name)
	}
	plain, err := v.aead.Open(nil, s.Data[:n], s.Data[n:], []byte(owner))
	if err != nil {
		return "", fmt.Errorf("open %s secret: %w", v.name, err)
	}
	return string(plain), nil
}

// Derive returns 32 bytes that follow from the master key and the label alone (HKDF-SHA256, RFC 5869). Who knows the bytes
// of one label learns nothing of the master key or of other labels.
func (v *Vault) Derive(label string) []byte {
	key, err := hkdf.Key(sha256.New, v.key, nil, "eupay "+v.name+" derived key\x00"+label, sha256.Size)
	if err != nil {
		panic(err) // only for lengths that SHA-256 cannot give
	}
	return key
}
