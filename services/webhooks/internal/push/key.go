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
	// subject is the contact for push services: an https URL or an email address.
	subject string
}

// The errors of the settings. They do not contain the value, because one of them is a secret.
var (
	errIncomplete = errors.New("EUPAY_PUSH_PRIVATE_KEY and EUPAY_PUSH_SUBJECT are set together or not at all")
	errKey        = errors.New("EUPAY_PUSH_PRIVATE_KEY must be a P-256 private key: 32 bytes in base64url without padding")
	errSubject    = errors.New("EUPAY_PUSH_SUBJECT must be mailto: and an email address, or an https URL")
)

// NewKey reads the settings: the private key as 32 bytes in base64url without padding, and the contact. It returns nil if both
// are empty, which disables push.
func NewKey(private, subject string) (*Key, error) {
	if private == "" && subject == "" {
		return nil, nil
	}
	if private == "" || subject == "" {
		return nil, errIncomplete
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
		// The library adds the scheme to everything that is not an https URL.
		subject: strings.TrimPrefix(subject, "mailto:"),
	}, nil
}

// isContact: RFC 8292 section 2.1 requires a mailto: or https: URI.
func isContact(subject string) bool {
	if address, ok := strings.CutPrefix(subject, "mailto:"); ok {
		parsed, err := mail.ParseAddress(address)
		return err == nil && parsed.Name == "" && parsed.Address == address
	}
	u, err := url.Parse(subject)
	return err == nil && strings.HasPrefix(subject, "https://") && u.Hostname() != "" && u.User == nil
}

// decode decodes base64url without padding. Line breaks and non-canonical trailing bits, which the standard decoder accepts, are
// refused: a value has one form.
func decode(text string) ([]byte, bool) {
	raw, err := base64.RawURLEncoding.DecodeString(text)
	return raw, err == nil && base64.RawURLEncoding.EncodeToString(raw) == text
}
