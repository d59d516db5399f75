package grpcapi

import (
	"google.golang.org/protobuf/types/known/timestamppb"

	"european-pay.eu/eupay/internal/errs"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
)

// The bounds of a request. They keep the code within what a camera reads: names in Latin script stay far below the limits.
const (
	maxReference = 64
	maxID        = 64
	maxName      = 560                 // 140 characters of up to four bytes, as merchants may have
	maxLabel     = 400                 // 100 characters of up to four bytes
	maxAmount    = 999_999_999_999_999 // what JavaScript's numbers hold exactly to the cent
)

type problems []errs.Field

func (p *problems) refuse(bad bool, field, message string) {
	if bad {
		*p = append(*p, errs.Field{Field: field, Message: message})
	}
}

func (p problems) err() error {
	if len(p) == 0 {
		return nil
	}
	return errs.Invalid(p...)
}

func checkGatewayPayment(req *qrv1.SignGatewayPaymentRequest) error {
	var p problems
	p.refuse(!within(req.GetReference(), maxReference), "reference", "reference is required, at most 64 bytes")
	p.refuse(!within(req.GetMerchantId(), maxID), "merchant_id", "merchant_id is required, at most 64 bytes")
	p.refuse(!within(req.GetMerchantName(), maxName), "merchant_name", "merchant_name is required, at most 560 bytes")
	p.refuse(req.GetAmountCents() <= 0 || req.GetAmountCents() > maxAmount, "amount_cents", "amount_cents must be positive and below 10 trillion euros")
	p.refuse(req.GetCurrency() != "EUR", "currency", "currency must be EUR")
	p.refuse(!isInstant(req.GetExpiresAt()), "expires_at", "expires_at is required")
	return p.err()
}

func checkPaymentRequest(req *qrv1.SignPaymentRequestRequest) error {
	var p problems
	p.refuse(!within(req.GetMerchantId(), maxID), "merchant_id", "merchant_id is required, at most 64 bytes")
	p.refuse(!within(req.GetMerchantName(), maxName), "merchant_name", "merchant_name is required, at most 560 bytes")
	p.refuse(!within(req.GetEuPayId(), maxID), "eu_pay_id", "eu_pay_id is required, at most 64 bytes")
	p.refuse(req.GetAmountCents() < 0 || req.GetAmountCents() > maxAmount, "amount_cents", "amount_cents must be below 10 trillion euros, or 0 for an open amount")
	p.refuse(req.GetCurrency() != "EUR", "currency", "currency must be EUR")
	p.refuse(len(req.GetLabel()) > maxLabel, "label", "label must have at most 400 bytes")
	p.refuse(len(req.GetRequestId()) > maxID, "request_id", "request_id must have at most 64 bytes")
	p.refuse(req.GetExpiresAt() != nil && !isInstant(req.GetExpiresAt()), "expires_at", "expires_at must be a time, or absent for a permanent code")
	return p.err()
}

// isInstant takes the years that a payload can say.
func isInstant(t *timestamppb.Timestamp) bool {
	const from, before = 946_684_800, 253_402_300_800 // the years 2000 to 9999
	return t.CheckValid() == nil && t.GetSeconds() >= from && t.GetSeconds() < before
}

func within(s string, limit int) bool { return s != "" && len(s) <= limit }
