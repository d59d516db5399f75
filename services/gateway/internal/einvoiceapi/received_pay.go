package einvoiceapi

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/refuse"
	einvoicev1 "european-pay.eu/eupay/proto/eupay/einvoice/v1"
	"european-pay.eu/eupay/services/gateway/internal/caller"
	"european-pay.eu/eupay/services/gateway/internal/gate"
	"european-pay.eu/eupay/services/gateway/internal/paying"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

// receivedPayment is a payment of a received invoice. Amounts are in euros.
type receivedPayment struct {
	Reference   string      `json:"reference"`
	Status      string      `json:"status"`
	Amount      money.Cents `json:"amount"`
	Currency    string      `json:"currency"`
	IBAN        string      `json:"iban"`
	Name        string      `json:"beneficiary_name"`
	Description string      `json:"description"`
	PaymentURL  *string     `json:"payment_url"`
	Failure     *string     `json:"failure_code"`
	CreatedAt   string      `json:"created_at"`
	EndedAt     *string     `json:"ended_at"`
	// Approve is where a cancellation is approved.
	Approve string `json:"authorisation_url,omitempty"`
}

func receivedPaymentOf(p *einvoicev1.ReceivedPayment) receivedPayment {
	out := receivedPayment{
		Reference: p.GetReference(), Status: p.GetStatus(), Amount: money.Cents(p.GetAmountCents()), Currency: "EUR", IBAN: p.GetIban(), Name: p.GetName(),
		Description: p.GetDescription(), PaymentURL: unlessEmpty(p.GetPaymentUrl()), Failure: unlessEmpty(p.GetFailureCode()),
		CreatedAt: web.Time(p.GetCreatedAt().AsTime()),
	}
	if p.GetEndedAt() != nil {
		out.EndedAt = unlessEmpty(web.Time(p.GetEndedAt().AsTime()))
	}
	return out
}

type payRequest struct {
	ConfirmIBAN string `json:"confirm_iban"`
	SuccessURL  string `json:"success_url"`
	CancelURL   string `json:"cancel_url"`
}

func (r payRequest) check(live bool) error {
	var bad refuse.Problems
	bad.If(len(r.ConfirmIBAN) > maxConfirm, "confirm_iban", "must be the last four characters of the IBAN on the invoice")
	paying.CheckURL(&bad, "success_url", r.SuccessURL, live)
	paying.CheckURL(&bad, "cancel_url", r.CancelURL, live)
	return bad.Err()
}

// maxConfirm allows for blanks between the four characters.
const maxConfirm = 10

// payReceived makes the payment of a received invoice, which the merchant authorises at its own bank. Whom and how much it pays is what the
// invoice says: the request names neither. It answers 201, and 200 with a payment that is there already.
func (a *API) payReceived(c echo.Context) error {
	id, err := web.PathID(c, "id", "Received invoice")
	if err != nil {
		return err
	}
	var in payRequest
	if err := web.Decode(c, &in); err != nil {
		return err
	}
	of := caller.AccountOf(c)
	if err := in.check(of.Livemode); err != nil {
		return err
	}
	if _, err := gate.ForMerchant(of.Merchant, of.Livemode); err != nil {
		return err
	}
	key, err := web.IdempotencyKey(c)
	if err != nil {
		return err
	}
	res, err := web.Call(c, platformTimeout, a.Received.PayReceived, &einvoicev1.PayReceivedRequest{
		MerchantId: of.Merchant.ID, Livemode: of.Livemode, Id: id, MerchantVersion: of.Merchant.Snapshot().GetVersion(), ConfirmIban: in.ConfirmIBAN,
		SuccessUrl: in.SuccessURL, CancelUrl: in.CancelURL, IdempotencyKey: key,
	})
	if err != nil {
		return err
	}
	status := http.StatusCreated
	if res.GetReplayed() {
		status = http.StatusOK
		c.Response().Header().Set(web.HeaderReplayed, "true")
	}
	return web.Answer(c, status, receivedPaymentOf(res.GetPayment()))
}

// cancelReceived cancels the open payment of a received invoice at the bank.
func (a *API) cancelReceived(c echo.Context) error {
	id, err := web.PathID(c, "id", "Received invoice")
	if err != nil {
		return err
	}
	if err := web.DecodeOptional(c, &struct{}{}); err != nil {
		return err
	}
	of := caller.AccountOf(c)
	res, err := web.Call(c, platformTimeout, a.Received.CancelReceivedPayment, &einvoicev1.CancelReceivedPaymentRequest{
		MerchantId: of.Merchant.ID, Livemode: of.Livemode, Id: id,
	})
	if err != nil {
		return err
	}
	out := receivedPaymentOf(res.GetPayment())
	out.Approve = res.GetAuthorisationUrl()
	return web.Answer(c, http.StatusOK, out)
}
