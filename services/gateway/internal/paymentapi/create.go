package paymentapi

import (
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"european-pay.eu/eupay/internal/reference"
	"european-pay.eu/eupay/internal/run/command"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	"european-pay.eu/eupay/services/gateway/internal/caller"
	"european-pay.eu/eupay/services/gateway/internal/gate"
	"european-pay.eu/eupay/services/gateway/internal/paying"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

// create answers 201 with a new payment, 200 with the existing one of the same reference, and 201 again if the Idempotency-Key
// identifies the same request. A payment that the provider refused at once is 422, also when its key is repeated.
func (p *Payments) create(c echo.Context) error {
	var req createRequest
	if err := web.Decode(c, &req); err != nil {
		return err
	}
	cmd, err := p.createCommand(c, &req)
	if err != nil {
		return err
	}
	of := caller.AccountOf(c)
	pass, err := gate.ForMerchant(of.Merchant, of.Livemode)
	if err != nil {
		return err
	}
	signing := p.Signer.Prepare(c.Request().Context())
	defer signing.Close()
	out, err := p.Sender.Send(c.Request().Context(), c, pass, command.CreatePayment, cmd, signing.Start)
	if err != nil {
		return err
	}
	status := http.StatusCreated
	if out.Replayed {
		c.Response().Header().Set(web.HeaderReplayed, "true")
		if !out.ReplayedByKey { // found by its reference; a key repeats the first answer's status
			status = http.StatusOK
		}
	}
	if err := paying.RefusedAtOnce(out.Payment); err != nil {
		return err
	}
	v := paying.View(out.Payment)
	v.QRData = (*paying.QRData)(nil)
	if paying.Payable(out.Payment) {
		v.QRData = signing.Wait()
	}
	return web.OK(c, status, v)
}

func (p *Payments) createCommand(c echo.Context, req *createRequest) (*paymentsv1.CreatePayment, error) {
	of, now := caller.AccountOf(c), p.Now()
	if err := req.check(of.Livemode, now); err != nil {
		return nil, err
	}
	idempotency, err := web.IdempotencyKey(c)
	if err != nil {
		return nil, err
	}
	return &paymentsv1.CreatePayment{
		Reference: reference.Payment(now), Merchant: of.Merchant.Snapshot(), Livemode: of.Livemode,
		AmountCents: int64(req.Amount.Cents()), Currency: req.Currency, Description: req.Description,
		MerchantReference: req.Reference, SuccessUrl: req.SuccessURL, CancelUrl: req.CancelURL,
		MetadataJson: req.Metadata, IdempotencyKey: idempotency, Fingerprint: req.fingerprint(of),
		ExecutionType: req.ExecutionType, ExecutionDate: req.ExecutionDate, Customer: req.Customer.Proto(),
		BankId: strings.ToLower(req.Bank),
	}, nil
}
