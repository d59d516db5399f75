// Package grpcapi answers the service's gRPC calls.
package grpcapi

import (
	"context"
	"fmt"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/money"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
	"european-pay.eu/eupay/services/qr/internal/signed"
)

const (
	// universalLink follows the base URL. The data needs no escaping: base64url has only unreserved characters.
	universalLink = "/pay?data="
	// deepLink opens the app directly, without the detour over a universal link.
	deepLink = "eupay://pay?data="
)

// Server implements QRService.
type Server struct {
	qrv1.UnimplementedQRServiceServer
	signer *signed.Signer
	// baseURL is the site whose links the app opens, without a slash at its end.
	baseURL string
}

// New returns a server.
func New(signer *signed.Signer, baseURL string) *Server {
	return &Server{signer: signer, baseURL: baseURL}
}

// SignGatewayPayment signs the code of a payment. It keeps nothing: the same request gives the same answer.
func (s *Server) SignGatewayPayment(_ context.Context, req *qrv1.SignGatewayPaymentRequest) (*qrv1.SignGatewayPaymentResponse, error) {
	if err := check(req); err != nil {
		return nil, err
	}
	data, err := s.signer.Sign(signed.GatewayPayment{
		Reference: req.GetReference(), MerchantID: req.GetMerchantId(), MerchantName: req.GetMerchantName(),
		Amount: money.Cents(req.GetAmountCents()), Currency: req.GetCurrency(), ExpiresAt: req.GetExpiresAt().AsTime(),
	})
	if err != nil {
		return nil, fmt.Errorf("sign payment %s: %w", req.GetReference(), err)
	}
	return &qrv1.SignGatewayPaymentResponse{QrData: s.baseURL + universalLink + data, DeepLinkData: deepLink + data}, nil
}

// The bounds of a request. They keep the code within what a camera reads: names in Latin script stay far below the limits.
const (
	maxReference = 64
	maxID        = 64
	maxName      = 560                 // 140 characters of up to four bytes, as merchants may have
	maxAmount    = 999_999_999_999_999 // what JavaScript's numbers hold exactly to the cent
)

func check(req *qrv1.SignGatewayPaymentRequest) error {
	var refused []errs.Field
	refuse := func(bad bool, field, message string) {
		if bad {
			refused = append(refused, errs.Field{Field: field, Message: message})
		}
	}
	refuse(!within(req.GetReference(), maxReference), "reference", "reference is required, at most 64 bytes")
	refuse(!within(req.GetMerchantId(), maxID), "merchant_id", "merchant_id is required, at most 64 bytes")
	refuse(!within(req.GetMerchantName(), maxName), "merchant_name", "merchant_name is required, at most 560 bytes")
	refuse(req.GetAmountCents() <= 0 || req.GetAmountCents() > maxAmount, "amount_cents", "amount_cents must be positive and below 10 trillion euros")
	refuse(req.GetCurrency() != "EUR", "currency", "currency must be EUR")
	refuse(req.GetExpiresAt().CheckValid() != nil || req.GetExpiresAt().GetSeconds() <= 0, "expires_at", "expires_at is required")
	if len(refused) > 0 {
		return errs.Invalid(refused...)
	}
	return nil
}

func within(s string, limit int) bool { return s != "" && len(s) <= limit }
