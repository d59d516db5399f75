package signed

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"european-pay.eu/eupay/internal/money"
)

// MinKey is the least length of a signing key in bytes.
const MinKey = 32

// maxEnvelope bounds what is looked at: a QR code holds less.
const maxEnvelope = 8 << 10

// Why Verify refuses.
var (
	ErrForged  = errors.New("the code was not signed here")
	ErrExpired = errors.New("the code has expired")
)

// Signer signs and checks with one key.
type Signer struct{ key []byte }

// NewSigner returns a signer. The key is used as it is, so that JavaScript's createHmac with the same text agrees.
func NewSigner(key string) (*Signer, error) {
	if len(key) < MinKey {
		return nil, fmt.Errorf("the signing key has less than %d bytes", MinKey)
	}
	return &Signer{key: []byte(key)}, nil
}

// Sign returns the envelope {payload, sig} in base64url without padding: its characters need no escaping in a query.
func (s *Signer) Sign(p GatewayPayment) (string, error) {
	if err := p.check(); err != nil {
		return "", err
	}
	payload := p.appendJSON(make([]byte, 0, 512))
	envelope := make([]byte, 0, len(payload)+96)
	envelope = append(envelope, `{"payload":`...)
	envelope = append(envelope, payload...)
	envelope = append(envelope, `,"sig":"`...)
	envelope = hex.AppendEncode(envelope, s.mac(payload))
	envelope = append(envelope, `"}`...)
	return base64.RawURLEncoding.EncodeToString(envelope), nil
}

func (s *Signer) mac(payload []byte) []byte {
	h := hmac.New(sha256.New, s.key)
	h.Write(payload)
	return h.Sum(nil)
}

// Verify opens an envelope that Sign made. The signature is checked over the received bytes of the payload before
// anything in it is believed. It returns ErrForged, or at now or later than the expiry ErrExpired with the payload.
func (s *Signer) Verify(encoded string, now time.Time) (GatewayPayment, error) {
	if len(encoded) > maxEnvelope {
		return GatewayPayment{}, ErrForged
	}
	text, err := base64.RawURLEncoding.Strict().DecodeString(encoded)
	if err != nil {
		return GatewayPayment{}, ErrForged
	}
	var envelope struct {
		Payload json.RawMessage `json:"payload"`
		Sig     string          `json:"sig"`
	}
	if err := json.Unmarshal(text, &envelope); err != nil {
		return GatewayPayment{}, ErrForged
	}
	sig, err := hex.DecodeString(envelope.Sig)
	if err != nil || !hmac.Equal(sig, s.mac(envelope.Payload)) {
		return GatewayPayment{}, ErrForged
	}
	p, err := parse(envelope.Payload)
	if err == nil && !now.Before(p.ExpiresAt) {
		err = ErrExpired
	}
	return p, err
}

// parse reads a payload whose signature is right. Another kind of code under the same key is not this one.
func parse(payload []byte) (GatewayPayment, error) {
	var w struct {
		V         int    `json:"v"`
		Type      string `json:"type"`
		Reference string `json:"gateway_reference"`
		Merchant  struct {
			ID   string `json:"id"`
			Name string `json:"name"`
		} `json:"merchant"`
		Amount    json.Number `json:"amount"`
		Currency  string      `json:"currency"`
		ExpiresAt time.Time   `json:"expiresAt"`
	}
	if err := json.Unmarshal(payload, &w); err != nil || w.V != 1 || w.Type != TypeGatewayPayment {
		return GatewayPayment{}, ErrForged
	}
	amount, err := money.Parse(w.Amount.String())
	if err != nil {
		return GatewayPayment{}, ErrForged
	}
	return GatewayPayment{
		Reference: w.Reference, MerchantID: w.Merchant.ID, MerchantName: w.Merchant.Name,
		Amount: amount, Currency: w.Currency, ExpiresAt: w.ExpiresAt,
	}, nil
}
