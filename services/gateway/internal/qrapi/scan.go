package qrapi

import (
	"context"
	"fmt"
	"net/http"

	"github.com/labstack/echo/v4"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/money"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

type scanned struct {
	MerchantName string `json:"merchantName"`
	// Amount is null if the customer chooses it.
	Amount      *money.Cents `json:"amount"`
	FixedAmount bool         `json:"fixedAmount"`
	Label       *string      `json:"label"`
	ExpiresAt   *string      `json:"expiresAt"`
	Type        string       `json:"type"`
	// GatewayReference is the payment that the code pays; empty for other codes.
	GatewayReference string `json:"gatewayReference,omitempty"`
}

// scan shows the customer what a code asks for. It moves no money.
func (a *API) scan(c echo.Context) error {
	var in struct {
		QRData string `json:"qrData"`
	}
	if err := web.Decode(c, &in); err != nil {
		return err
	}
	if in.QRData == "" {
		return errs.Invalid(errs.Field{Field: "qrData", Message: "qrData is required: the text of the code."})
	}
	ctx, cancel := web.Calling(c, callTimeout)
	defer cancel()
	code, err := a.QR.DecodeQR(ctx, &qrv1.DecodeQRRequest{QrData: in.QRData})
	if err != nil {
		return fmt.Errorf("decode code: %w", err)
	}
	if ref := code.GetGatewayReference(); ref != "" {
		if err := a.payable(ctx, ref); err != nil {
			return err
		}
	}
	return web.Answer(c, http.StatusOK, scanView(code))
}

// payable refuses a code whose payment can no longer be paid.
func (a *API) payable(ctx context.Context, reference string) error {
	res, err := a.Payments.GetPaymentStatus(ctx, &paymentsv1.GetPaymentStatusRequest{Reference: reference})
	switch {
	case errs.Is(err, errs.NotFoundCode):
		return errs.New(errs.QRInvalid, "The payment of this code does not exist. Ask the merchant for a new code.")
	case err != nil:
		return fmt.Errorf("read payment of code: %w", err)
	}
	switch res.GetStatus() {
	case "pending", "pending_sca":
		return nil
	case "completed", "refunded":
		return errs.New(errs.InvalidState, "This payment is already paid. This code can no longer be used.")
	default:
		return errs.New(errs.InvalidState, "This payment has failed or was cancelled. Ask the merchant for a new code.")
	}
}

func scanView(code *qrv1.DecodeQRResponse) scanned {
	s := scanned{MerchantName: code.GetMerchantName(), Type: code.GetType(), GatewayReference: code.GetGatewayReference()}
	if cents := money.Cents(code.GetAmountCents()); cents > 0 {
		s.Amount, s.FixedAmount = &cents, true
	}
	if label := code.GetLabel(); label != "" {
		s.Label = &label
	}
	if code.GetExpiresAt() != nil {
		at := web.Time(code.GetExpiresAt().AsTime())
		s.ExpiresAt = &at
	}
	return s
}
