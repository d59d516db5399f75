package scanapi

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"european-pay.eu/eupay/internal/money"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	"european-pay.eu/eupay/services/gateway/internal/caller"
	"european-pay.eu/eupay/services/gateway/internal/paying"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

// transaction is a payment by a customer, as the customer sees it.
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
	Livemode      bool        `json:"livemode"`
	// AmountRefunded is the sum of the completed Refunds.
	AmountRefunded money.Cents `json:"amountRefunded"`
	Refunds        []refund    `json:"refunds"`
}

// refund is a refund by the merchant.
type refund struct {
	RefundID    string      `json:"refundId"`
	Status      string      `json:"status"`
	Amount      money.Cents `json:"amount"`
	CreatedAt   string      `json:"createdAt"`
	CompletedAt string      `json:"completedAt,omitempty"`
}

func transactionView(got *paymentsv1.GetCustomerPaymentResponse) transaction {
	p := got.GetPayment()
	t := transaction{
		TransactionID: p.GetReference(), Status: p.GetStatus(), Amount: money.Cents(p.GetAmountCents()), Currency: p.GetCurrency(),
		MerchantName: p.GetMerchantName(), Description: p.GetDescription(), GatewayRef: p.GetGatewayReference(),
		FailureCode: p.GetFailureCode(), CreatedAt: web.Time(p.GetCreatedAt().AsTime()), Livemode: p.GetLivemode(),
		Refunds: make([]refund, len(got.GetRefunds())),
	}
	if p.GetStatus() == "pending_sca" {
		t.WebauthURL = p.GetPaymentUrl()
	}
	if p.GetCompletedAt() != nil {
		t.CompletedAt = web.Time(p.GetCompletedAt().AsTime())
	}
	for i, r := range got.GetRefunds() {
		t.Refunds[i] = refund{RefundID: r.GetReference(), Status: r.GetStatus(), Amount: money.Cents(r.GetAmountCents()), CreatedAt: web.Time(r.GetCreatedAt().AsTime())}
		if r.GetCompletedAt() != nil {
			t.Refunds[i].CompletedAt = web.Time(r.GetCompletedAt().AsTime())
		}
		if r.GetStatus() == "completed" {
			t.AmountRefunded += money.Cents(r.GetAmountCents())
		}
	}
	return t
}

// transaction answers with one of the customer's transactions.
func (a *API) transaction(c echo.Context) error {
	customer := caller.Of(c).Login.ID
	if err := web.Limited(c, a.Limiter, "scan-read:"+customer, readsPerMinute); err != nil {
		return err
	}
	reference, err := paying.ReferenceOf(c)
	if err != nil {
		return err
	}
	ctx, cancel := web.Calling(c, readTimeout)
	defer cancel()
	got, err := a.Payments.GetCustomerPayment(ctx, &paymentsv1.GetCustomerPaymentRequest{CustomerId: customer, Reference: reference})
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, transactionView(got))
}

// transactions answers with a page of the customer's payments, newest first.
func (a *API) transactions(c echo.Context) error {
	customer := caller.Of(c).Login.ID
	if err := web.Limited(c, a.Limiter, "scan-read:"+customer, readsPerMinute); err != nil {
		return err
	}
	number, limit, err := web.Page(c)
	if err != nil {
		return err
	}
	ctx, cancel := web.Calling(c, readTimeout)
	defer cancel()
	res, err := a.Payments.ListCustomerPayments(ctx, &paymentsv1.ListCustomerPaymentsRequest{CustomerId: customer, Page: int32(number), Limit: int32(limit)})
	if err != nil {
		return err
	}
	return web.Answer(c, http.StatusOK, web.ListingOf(res.GetPayments(), transactionView, number, limit, res.GetTotal()).AtLeast(res.GetTotalIsMinimum()))
}
