package payerapi

import (
	"context"
	"fmt"
	"net/http"

	"github.com/labstack/echo/v4"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/money"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
	"european-pay.eu/eupay/services/gateway/internal/gate"
	"european-pay.eu/eupay/services/gateway/internal/paying"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

// previewed is what everybody may know who holds a code.
type previewed struct {
	MerchantName string `json:"merchantName"`
	// Amount is null when the payer chooses it.
	Amount      *money.Cents `json:"amount"`
	FixedAmount bool         `json:"fixedAmount"`
	Label       *string      `json:"label"`
	ExpiresAt   *string      `json:"expiresAt"`
	Type        string       `json:"type"`
	Livemode    bool         `json:"livemode"`
	// The following are of a payment's code alone.
	GatewayReference string `json:"gatewayReference,omitempty"`
	Status           string `json:"status,omitempty"`
	PaymentURL       string `json:"paymentUrl,omitempty"`
}

// preview answers what a code asks for. It needs no login and starts nothing.
//
// The code of an open payment also gives the page where it is authorised. A merchant hands the code to the payer for that very purpose, it
// is signed and short-lived, and all that can be done on that page is to pay the merchant of the code its amount. Who has the reference
// alone, or a code that has expired, does not get it.
func (a *API) preview(c echo.Context) error {
	var in struct {
		QRData string `json:"qrData"`
	}
	if err := web.Decode(c, &in); err != nil {
		return err
	}
	ctx, cancel := web.Calling(c, callTimeout)
	defer cancel()
	code, err := a.decode(ctx, in.QRData)
	if err != nil {
		return err
	}
	v := viewOf(code)
	if code.GetGatewayReference() != "" {
		err = a.addPayment(ctx, &v, code)
	} else {
		v.Livemode, err = a.modeOf(ctx, code)
	}
	if err != nil {
		return err
	}
	return web.Answer(c, http.StatusOK, v)
}

// decode verifies a code. Its errors are QR_INVALID and QR_EXPIRED.
func (a *API) decode(ctx context.Context, qrData string) (*qrv1.DecodeQRResponse, error) {
	if qrData == "" || len(qrData) > maxCode {
		return nil, errs.Invalid(errs.Field{Field: "qrData", Message: "qrData is required: the text of the code, at most 4096 bytes."})
	}
	code, err := a.QR.DecodeQR(ctx, &qrv1.DecodeQRRequest{QrData: qrData})
	if err != nil {
		return nil, fmt.Errorf("decode code: %w", err)
	}
	return code, nil
}

// modeOf is the mode of a merchant's own code, if the merchant can be paid now.
func (a *API) modeOf(ctx context.Context, code *qrv1.DecodeQRResponse) (bool, error) {
	pass, err := a.passOf(ctx, code)
	return pass.Livemode(), err
}

// passOf asks the gate for the merchant of a merchant's own code.
func (a *API) passOf(ctx context.Context, code *qrv1.DecodeQRResponse) (gate.Pass, error) {
	m, err := a.Merchants.Get(ctx, code.GetMerchantId())
	if err != nil {
		return gate.Pass{}, err
	}
	return a.Deployment.ForPayer(m)
}

// addPayment adds how the payment of the code stands and, while it is open, where it is paid.
func (a *API) addPayment(ctx context.Context, v *previewed, code *qrv1.DecodeQRResponse) error {
	p, err := a.payment(ctx, code.GetGatewayReference(), code.GetMerchantId())
	if errs.Is(err, errs.NotFoundCode) {
		return errs.New(errs.QRInvalid, "The payment of this code does not exist. Ask the merchant for a new code.")
	}
	if err != nil {
		return err
	}
	v.GatewayReference, v.Status, v.Livemode = p.GetReference(), p.GetStatus(), p.GetLivemode()
	if !paying.Payable(p) {
		return nil
	}
	m, err := a.Merchants.Get(ctx, p.GetMerchantId())
	if err != nil {
		return err
	}
	if _, err := gate.ForPayer(m, p.GetLivemode()); err != nil {
		return err
	}
	v.PaymentURL = p.GetPaymentUrl()
	return nil
}

// payment reads a payment of any mode. merchantID is whose it must be; empty: anybody's.
func (a *API) payment(ctx context.Context, reference, merchantID string) (*paymentsv1.Payment, error) {
	known, err := a.Payments.GetPaymentStatus(ctx, &paymentsv1.GetPaymentStatusRequest{Reference: reference})
	if err != nil {
		return nil, fmt.Errorf("read public status: %w", err)
	}
	if merchantID != "" && known.GetMerchantId() != merchantID {
		return nil, errs.NotFound("Payment")
	}
	res, err := a.Payments.GetPayment(ctx, &paymentsv1.GetPaymentRequest{
		MerchantId: known.GetMerchantId(), Livemode: known.GetLivemode(), Reference: reference,
	})
	if err != nil {
		return nil, fmt.Errorf("read payment: %w", err)
	}
	return res.GetPayment(), nil
}

func viewOf(code *qrv1.DecodeQRResponse) previewed {
	v := previewed{MerchantName: code.GetMerchantName(), Type: code.GetType()}
	if cents := money.Cents(code.GetAmountCents()); cents > 0 {
		v.Amount, v.FixedAmount = &cents, true
	}
	if label := code.GetLabel(); label != "" {
		v.Label = &label
	}
	if code.GetExpiresAt() != nil {
		at := web.Time(code.GetExpiresAt().AsTime())
		v.ExpiresAt = &at
	}
	return v
}
