package payerapi

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/labstack/echo/v4"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/reference"
	"european-pay.eu/eupay/internal/run/command"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
	"european-pay.eu/eupay/services/gateway/internal/gate"
	"european-pay.eu/eupay/services/gateway/internal/paying"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

// minKey makes it unlikely that two strangers who pay the same printed code choose the same key: they would share a payment.
const minKey = 16

type checkoutRequest struct {
	QRData string     `json:"qrData"`
	Amount web.Amount `json:"amount"`
	// Bank is the one that the payer has chosen; empty: the payer chooses at the provider.
	Bank string `json:"bank"`
}

type checkedOut struct {
	Reference string      `json:"reference"`
	Amount    money.Cents `json:"amount"`
	Currency  string      `json:"currency"`
	Status    string      `json:"status"`
	Livemode  bool        `json:"livemode"`
	// PaymentURL is absent while the bank has not given it: the same request returns it later.
	PaymentURL string `json:"paymentUrl,omitempty"`
}

// checkout makes a payment for a guest who holds a merchant's own code. It is an ordinary payment of the merchant. 201 for a new one, 200
// for the one that the same key made.
func (a *API) checkout(c echo.Context) error {
	var req checkoutRequest
	if err := web.Decode(c, &req); err != nil {
		return err
	}
	key, err := web.IdempotencyKey(c)
	if err != nil {
		return err
	}
	if len(key) < minKey {
		return errs.Invalid(errs.Field{Field: "Idempotency-Key", Message: "Idempotency-Key is required, with at least 16 random characters: it belongs to one payer."})
	}
	cmd, pass, err := a.command(c, req, key)
	if err != nil {
		return err
	}
	if err := web.Limited(c, a.Limiter, "qr-checkout-of:"+pass.Merchant().ID, merchantPerMinute); err != nil {
		return err
	}
	out, err := a.Sender.Send(c.Request().Context(), c, pass, command.CreatePayment, cmd, nil)
	if err != nil {
		return err
	}
	if err := paying.RefusedToPayer(out.Payment); err != nil {
		return err
	}
	status := http.StatusCreated
	if out.Replayed {
		c.Response().Header().Set(web.HeaderReplayed, "true")
		status = http.StatusOK
	}
	p := out.Payment
	return web.Answer(c, status, checkedOut{
		Reference: p.GetReference(), Amount: money.Cents(p.GetAmountCents()), Currency: p.GetCurrency(), Status: p.GetStatus(),
		Livemode: p.GetLivemode(), PaymentURL: p.GetPaymentUrl(),
	})
}

// command is the payment that the code and the payer agree on, with the gate's word that the merchant may take it.
func (a *API) command(c echo.Context, req checkoutRequest, key string) (*paymentsv1.CreatePayment, gate.Pass, error) {
	bank, err := paying.BankOf(req.Bank, "GET /qr/banks")
	if err != nil {
		return nil, gate.Pass{}, err
	}
	ctx, cancel := web.Calling(c, callTimeout)
	defer cancel()
	code, amount, err := a.agreed(ctx, req)
	if err != nil {
		return nil, gate.Pass{}, err
	}
	pass, err := a.passOf(ctx, code)
	if err != nil {
		return nil, gate.Pass{}, err
	}
	metadata, err := json.Marshal(map[string]string{"qr_request_id": code.GetRequestId()})
	if err != nil {
		return nil, gate.Pass{}, fmt.Errorf("write metadata: %w", err)
	}
	m := pass.Merchant()
	same := []string{"qr-checkout", m.ID, code.GetRequestId(), code.GetLabel(), fmt.Sprint(amount, pass.Livemode())}
	if bank != "" {
		same = append(same, bank)
	}
	return &paymentsv1.CreatePayment{
		Reference: reference.Payment(a.Now()), Merchant: m.Snapshot(), Livemode: pass.Livemode(), AmountCents: int64(amount), Currency: "EUR",
		Description: cmp.Or(code.GetLabel(), "Payment to "+m.Name), MetadataJson: metadata, BankId: bank,
		// The merchant's own keys and those of other codes are apart from this one.
		IdempotencyKey: "qr-checkout:" + hex.EncodeToString(digest(code.GetRequestId(), key)),
		Fingerprint:    digest(same...),
	}, pass, nil
}

// agreed is the code and the amount that is paid with it: the signed one, if there is one.
func (a *API) agreed(ctx context.Context, req checkoutRequest) (*qrv1.DecodeQRResponse, money.Cents, error) {
	code, err := a.decode(ctx, req.QRData)
	if err != nil {
		return nil, 0, err
	}
	fixed, given := money.Cents(code.GetAmountCents()), req.Amount
	switch {
	case code.GetGatewayReference() != "":
		return nil, 0, errOfPayment()
	case fixed != 0 && given.Given() && given.Cents() != fixed:
		return nil, 0, errs.Invalid(errs.Field{Field: "amount", Message: "amount differs from that of the code. Leave it out, or show the payer the code's amount again."})
	case fixed != 0:
		return code, fixed, paying.CheckAmount(fixed)
	case !given.Given():
		return nil, 0, errs.Invalid(errs.Field{Field: "amount", Message: "amount is required: the code leaves it open."})
	default:
		return code, given.Cents(), paying.CheckAmount(given.Cents())
	}
}

// digest is one of all parts in their order. Each part is in quotes, so that no two lists run together.
func digest(parts ...string) []byte {
	sum := sha256.Sum256([]byte(fmt.Sprintf("%q", parts)))
	return sum[:]
}
