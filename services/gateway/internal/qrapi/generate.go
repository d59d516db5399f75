package qrapi

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/labstack/echo/v4"
	"google.golang.org/protobuf/types/known/timestamppb"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/refuse"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
	"european-pay.eu/eupay/services/gateway/internal/caller"
	"european-pay.eu/eupay/services/gateway/internal/paying"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

// Limits of a merchant's code. That of the minutes is the API reference's.
const (
	maxLabel   = 100
	maxMinutes = 24 * 60
)

type generateRequest struct {
	// Amount is absent if the customer chooses it.
	Amount web.Amount `json:"amount"`
	Label  string     `json:"label"`
	// ExpiresInMinutes is absent if the code does not expire.
	ExpiresInMinutes *int `json:"expiresInMinutes"`
}

type generated struct {
	QRData       string          `json:"qrData"`
	DeepLinkData string          `json:"deepLinkData"`
	Payload      json.RawMessage `json:"payload"`
	ExpiresAt    *string         `json:"expiresAt"`
}

func (a *API) generate(c echo.Context) error {
	var in generateRequest
	if err := web.Decode(c, &in); err != nil {
		return err
	}
	if err := in.check(); err != nil {
		return err
	}
	ctx, cancel := web.Calling(c, callTimeout)
	defer cancel()
	merchant, err := a.Merchants.Get(ctx, caller.Of(c).MerchantID())
	if err != nil {
		return fmt.Errorf("read merchant: %w", err)
	}
	if merchant.IBAN == "" {
		return errs.New(errs.InvalidState, "Your account has no IBAN yet, so nobody could pay with this code. Add one in the merchant portal.")
	}
	req := &qrv1.SignPaymentRequestRequest{
		MerchantId: merchant.ID, MerchantName: merchant.Name, EuPayId: merchant.EuPayID(), AmountCents: int64(in.Amount.Cents()), Currency: "EUR", Label: in.Label,
	}
	var out generated
	if in.ExpiresInMinutes != nil {
		at := a.Now().Add(time.Duration(*in.ExpiresInMinutes) * time.Minute).Truncate(time.Second)
		text := web.Time(at)
		req.ExpiresAt, out.ExpiresAt = timestamppb.New(at), &text
	}
	res, err := a.QR.SignPaymentRequest(ctx, req)
	if err != nil {
		return fmt.Errorf("sign payment request: %w", err)
	}
	out.QRData, out.DeepLinkData, out.Payload = res.GetQrData(), res.GetDeepLinkData(), json.RawMessage(res.GetPayload())
	return web.Answer(c, http.StatusOK, out)
}

// check names all invalid fields. A label is shown to a customer who is about to pay, so it must be a single line of text.
func (r *generateRequest) check() error {
	var bad refuse.Problems
	if cents := r.Amount.Cents(); r.Amount.Given() && paying.CheckAmount(cents) != nil {
		bad.Add("amount", "must be between %s and %s, or absent to let the customer choose", paying.MinAmount, paying.MaxAmount)
	}
	r.Label = strings.TrimSpace(r.Label)
	switch {
	case utf8.RuneCountInString(r.Label) > maxLabel:
		bad.Add("label", "must have at most %d characters", maxLabel)
	case strings.ContainsFunc(r.Label, web.Unprintable):
		bad.Add("label", "must not contain control characters or line breaks")
	}
	if m := r.ExpiresInMinutes; m != nil && (*m < 1 || *m > maxMinutes) {
		bad.Add("expiresInMinutes", "must be between 1 and %d, or absent for a permanent code", maxMinutes)
	}
	return bad.Err()
}
