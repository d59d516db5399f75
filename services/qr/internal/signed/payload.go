// Package signed creates and verifies the signed JSON envelopes inside EU Pay QR codes. The signature covers the bytes that
// JSON.stringify returns for the same object in JavaScript, so that JavaScript clients agree bit by bit.
package signed

import (
	"encoding/json"
	"errors"
	"time"

	"european-pay.eu/eupay/internal/money"
)

// The kinds of codes.
const (
	// TypeGatewayPayment is the code of one gateway payment.
	TypeGatewayPayment = "gateway_qr_payment"
	// TypePaymentRequest is the code of a merchant: each scan creates a new payment.
	TypePaymentRequest = "powens_qr_payment_request"
)

const (
	// version of the payloads.
	version = 1
	// maxAmount is the largest amount that JavaScript's numbers represent exactly to the cent (15 significant digits).
	maxAmount money.Cents = 999_999_999_999_999
	// timeLayout is a UTC time in seconds, as in 2026-06-17T12:30:00Z.
	timeLayout = "2006-01-02T15:04:05Z"
)

// Merchant is the payee.
type Merchant struct {
	ID string
	// MerchantID is the same as ID; the payload in the API reference has both. Like EuPayID it is only in a merchant's own code.
	MerchantID string
	Name       string
	// EuPayID is the merchant's public id.
	EuPayID string
}

// Code is the content of a code.
type Code struct {
	Type string
	// RequestID of a gateway payment's code is the payment's reference.
	RequestID string
	// GatewayReference is the payment that the code pays; empty in a merchant's own code.
	GatewayReference string
	Merchant         Merchant
	// Amount is 0 if the customer enters it, which only a merchant's own code allows.
	Amount   money.Cents
	Currency string
	// ExpiresAt has a precision of seconds. Zero: never, which only a merchant's own code allows.
	ExpiresAt time.Time
	// Label is shown to the customer; optional, and only in a merchant's own code.
	Label string
}

var errIncomplete = errors.New("a field of the payload is missing, out of range or of the other kind of code")

func (c Code) check() error {
	year := c.ExpiresAt.UTC().Year()
	ok := c.RequestID != "" && c.Merchant.ID != "" && c.Merchant.Name != "" && c.Currency == "EUR" && c.Amount >= 0 && c.Amount <= maxAmount &&
		(c.ExpiresAt.IsZero() || year >= 2000 && year <= 9999)
	switch c.Type {
	case TypeGatewayPayment:
		ok = ok && c.GatewayReference == c.RequestID && c.Amount > 0 && !c.ExpiresAt.IsZero() && c.Merchant.MerchantID+c.Merchant.EuPayID+c.Label == ""
	case TypePaymentRequest:
		ok = ok && c.GatewayReference == "" && c.Merchant.MerchantID != "" && c.Merchant.EuPayID != ""
	default:
		ok = false
	}
	if !ok {
		return errIncomplete
	}
	return nil
}

// appendJSON encodes the payload with the keys in the order of the API reference. The label is not part of it, so it is appended
// last, and only if there is one.
func (c Code) appendJSON(b []byte) []byte {
	b = append(b, `{"v":1,"type":`...)
	b = appendString(b, c.Type)
	b = append(b, `,"requestId":`...)
	b = appendString(b, c.RequestID)
	if c.Type == TypeGatewayPayment {
		b = append(b, `,"gateway_reference":`...)
		b = appendString(b, c.GatewayReference)
	}
	b = c.Merchant.appendJSON(append(b, `,"merchant":`...), c.Type)
	b = append(b, `,"amount":`...)
	if c.Amount == 0 {
		b = append(b, `null`...)
	} else {
		b = append(b, c.Amount.JSON()...)
	}
	b = append(b, `,"currency":`...)
	b = appendString(b, c.Currency)
	b = append(b, `,"expiresAt":`...)
	if c.ExpiresAt.IsZero() {
		b = append(b, `null`...)
	} else {
		b = append(c.ExpiresAt.UTC().AppendFormat(append(b, '"'), timeLayout), '"')
	}
	if c.Label != "" {
		b = append(b, `,"label":`...)
		b = appendString(b, c.Label)
	}
	return append(b, '}')
}

func (m Merchant) appendJSON(b []byte, kind string) []byte {
	b = append(b, `{"id":`...)
	b = appendString(b, m.ID)
	if kind == TypePaymentRequest {
		b = append(b, `,"merchantId":`...)
		b = appendString(b, m.MerchantID)
	}
	b = append(b, `,"name":`...)
	b = appendString(b, m.Name)
	if kind == TypePaymentRequest {
		b = append(b, `,"euPayId":`...)
		b = appendString(b, m.EuPayID)
	}
	return append(b, '}')
}

// parse decodes a payload whose signature is valid. Early versions of gateway payments had no requestId.
func parse(payload []byte) (Code, error) {
	var w struct {
		V                int    `json:"v"`
		Type             string `json:"type"`
		RequestID        string `json:"requestId"`
		GatewayReference string `json:"gateway_reference"`
		Merchant         struct {
			ID         string `json:"id"`
			MerchantID string `json:"merchantId"`
			Name       string `json:"name"`
			EuPayID    string `json:"euPayId"`
		} `json:"merchant"`
		Amount    *json.Number `json:"amount"`
		Currency  string       `json:"currency"`
		ExpiresAt *time.Time   `json:"expiresAt"`
		Label     string       `json:"label"`
	}
	if err := json.Unmarshal(payload, &w); err != nil || w.V != version {
		return Code{}, errIncomplete
	}
	c := Code{
		Type: w.Type, RequestID: w.RequestID, GatewayReference: w.GatewayReference, Merchant: Merchant(w.Merchant), Currency: w.Currency, Label: w.Label,
	}
	if c.RequestID == "" {
		c.RequestID = c.GatewayReference
	}
	if w.ExpiresAt != nil {
		c.ExpiresAt = w.ExpiresAt.UTC()
	}
	if w.Amount != nil {
		cents, err := money.Parse(w.Amount.String())
		if err != nil || cents <= 0 {
			return Code{}, errIncomplete
		}
		c.Amount = cents
	}
	return c, c.check()
}
