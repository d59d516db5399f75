// Package grpcapi serves the gRPC calls of the service.
package grpcapi

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/run/events"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
	"european-pay.eu/eupay/services/qr/internal/signed"
)

// Server implements QRService. It is stateless: a code contains all its data.
type Server struct {
	qrv1.UnimplementedQRServiceServer
	signer *signed.Signer
	links  *signed.Links
	now    func() time.Time
}

// New returns a server.
func New(signer *signed.Signer, links *signed.Links, now func() time.Time) *Server {
	return &Server{signer: signer, links: links, now: now}
}

// SignGatewayPayment signs the code of a payment. The same request gives the same response.
func (s *Server) SignGatewayPayment(_ context.Context, req *qrv1.SignGatewayPaymentRequest) (*qrv1.SignGatewayPaymentResponse, error) {
	if err := checkGatewayPayment(req); err != nil {
		return nil, err
	}
	_, data, err := s.signer.Sign(signed.Code{
		Type: signed.TypeGatewayPayment, RequestID: req.GetReference(), GatewayReference: req.GetReference(),
		Merchant: signed.Merchant{ID: req.GetMerchantId(), Name: req.GetMerchantName()},
		Amount:   money.Cents(req.GetAmountCents()), Currency: req.GetCurrency(), ExpiresAt: req.GetExpiresAt().AsTime(),
	})
	if errors.Is(err, signed.ErrTooLong) {
		return nil, errs.Invalid(errs.Field{Field: "merchant_name", Message: "merchant_name is too long for a code"})
	}
	if err != nil {
		return nil, fmt.Errorf("sign payment %s: %w", req.GetReference(), err)
	}
	return &qrv1.SignGatewayPaymentResponse{QrData: s.links.HTTPS(data), DeepLinkData: s.links.Deep(data)}, nil
}

// maxLink is the capacity of the largest QR code at level H in bytes (ISO/IEC 18004, version 40-H).
const maxLink = 1273

// SignPaymentRequest creates and signs a merchant's own code.
func (s *Server) SignPaymentRequest(_ context.Context, req *qrv1.SignPaymentRequestRequest) (*qrv1.SignPaymentRequestResponse, error) {
	if err := checkPaymentRequest(req); err != nil {
		return nil, err
	}
	c := signed.Code{
		Type: signed.TypePaymentRequest, RequestID: cmp.Or(req.GetRequestId(), events.NewID()),
		Merchant: signed.Merchant{ID: req.GetMerchantId(), MerchantID: req.GetMerchantId(), Name: req.GetMerchantName(), EuPayID: req.GetEuPayId()},
		Amount:   money.Cents(req.GetAmountCents()), Currency: req.GetCurrency(), Label: req.GetLabel(),
	}
	if req.GetExpiresAt() != nil {
		c.ExpiresAt = req.GetExpiresAt().AsTime()
	}
	payload, data, err := s.signer.Sign(c)
	if link := s.links.HTTPS(data); errors.Is(err, signed.ErrTooLong) || len(link) > maxLink {
		return nil, errs.Invalid(errs.Field{Field: "label", Message: "label is too long for a QR code with a name as long as yours. Shorten it."})
	}
	if err != nil {
		return nil, fmt.Errorf("sign payment request: %w", err)
	}
	return &qrv1.SignPaymentRequestResponse{QrData: s.links.HTTPS(data), DeepLinkData: s.links.Deep(data), Payload: string(payload)}, nil
}

// DecodeQR verifies a scanned code.
func (s *Server) DecodeQR(_ context.Context, req *qrv1.DecodeQRRequest) (*qrv1.DecodeQRResponse, error) {
	data, err := s.links.Data(req.GetQrData())
	if err != nil {
		return nil, refusal(err)
	}
	c, err := s.signer.Open(data, s.now())
	if err != nil {
		return nil, refusal(err)
	}
	res := &qrv1.DecodeQRResponse{
		Type: c.Type, RequestId: c.RequestID, GatewayReference: c.GatewayReference,
		MerchantId: c.Merchant.ID, MerchantName: c.Merchant.Name, EuPayId: c.Merchant.EuPayID,
		AmountCents: int64(c.Amount), Currency: c.Currency, Label: c.Label,
	}
	if !c.ExpiresAt.IsZero() {
		res.ExpiresAt = timestamppb.New(c.ExpiresAt)
	}
	return res, nil
}

// refusal converts an error to one that tells the customer what to do.
func refusal(err error) error {
	switch {
	case errors.Is(err, signed.ErrExpired):
		return errs.New(errs.QRExpired, "This code has expired. Ask the merchant for a new one.")
	case errors.Is(err, signed.ErrForged):
		return errs.New(errs.QRInvalid, "This code was not signed by EU Pay, or has been altered. Do not pay with it; ask the merchant for a new one.")
	case errors.Is(err, signed.ErrTruncated):
		return errs.New(errs.QRInvalid, "This code is incomplete or damaged. Scan it again, or copy its whole link.")
	case errors.Is(err, signed.ErrForeign):
		return errs.New(errs.QRInvalid, "This is not a payment code of EU Pay. Scan the code that the merchant shows.")
	default:
		return fmt.Errorf("decode code: %w", err)
	}
}
