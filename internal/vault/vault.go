// Package vault encrypts secrets at rest with a master key that the operator holds.
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
	"strings"
)

// Sealed is an encrypted secret as stored in the database.
type Sealed struct {
	// KeyID identifies the master key that sealed it, so that master keys can be rotated.
	KeyID string
	// Data is the nonce and the AES-256-GCM ciphertext.
	Data []byte
}

// Vault seals secrets with the current master key, and opens those sealed with the current or an earlier one.
type Vault struct {
	name string
	keys []key // the current one first
}

type key struct {
	id   string
	raw  []byte
	aead cipher.AEAD
}

// New takes the name of the vault's purpose, the current master key and the earlier ones: 32 bytes each, as base64 or 64 hex
// digits. The name is part of what is derived from a key, so it must never change; one master key under two names makes two
// unrelated vaults.
func New(name, current string, earlier ...string) (*Vault, error) {
	v := &Vault{name: name}
	for _, text := range append([]string{current}, earlier...) {
		if text = strings.TrimSpace(text); text == "" && len(v.keys) > 0 {
			continue
		}
		k, err := newKey(name, text)
		if err != nil {
			return nil, err
		}
		v.keys = append(v.keys, k)
	}
	return v, nil
}

func newKey(name, text string) (key, error) {
	raw, err := hex.DecodeString(text)
	if err != nil || len(raw) != 32 {
		raw, err = base64.StdEncoding.DecodeString(text)
	}
	if err != nil || len(raw) != 32 {
		return key{}, fmt.Errorf("the %s master key must be 32 bytes in base64 or hex", name)
	}
	block, err := aes.NewCipher(raw)
	if err != nil {
		return key{}, fmt.Errorf("make cipher: %w", err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return key{}, fmt.Errorf("make cipher: %w", err)
	}
	id := sha256.Sum256(append([]byte("eupay "+name+" master key id\x00"), raw...))
	return key{id: hex.EncodeToString(id[:4]), raw: raw, aead: aead}, nil
}

func (v *Vault) current() key { return v.keys[0] }

// find returns the key with that id.
func (v *Vault) find(id string) (key, bool) {
	for _, k := range v.keys {
		if k.id == id {
			return k, true
		}
	}
	return key{}, false
}

func (v *Vault) ids() string {
	list := make([]string, 0, len(v.keys))
	for _, k := range v.keys {
		list = append(list, k.id)
	}
	return strings.Join(list, ", ")
}

// Seal encrypts plain and binds the ciphertext to the owner: moved to another row it cannot be opened.
func (v *Vault) Seal(plain, owner string) Sealed {
	k := v.current()
	nonce := make([]byte, k.aead.NonceSize())
	rand.Read(nonce)
	return Sealed{KeyID: k.id, Data: k.aead.Seal(nonce, nonce, []byte(plain), []byte(owner))}
}

// Open decrypts a value that Seal made for the same owner.
func (v *Vault) Open(s Sealed, owner string) (string, error) {
	k, ok := v.find(s.KeyID)
	if !ok {
		return "", fmt.Errorf("open %s secret: it was sealed with master key %s, this service has %s", v.name, s.KeyID, v.ids())
	}
	n := k.aead.NonceSize()
	if len(s.Data) < n {
		return "", fmt.Errorf("open %s secret: too short", v.name)
	}
	plain, err := k.aead.Open(nil, s.Data[:n], s.Data[n:], []byte(owner))
	if err != nil {
		return "", fmt.Errorf("open %s secret: %w", v.name, err)
	}
	return string(plain), nil
}

// Derive returns 32 bytes derived from the current master key and the label (HKDF-SHA256, RFC 5869). The bytes of one label
// reveal nothing about the master key or other labels.
func (v *Vault) Derive(label string) []byte { return v.DeriveAll(label)[0] }

// DeriveAll is Derive for the current master key and the earlier ones, so that values derived from an earlier key are still
// recognised.
func (v *Vault) DeriveAll(label string) [][]byte {
	all := make([][]byte, 0, len(v.keys))
	for _, k := range v.keys {
		derived, err := hkdf.Key(sha256.New, k.raw, nil, "eupay "+v.name+" derived key\x00"+label, sha256.Size)
		if err != nil {
			panic(err) // cannot happen: the length is valid for SHA-256
		}
		all = append(all, derived)
	}
	return all
}
