package push

import (
	"crypto/ecdh"
	"encoding/base64"
	"errors"
	"net/mail"
	"net/url"
	"strings"
)

// Key identifies this system to push services (VAPID, RFC 8292). Browsers subscribe with its public part.
type Key struct {
	private, public string // base64url
	// subject is whom a push service can turn to: an https URL or an email address.
	subject string
}

// The ways in which the settings can be wrong. They do not repeat the value: one of them is a secret.
var (
	errHalf    = errors.New("EUPAY_PUSH_PRIVATE_KEY and EUPAY_PUSH_SUBJECT are set together or not at all")
	errKey     = errors.New("EUPAY_PUSH_PRIVATE_KEY must be a P-256 private key: 32 bytes in base64url without padding")
	errSubject = errors.New("EUPAY_PUSH_SUBJECT must be mailto: and an email address, or an https URL")
)

// NewKey reads the settings: the private key as 32 bytes in base64url without padding, and the contact. It returns nil
// when both are empty: push is off then.
func NewKey(private, subject string) (*Key, error) {
	if private == "" && subject == "" {
		return nil, nil
	}
	if private == "" || subject == "" {
		return nil, errHalf
	}
	scalar, ok := decode(private)
	if !ok {
		return nil, errKey
	}
	parsed, err := ecdh.P256().NewPrivateKey(scalar)
	if err != nil {
		return nil, errKey
	}
	if !isContact(subject) {
		return nil, errSubject
	}
	return &Key{
		private: private, public: base64.RawURLEncoding.EncodeToString(parsed.PublicKey().Bytes()),
		// The library puts the scheme in front of everything that is not an https URL.
		subject: strings.TrimPrefix(subject, "mailto:"),
	}, nil
}

// isContact: RFC 8292 section 2.1 wants a mailto: or https: URI.
func isContact(subject string) bool {
	if address, ok := strings.CutPrefix(subject, "mailto:"); ok {
		parsed, err := mail.ParseAddress(address)
		return err == nil && parsed.Name == "" && parsed.Address == address
	}
	u, err := url.Parse(subject)
	return err == nil && strings.HasPrefix(subject, "https://") && u.Hostname() != "" && u.User == nil
}

// decode reads base64url without padding. Line breaks and stray bits, which the standard decoder forgives, are refused:
// a value has one form.
func decode(text string) ([]byte, bool) {
	raw, err := base64.RawURLEncoding.DecodeString(text)
	return raw, err == nil && base64.RawURLEncoding.EncodeToString(raw) == text
}
