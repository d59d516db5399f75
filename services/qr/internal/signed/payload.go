// Package signed makes and checks the signed JSON envelopes inside EU Pay QR codes. The signature covers the bytes that
// JSON.stringify gives for the same object in JavaScript, so that clients in JavaScript agree bit by bit.
package signed

import (
	"errors"
	"time"

	"european-pay.eu/eupay/internal/money"
)

// TypeGatewayPayment marks the code of a gateway payment.
const TypeGatewayPayment = "gateway_qr_payment"

// maxAmount is the largest amount that JavaScript's numbers hold exactly to the cent (15 significant digits).
const maxAmount money.Cents = 999_999_999_999_999

// timeLayout is a UTC time in seconds, as in 2026-06-17T12:30:00Z.
const timeLayout = "2006-01-02T15:04:05Z"

// GatewayPayment is what the code of a gateway payment says.
type GatewayPayment struct {
	// Reference of the payment; it is also the request's id.
	Reference                string
	MerchantID, MerchantName string
	Amount                   money.Cents
	Currency                 string
	// ExpiresAt counts in whole seconds.
	ExpiresAt time.Time
}

// The documented fields are all required.
var errIncomplete = errors.New("a field of the payload is empty or out of range")

func (p GatewayPayment) check() error {
	year := p.ExpiresAt.UTC().Year()
	if p.Reference == "" || p.MerchantID == "" || p.MerchantName == "" || p.Currency == "" || p.Amount <= 0 || p.Amount > maxAmount || year < 2000 || year > 9999 {
		return errIncomplete
	}
	return nil
}

// appendJSON writes the payload with the keys in the documented order.
func (p GatewayPayment) appendJSON(b []byte) []byte {
	b = append(b, `{"v":1,"type":"`+TypeGatewayPayment+`","requestId":`...)
	b = appendString(b, p.Reference)
	b = append(b, `,"gateway_reference":`...)
	b = appendString(b, p.Reference)
	b = append(b, `,"merchant":{"id":`...)
	b = appendString(b, p.MerchantID)
	b = append(b, `,"name":`...)
	b = appendString(b, p.MerchantName)
	b = append(b, `},"amount":`...)
	b = append(b, p.Amount.JSON()...)
	b = append(b, `,"currency":`...)
	b = appendString(b, p.Currency)
	b = append(b, `,"expiresAt":"`...)
	b = p.ExpiresAt.UTC().AppendFormat(b, timeLayout)
	return append(b, `"}`...)
}
