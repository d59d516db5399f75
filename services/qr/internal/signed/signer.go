package signed

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
)

const (
	// MinKey is the minimum length of a signing key in bytes.
	MinKey = 32
	// maxData limits the data that is parsed, in characters: a QR code holds fewer.
	maxData = 4 << 10
)

// The reasons why a code is refused.
var (
	ErrForeign   = errors.New("not a code of ours")
	ErrTruncated = errors.New("the code is incomplete or damaged")
	ErrForged    = errors.New("the code was not signed here")
	ErrExpired   = errors.New("the code has expired")
	// ErrTooLong is returned by Sign for a code that could not be read.
	ErrTooLong = errors.New("the code is too long")
)

// Signer signs with one key and verifies with several.
type Signer struct{ keys [][]byte }

// NewSigner returns a signer that signs with key, and accepts signatures made with it or with one of the old keys. Keys are used
// unchanged, so that JavaScript's createHmac with the same text agrees.
func NewSigner(key string, old ...string) (*Signer, error) {
	s := &Signer{}
	for _, k := range append([]string{key}, old...) {
		if len(k) < MinKey {
			return nil, fmt.Errorf("a signing key has less than %d bytes", MinKey)
		}
		s.keys = append(s.keys, []byte(k))
	}
	return s, nil
}

// Sign returns the signed payload, and the envelope {payload, sig} in base64url without padding, which needs no escaping in a
// query. The same code gives the same envelope.
func (s *Signer) Sign(c Code) (payload []byte, data string, err error) {
	if err := c.check(); err != nil {
		return nil, "", err
	}
	payload = c.appendJSON(make([]byte, 0, 512))
	envelope := make([]byte, 0, len(payload)+96)
	envelope = append(envelope, opening...)
	envelope = append(envelope, payload...)
	envelope = append(envelope, middle...)
	envelope = append(envelope, mac(s.keys[0], payload)...)
	envelope = append(envelope, closing...)
	if base64.RawURLEncoding.EncodedLen(len(envelope)) > maxData {
		return nil, "", ErrTooLong
	}
	return payload, base64.RawURLEncoding.EncodeToString(envelope), nil
}

// mac returns the signature in the form of the envelope.
func mac(key, payload []byte) []byte {
	h := hmac.New(sha256.New, key)
	h.Write(payload)
	return hex.AppendEncode(make([]byte, 0, sigLen), h.Sum(nil))
}

// Open decodes an envelope made by Sign, or by JavaScript with the same key. The signature is verified over the received bytes of
// the payload before anything in it is trusted. It returns ErrForeign (also for a signed payload of another kind), ErrTruncated,
// ErrForged, or, from the expiry on, ErrExpired with the code.
func (s *Signer) Open(data string, now time.Time) (Code, error) {
	payload, sig, err := unwrap(data)
	if err != nil {
		return Code{}, err
	}
	if !s.validSignature(payload, sig) {
		return Code{}, ErrForged
	}
	c, err := parse(payload)
	if err != nil {
		return Code{}, ErrForeign
	}
	if !c.ExpiresAt.IsZero() && !now.Before(c.ExpiresAt) {
		return c, ErrExpired
	}
	return c, nil
}

// validSignature compares with every key, so that its duration does not reveal which one matches.
func (s *Signer) validSignature(payload, sig []byte) bool {
	ok := false
	for _, key := range s.keys {
		if hmac.Equal(mac(key, payload), sig) {
			ok = true
		}
	}
	return ok
}

// unwrap splits the envelope: base64url with or without padding, around exactly the text of JSON.stringify({payload, sig}). So
// the payload is the received bytes, and nothing is parsed before its signature is verified.
func unwrap(data string) (payload, sig []byte, err error) {
	if len(data) > maxData || strings.ContainsAny(data, "\r\n") { // the decoder would ignore it
		return nil, nil, ErrForeign
	}
	text, broken := base64.RawURLEncoding.Strict().DecodeString(unpad(data))
	if broken != nil { // perhaps only truncated
		if text, err = base64.RawURLEncoding.DecodeString(data[:len(data)/4*4]); err != nil {
			return nil, nil, ErrForeign
		}
	}
	if !bytes.HasPrefix(text, []byte(opening)[:min(len(opening), len(text))]) || len(text) == 0 {
		return nil, nil, ErrForeign
	}
	payload, sig, ok := split(text)
	switch {
	case ok && broken == nil:
		return payload, sig, nil
	case json.Valid(text):
		return nil, nil, ErrForeign
	default:
		return nil, nil, ErrTruncated
	}
}

// The fixed parts of an envelope.
const (
	opening = `{"payload":`
	middle  = `,"sig":"`
	closing = `"}`
	sigLen  = 2 * sha256.Size
)

// split finds the payload between opening and middle. The signature has a fixed length, so its position is known.
func split(text []byte) (payload, sig []byte, ok bool) {
	end := len(text) - len(closing) - sigLen
	if end < len(opening)+len(middle) || string(text[len(text)-len(closing):]) != closing {
		return nil, nil, false
	}
	payload, ok = bytes.CutSuffix(text[len(opening):end], []byte(middle))
	return payload, text[end : end+sigLen], ok
}

// unpad removes padding that completes a group of four; other padding is left for the decoder to refuse.
func unpad(data string) string {
	if len(data)%4 != 0 {
		return data
	}
	if short, ok := strings.CutSuffix(data, "=="); ok {
		return short
	}
	return strings.TrimSuffix(data, "=")
}
