package payerapi

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"european-pay.eu/eupay/internal/money"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	"european-pay.eu/eupay/services/gateway/internal/paying"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

// receipt is what a payer sees of a payment after the bank, and keeps. It has nothing of who paid and what for.
type receipt struct {
	Reference    string      `json:"reference"`
	Status       string      `json:"status"`
	Outcome      string      `json:"outcome"`
	Amount       money.Cents `json:"amount"`
	Currency     string      `json:"currency"`
	MerchantName string      `json:"merchant_name"`
	Livemode     bool        `json:"livemode"`
	CreatedAt    string      `json:"created_at"`
	CompletedAt  string      `json:"completed_at,omitempty"`
	ReturnURL    string      `json:"return_url,omitempty"`
	InApp        bool        `json:"in_app"`
}

// receipt is public like the status: whoever has the reference of a payment has it from the payer or the merchant.
func (a *API) receipt(c echo.Context) error {
	ref, err := paying.ReferenceOf(c)
	if err != nil {
		return err
	}
	ctx, cancel := web.Calling(c, callTimeout)
	defer cancel()
	p, err := a.payment(ctx, ref, "")
	if err != nil {
		return err
	}
	return web.OK(c, http.StatusOK, receipt{
		Reference: p.GetReference(), Status: p.GetStatus(), Outcome: outcome(p), Amount: money.Cents(p.GetAmountCents()), Currency: p.GetCurrency(),
		MerchantName: p.GetMerchantName(), Livemode: p.GetLivemode(), CreatedAt: web.StampOrNone(p.GetCreatedAt()), CompletedAt: web.StampOrNone(p.GetCompletedAt()),
		// The payer's return from the bank leads there too, with nothing but the reference.
		ReturnURL: paying.ReturnURL(p, false), InApp: inApp(p),
	})
}

// inApp reports whether the payment is a customer's own of the app. One of a merchant's server stays that, also when a customer paid it.
func inApp(p *paymentsv1.Payment) bool {
	return p.GetCustomerId() != "" && (p.GetOrigin() == "qr" || p.GetOrigin() == "scan")
}

// outcome is the status with what it means to the payer. not_paid is said only where it is certain that no money was taken.
func outcome(p *paymentsv1.Payment) string {
	switch code := p.GetFailureCode(); {
	case p.GetStatus() == "completed":
		return "paid"
	case p.GetStatus() == "refunded":
		return "refunded"
	case p.GetStatus() != "failed" && p.GetStatus() != "cancelled":
		return "open"
	case p.GetLateReceipt() != nil:
		return "late"
	case code == "expired" || code == "not_received" || code == "amount_mismatch":
		return "unconfirmed"
	default:
		return "not_paid"
	}
}
