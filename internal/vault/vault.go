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
	"strings"
)

// Sealed is a secret as the database keeps it.
type Sealed struct {
	// KeyID names the master key that sealed it, so that the master key can be changed.
	KeyID string
	// Data is the nonce and the AES-256-GCM ciphertext.
	Data []byte
}

// Vault seals secrets with the current master key, and opens what that one or an earlier one has sealed.
type Vault struct {
	name string
	keys []key // the current one first
}

type key struct {
	id   string
	raw  []byte
	aead cipher.AEAD
}

// New takes the name of what the vault is for, the current master key and those before it: 32 bytes as base64 or as 64 hex digits each. The
// name is part of what is derived from a key, so it must never change; one master key under two names makes two unrelated vaults.
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

// knows returns the key of that id.
func (v *Vault) knows(id string) (key, bool) {
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

// Seal encrypts plain for the owner, which the ciphertext is bound to: moved to another row it cannot be opened.
func (v *Vault) Seal(plain, owner string) Sealed {
	k := v.current()
	nonce := make([]byte, k.aead.NonceSize())
	rand.Read(nonce)
	return Sealed{KeyID: k.id, Data: k.aead.Seal(nonce, nonce, []byte(plain), []byte(owner))}
}

// Open decrypts what Seal made for the same owner.
func (v *Vault) Open(s Sealed, owner string) (string, error) {
	k, ok := v.knows(s.KeyID)
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

// Derive returns 32 bytes that follow from the current master key and the label alone (HKDF-SHA256, RFC 5869). Who knows the bytes of one
// label learns nothing of the master key or of other labels.
func (v *Vault) Derive(label string) []byte { return v.DeriveAll(label)[0] }

// DeriveAll is Derive for the current master key and those before it: what was made with an earlier one is still known.
func (v *Vault) DeriveAll(label string) [][]byte {
	all := make([][]byte, 0, len(v.keys))
	for _, k := range v.keys {
		derived, err := hkdf.Key(sha256.New, k.raw, nil, "eupay "+v.name+" derived key\x00"+label, sha256.Size)
		if err != nil {
			panic(err) // only for lengths that SHA-256 cannot give
		}
		all = append(all, derived)
	}
	return all
}
