package scanapi

import (
	"cmp"
	"context"
	"net/http"

	"github.com/labstack/echo/v4"

	"european-pay.eu/eupay/internal/command"
	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/money"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	"european-pay.eu/eupay/services/gateway/internal/account"
	"european-pay.eu/eupay/services/gateway/internal/edge"
	"european-pay.eu/eupay/services/gateway/internal/patience"
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

// paid is the answer to a scan. WebauthURL is empty while the bank has not given it: the same request returns it later.
type paid struct {
	WebauthURL    string      `json:"webauthUrl,omitempty"`
	TransferID    string      `json:"transferId"`
	TransactionID string      `json:"transactionId"`
	Amount        money.Cents `json:"amount"`
	Status        string      `json:"status"`
}

// pay answers 201 with a new transaction, 200 with the one that the same customer began for the same code and amount.
func (a *API) pay(c echo.Context) error {
	customer := a.Identity(c).UserID
	if err := edge.Limited(c, a.Limiter, "scan:"+customer, paysPerMinute); err != nil {
		return err
	}
	var req payRequest
	if err := web.Decode(c, &req); err != nil {
		return err
	}
	if err := req.check(); err != nil {
		return err
	}
	cmd, err := a.scanCommand(c.Request().Context(), customer, req)
	if err != nil {
		return err
	}
	p, replayed, err := edge.Carry(c, a.Commands, a.Deadline, command.ScanPay, cmd)
	if err != nil {
		return err
	}
	if err := lost(p); err != nil {
		return err
	}
	status := http.StatusCreated
	if replayed {
		c.Response().Header().Set("Idempotent-Replayed", "true")
		status = http.StatusOK
	}
	return c.JSON(status, paid{
		WebauthURL: p.GetPaymentUrl(), TransferID: p.GetReference(), TransactionID: p.GetReference(),
		Amount: money.Cents(p.GetAmountCents()), Status: p.GetStatus(),
	})
}

func (r payRequest) check() error {
	var bad []errs.Field
	refuse := func(field, value string, longest int) {
		switch {
		case value == "":
			bad = append(bad, errs.Field{Field: field, Message: field + " is required."})
		case len(value) > longest:
			bad = append(bad, errs.Field{Field: field, Message: field + " is too long."})
		}
	}
	refuse("qrData", r.QRData, maxCode)
	refuse("accountId", r.AccountID, maxAccount)
	if len(bad) > 0 {
		return errs.Invalid(bad...)
	}
	return nil
}

// scanCommand is the payment that the code and the customer agree on.
func (a *API) scanCommand(ctx context.Context, customer string, req payRequest) (*paymentsv1.ScanPay, error) {
	ctx, cancel := context.WithTimeout(ctx, patience.Of(ctx, readTimeout))
	defer cancel()
	code, err := a.Codes.Decode(ctx, req.QRData)
	if err != nil {
		return nil, err
	}
	if !code.ExpiresAt.IsZero() && !a.Now().Before(code.ExpiresAt) {
		return nil, errs.New(errs.InvalidState, "The code has expired. Ask the merchant for a new one.")
	}
	gateway := code.Type == GatewayCode
	if code.RequestID == "" || gateway != edge.Reference(code.GatewayReference) || gateway && code.AmountCents == 0 || code.Currency != "" && code.Currency != "EUR" {
		return nil, errs.Invalid(errs.Field{Field: "qrData", Message: "qrData is not a code that can be paid."})
	}
	amount, err := amountOf(code, req.Amount)
	if err != nil {
		return nil, err
	}
	merchant, err := a.merchant(ctx, code.MerchantID)
	if err != nil {
		return nil, err
	}
	live := a.Live
	if gateway {
		if live, err = a.modeOf(ctx, code.GatewayReference); err != nil {
			return nil, err
		}
	}
	return &paymentsv1.ScanPay{
		Reference: edge.NewReference(a.Now()), Merchant: edge.MerchantOf(merchant), Livemode: live, AmountCents: int64(amount), Currency: "EUR",
		Description: cmp.Or(code.Label, "Payment to "+merchant.Name), CustomerId: customer, AccountId: req.AccountID,
		GatewayReference: code.GatewayReference, RequestId: code.RequestID, Label: code.Label,
	}, nil
}

// amountOf is the amount of the signed code when it has one; the body may only repeat it.
func amountOf(code Code, given web.Amount) (money.Cents, error) {
	switch {
	case code.AmountCents != 0 && given.Given() && given.Cents() != code.AmountCents:
		return 0, errs.Invalid(errs.Field{Field: "amount", Message: "amount differs from that of the code. Leave it out, or show the customer the code's amount again."})
	case code.AmountCents != 0:
		return code.AmountCents, edge.AmountProblem(code.AmountCents)
	case !given.Given():
		return 0, errs.Invalid(errs.Field{Field: "amount", Message: "amount is required: the code leaves it open."})
	default:
		return given.Cents(), edge.AmountProblem(given.Cents())
	}
}

func (a *API) merchant(ctx context.Context, id string) (account.Merchant, error) {
	m, err := a.Merchants.Get(ctx, id)
	if err != nil {
		return account.Merchant{}, err
	}
	if m.IBAN == "" {
		return account.Merchant{}, errs.New(errs.InvalidState, "The merchant has no account to pay to yet.")
	}
	return m, nil
}

func (a *API) modeOf(ctx context.Context, reference string) (bool, error) {
	got, err := a.Payments.GetPaymentStatus(ctx, &paymentsv1.GetPaymentStatusRequest{Reference: reference})
	return got.GetLivemode(), err
}

// lost tells the customer why a scan ended before there was anything to authorise.
func lost(p *paymentsv1.Payment) error {
	switch {
	case p.GetStatus() != "failed" && p.GetStatus() != "cancelled":
		return nil
	case p.GetFailureCode() == "already_paid":
		return errs.New(errs.InvalidState, "The payment is paid already.")
	case p.GetFailureCode() == "payment_in_progress":
		return errs.New(errs.InvalidState, "Somebody is paying this at their bank right now. Wait for the outcome.")
	default:
		return errs.New(errs.InvalidState, "The bank does not take this payment. Choose another account, or pay in another way.")
	}
}

// transaction is a scan as its customer sees it.
type transaction struct {
	TransactionID string      `json:"transactionId"`
	Status        string      `json:"status"`
	Amount        money.Cents `json:"amount"`
	Currency      string      `json:"currency"`
	MerchantName  string      `json:"merchantName"`
	Description   string      `json:"description"`
	GatewayRef    string      `json:"gateway_reference,omitempty"`
	FailureCode   string      `json:"failureCode,omitempty"`
	WebauthURL    string      `json:"webauthUrl,omitempty"`
	CreatedAt     string      `json:"createdAt"`
	CompletedAt   string      `json:"completedAt,omitempty"`
}

func (a *API) transaction(c echo.Context) error {
	customer := a.Identity(c).UserID
	if err := edge.Limited(c, a.Limiter, "scan-read:"+customer, readsPerMinute); err != nil {
		return err
	}
	reference, err := edge.ReferenceOf(c)
	if err != nil {
		return err
	}
	ctx, cancel := web.Calling(c, readTimeout)
	defer cancel()
	got, err := a.Payments.GetCustomerPayment(ctx, &paymentsv1.GetCustomerPaymentRequest{CustomerId: customer, Reference: reference})
	if err != nil {
		return err
	}
	p := got.GetPayment()
	t := transaction{
		TransactionID: p.GetReference(), Status: p.GetStatus(), Amount: money.Cents(p.GetAmountCents()), Currency: p.GetCurrency(),
		MerchantName: p.GetMerchantName(), Description: p.GetDescription(), GatewayRef: p.GetGatewayReference(),
		FailureCode: p.GetFailureCode(), CreatedAt: web.Time(p.GetCreatedAt().AsTime()),
	}
	if p.GetStatus() == "pending_sca" {
		t.WebauthURL = p.GetPaymentUrl()
	}
	if p.GetCompletedAt() != nil {
		t.CompletedAt = web.Time(p.GetCompletedAt().AsTime())
	}
	return c.JSON(http.StatusOK, t)
}
