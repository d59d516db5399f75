package qrimageapi

import (
	"context"
	"fmt"

	"github.com/labstack/echo/v4"
	"google.golang.org/protobuf/types/known/timestamppb"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/reference"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
	"european-pay.eu/eupay/services/gateway/internal/gate"
	"european-pay.eu/eupay/services/gateway/internal/merchant"
	"european-pay.eu/eupay/services/gateway/internal/paying"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

// payment draws the code of a payment: the one in the answer to its creation, or that of a plain SEPA transfer.
func (a *API) payment(k kind) echo.HandlerFunc {
	return func(c echo.Context) error {
		ref := c.Param("reference")
		if !reference.Valid(ref) {
			return errs.NotFound("Payment")
		}
		q := queryOf(c, append([]string{"type", "livemode"}, imageParameters...)...)
		options, withLogo := q.image()
		plain := q.plain(withLogo)
		q.oneOf("livemode", "false", "true")
		if err := q.Err(); err != nil {
			return err
		}
		m, live, err := a.account(c)
		if err != nil {
			return err
		}
		ctx, cancel := web.Calling(c, callTimeout)
		defer cancel()
		p, err := a.open(ctx, m, live, ref)
		if err != nil {
			return err
		}
		if options.Logo, err = a.logoOf(ctx, m, withLogo); err != nil {
			return err
		}
		var file []byte
		if plain {
			file, err = a.transfer(ctx, m, live, transfer{p.GetAmountCents(), p.GetReference()}, k, options)
		} else {
			file, err = a.signed(ctx, p, k, options)
		}
		if err != nil {
			return err
		}
		return send(c, k, file)
	}
}

// open reads a payment that can still be paid.
func (a *API) open(ctx context.Context, m merchant.Merchant, live bool, reference string) (*paymentsv1.Payment, error) {
	resp, err := a.Payments.GetPayment(ctx, &paymentsv1.GetPaymentRequest{MerchantId: m.ID, Livemode: live, Reference: reference})
	if err != nil {
		return nil, fmt.Errorf("read payment: %w", err)
	}
	p := resp.GetPayment()
	// Refunds and scans have no code for others: a merchant pays a refund, and a scan is a payer's own transaction.
	if o := p.GetOrigin(); p.GetOriginalReference() != "" || (o != "" && o != "api" && o != "order") {
		return nil, errs.New(errs.InvalidState, "Only payments have a QR code.")
	}
	if s := p.GetStatus(); s != "pending" && s != "pending_sca" {
		return nil, errs.New(errs.InvalidState, "This payment is %s: it has no QR code any more.", s)
	}
	return p, nil
}

// signed draws the app's code: the same as in the answer to the payment's creation, with the same expiry.
func (a *API) signed(ctx context.Context, p *paymentsv1.Payment, k kind, o *qrv1.ImageOptions) ([]byte, error) {
	expires := p.GetCreatedAt().AsTime().Add(paying.QRLife)
	if !a.Now().Before(expires) {
		return nil, errs.New(errs.InvalidState, "The QR code of this payment has expired. Send the payer its payment_url, or create another payment.")
	}
	code, err := a.QR.SignGatewayPayment(ctx, &qrv1.SignGatewayPaymentRequest{
		Reference: p.GetReference(), MerchantId: p.GetMerchantId(), MerchantName: p.GetMerchantName(),
		AmountCents: p.GetAmountCents(), Currency: p.GetCurrency(), ExpiresAt: timestamppb.New(expires),
	})
	if err != nil {
		return nil, fmt.Errorf("sign payment: %w", err)
	}
	return a.text(ctx, code.GetQrData(), k, o)
}

// transfer describes a SEPA transfer to a merchant. With 0 cents the payer chooses the amount.
type transfer struct {
	cents      int64
	remittance string
}

// transfer draws the code of a SEPA transfer. Any bank's app reads it, and no provider tells us when it was paid, so the merchant
// must have switched it on. It asks the gate, because the picture alone is enough to pay.
func (a *API) transfer(ctx context.Context, m merchant.Merchant, live bool, t transfer, k kind, o *qrv1.ImageOptions) ([]byte, error) {
	if _, err := gate.ForMerchant(m, live); err != nil {
		return nil, err
	}
	if !m.EPCEnabled {
		return nil, errs.New(errs.InvalidState, "SEPA transfer codes are disabled. Set epc_enabled in your profile (PATCH /merchant) to use them.")
	}
	holder, err := m.Holder()
	if err != nil {
		return nil, errs.New(errs.InvalidState, "Your name has no Latin letters, so no bank can pay to it. Add account_name in the merchant portal (PATCH /merchant).")
	}
	resp, err := a.Render.RenderEPC(ctx, &qrv1.RenderEPCRequest{
		Name: holder, Iban: m.IBAN, Bic: m.BIC, AmountCents: t.cents, Remittance: t.remittance,
		Format: k.format, Options: o,
	})
	if err != nil {
		return nil, fmt.Errorf("draw transfer: %w", err)
	}
	return resp.GetImage(), nil
}

func (a *API) text(ctx context.Context, text string, k kind, o *qrv1.ImageOptions) ([]byte, error) {
	resp, err := a.Render.RenderQR(ctx, &qrv1.RenderQRRequest{Text: text, Format: k.format, Options: o})
	if err != nil {
		return nil, fmt.Errorf("draw code: %w", err)
	}
	return resp.GetImage(), nil
}

// logoOf is the merchant's logo when it is wanted.
func (a *API) logoOf(ctx context.Context, m merchant.Merchant, wanted bool) ([]byte, error) {
	if !wanted {
		return nil, nil
	}
	file, err := a.Merchants.Logo(ctx, m.ID)
	if err != nil {
		return nil, err
	}
	if file == nil {
		return nil, errs.New(errs.InvalidState, "You have no logo yet: upload one with PUT /merchant/logo, or omit logo.")
	}
	return file, nil
}
