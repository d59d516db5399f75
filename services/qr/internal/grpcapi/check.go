package grpcapi

import (
	"google.golang.org/protobuf/types/known/timestamppb"

	"european-pay.eu/eupay/internal/refuse"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
)

// The limits of a request. They keep the code readable for cameras; names in Latin script are far below the limits.
const (
	maxReference = 64
	maxID        = 64
	maxName      = 560                 // 140 characters of up to four bytes, the limit of merchants' names
	maxLabel     = 400                 // 100 characters of up to four bytes
	maxAmount    = 999_999_999_999_999 // exactly representable in JavaScript's numbers to the cent
)

func checkGatewayPayment(req *qrv1.SignGatewayPaymentRequest) error {
	var p refuse.Problems
	p.If(!within(req.GetReference(), maxReference), "reference", "is required, at most 64 bytes")
	p.If(!within(req.GetMerchantId(), maxID), "merchant_id", "is required, at most 64 bytes")
	p.If(!within(req.GetMerchantName(), maxName), "merchant_name", "is required, at most 560 bytes")
	p.If(req.GetAmountCents() <= 0 || req.GetAmountCents() > maxAmount, "amount_cents", "must be positive and below 10 trillion euros")
	p.If(req.GetCurrency() != "EUR", "currency", "must be EUR")
	p.If(!isInstant(req.GetExpiresAt()), "expires_at", "is required")
	return p.Err()
}

func checkPaymentRequest(req *qrv1.SignPaymentRequestRequest) error {
	var p refuse.Problems
	p.If(!within(req.GetMerchantId(), maxID), "merchant_id", "is required, at most 64 bytes")
	p.If(!within(req.GetMerchantName(), maxName), "merchant_name", "is required, at most 560 bytes")
	p.If(!within(req.GetEuPayId(), maxID), "eu_pay_id", "is required, at most 64 bytes")
	p.If(req.GetAmountCents() < 0 || req.GetAmountCents() > maxAmount, "amount_cents", "must be below 10 trillion euros, or 0 for an open amount")
	p.If(req.GetCurrency() != "EUR", "currency", "must be EUR")
	p.If(len(req.GetLabel()) > maxLabel, "label", "must have at most 400 bytes")
	p.If(len(req.GetRequestId()) > maxID, "request_id", "must have at most 64 bytes")
	p.If(req.GetExpiresAt() != nil && !isInstant(req.GetExpiresAt()), "expires_at", "must be a time, or absent for a permanent code")
	return p.Err()
}

// isInstant reports whether the time is in the years that a payload can represent.
func isInstant(t *timestamppb.Timestamp) bool {
	const from, before = 946_684_800, 253_402_300_800 // the years 2000 to 9999
	return t.CheckValid() == nil && t.GetSeconds() >= from && t.GetSeconds() < before
}

func within(s string, limit int) bool { return s != "" && len(s) <= limit }
