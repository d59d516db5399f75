package scanapi

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"strconv"

	"github.com/labstack/echo/v4"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/reference"
	"european-pay.eu/eupay/internal/refuse"
	"european-pay.eu/eupay/internal/run/command"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	"european-pay.eu/eupay/services/gateway/internal/caller"
	"european-pay.eu/eupay/services/gateway/internal/gate"
	"european-pay.eu/eupay/services/gateway/internal/patience"
	"european-pay.eu/eupay/services/gateway/internal/paying"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

const (
	maxCode    = 4096
	maxAccount = 64
)

type payRequest struct {
	QRData    string     `json:"qrData"`
	AccountID string     `json:"accountId"`
	Amount    web.Amount `json:"amount"`
}

// paid is the answer to a scan. WebauthURL is empty until the bank has returned it; then the same request returns it.
type paid struct {
	WebauthURL    string      `json:"webauthUrl,omitempty"`
	TransferID    string      `json:"transferId"`
	TransactionID string      `json:"transactionId"`
	Amount        money.Cents `json:"amount"`
	Status        string      `json:"status"`
}

// pay answers 201 with a new transaction, 200 with the existing one of the same customer, code and amount.
func (a *API) pay(c echo.Context) error {
	customer := caller.Of(c).Login.ID
	if err := web.Limited(c, a.Limiter, "scan:"+customer, paysPerMinute); err != nil {
		return err
	}
	var req payRequest
	if err := web.Decode(c, &req); err != nil {
		return err
	}
	if err := req.check(); err != nil {
		return err
	}
	key, err := web.IdempotencyKey(c)
	if err != nil {
		return err
	}
	cmd, pass, err := a.scanCommand(c.Request().Context(), customer, req)
	if err != nil {
		return err
	}
	withKey(cmd, key)
	out, err := a.Sender.Send(c.Request().Context(), c, pass, command.ScanPay, cmd, nil)
	if err != nil {
		return err
	}
	p := out.Payment
	if err := paying.RefusedToPayer(p); err != nil {
		return err
	}
	if err := lost(p); err != nil {
		return err
	}
	status := http.StatusCreated
	if out.Replayed {
		c.Response().Header().Set(web.HeaderReplayed, "true")
		status = http.StatusOK
	}
	return c.JSON(status, paid{
		WebauthURL: p.GetPaymentUrl(), TransferID: p.GetReference(), TransactionID: p.GetReference(),
		Amount: money.Cents(p.GetAmountCents()), Status: p.GetStatus(),
	})
}

func (r payRequest) check() error {
	var bad refuse.Problems
	need := func(field, value string, longest int) {
		bad.If(value == "", field, "is required")
		bad.If(len(value) > longest, field, "is too long")
	}
	need("qrData", r.QRData, maxCode)
	need("accountId", r.AccountID, maxAccount)
	return bad.Err()
}

// scanCommand returns the payment that the code and the customer describe, with the gate's pass for the merchant.
func (a *API) scanCommand(ctx context.Context, customer string, req payRequest) (*paymentsv1.ScanPay, gate.Pass, error) {
	ctx, cancel := context.WithTimeout(ctx, patience.Of(ctx, readTimeout))
	defer cancel()
	code, err := a.Codes.Decode(ctx, req.QRData)
	if err != nil {
		return nil, gate.Pass{}, err
	}
	if err := a.usable(code); err != nil {
		return nil, gate.Pass{}, err
	}
	amount, err := amountOf(code, req.Amount)
	if err != nil {
		return nil, gate.Pass{}, err
	}
	pass, err := a.pass(ctx, code)
	if err != nil {
		return nil, gate.Pass{}, err
	}
	merchant := pass.Merchant()
	return &paymentsv1.ScanPay{
		Reference: reference.Payment(a.Now()), Merchant: merchant.Snapshot(), Livemode: pass.Livemode(), AmountCents: int64(amount), Currency: "EUR",
		Description: cmp.Or(code.Label, "Payment to "+merchant.Name), CustomerId: customer, AccountId: req.AccountID,
		GatewayReference: code.GatewayReference, RequestId: code.RequestID, Label: code.Label,
	}, pass, nil
}

// withKey adds the customer's key, apart from those of others and of the merchant, and what it stands for.
func withKey(cmd *paymentsv1.ScanPay, key string) {
	if key == "" {
		return
	}
	cmd.IdempotencyKey = "scan:" + hex.EncodeToString(digest(cmd.GetCustomerId(), key))
	cmd.Fingerprint = digest(cmd.GetCustomerId(), cmd.GetAccountId(), cmd.GetRequestId(), cmd.GetGatewayReference(), strconv.FormatInt(cmd.GetAmountCents(), 10))
}

// digest is one of all parts in their order. Each part is in quotes, so that no two lists run together.
func digest(parts ...string) []byte {
	sum := sha256.Sum256(fmt.Appendf(nil, "%q", parts))
	return sum[:]
}

// usable refuses a code that cannot be paid.
func (a *API) usable(code Code) error {
	if !code.ExpiresAt.IsZero() && !a.Now().Before(code.ExpiresAt) {
		return errs.New(errs.InvalidState, "The code has expired. Ask the merchant for a new one.")
	}
	gateway := code.Type == GatewayCode
	if code.RequestID == "" || gateway != reference.Valid(code.GatewayReference) || gateway && code.AmountCents == 0 || code.Currency != "" && code.Currency != "EUR" {
		return errs.Invalid(errs.Field{Field: "qrData", Message: "qrData is not a code that can be paid."})
	}
	return nil
}

// pass asks the gate for the code's merchant, in the mode of the code's payment or, without one, of merchants' codes.
func (a *API) pass(ctx context.Context, code Code) (gate.Pass, error) {
	m, err := a.Merchants.Get(ctx, code.MerchantID)
	if err != nil {
		return gate.Pass{}, err
	}
	if code.Type != GatewayCode {
		return a.Deployment.ForPayer(m)
	}
	live, err := a.modeOf(ctx, code.GatewayReference)
	if err != nil {
		return gate.Pass{}, err
	}
	return gate.ForPayer(m, live)
}

// amountOf returns the amount of the signed code if it has one; the body may only repeat it.
func amountOf(code Code, given web.Amount) (money.Cents, error) {
	switch {
	case code.AmountCents != 0 && given.Given() && given.Cents() != code.AmountCents:
		return 0, errs.Invalid(errs.Field{Field: "amount", Message: "amount differs from that of the code. Leave it out, or show the customer the code's amount again."})
	case code.AmountCents != 0:
		return code.AmountCents, paying.CheckAmount(code.AmountCents)
	case !given.Given():
		return 0, errs.Invalid(errs.Field{Field: "amount", Message: "amount is required: the code leaves it open."})
	default:
		return given.Cents(), paying.CheckAmount(given.Cents())
	}
}

func (a *API) modeOf(ctx context.Context, reference string) (bool, error) {
	got, err := a.Payments.GetPaymentStatus(ctx, &paymentsv1.GetPaymentStatusRequest{Reference: reference})
	return got.GetLivemode(), err
}

// lost returns the error for a scan that ended before the customer could authorise it.
func lost(p *paymentsv1.Payment) error {
	switch {
	case p.GetStatus() != "failed" && p.GetStatus() != "cancelled":
		return nil
	case p.GetFailureCode() == "already_paid":
		return errs.New(errs.InvalidState, "The payment is already paid.")
	case p.GetFailureCode() == "payment_in_progress":
		return errs.New(errs.InvalidState, "Somebody is paying this at their bank right now. Wait for the outcome.")
	default:
		return errs.New(errs.InvalidState, "The bank does not take this payment. Choose another account, or pay in another way.")
	}
}
