package edge

import (
	"context"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"european-pay.eu/eupay/internal/command"
	"european-pay.eu/eupay/internal/reference"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	"european-pay.eu/eupay/services/gateway/internal/gate"
	"european-pay.eu/eupay/services/gateway/internal/patience"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

// create answers 201 with a new payment; 200 with the existing one of the same reference; 201 again when the
// Idempotency-Key says that it is the same request. A payment that the provider refused at once is 422, each time that its
// key is sent.
func (p *Payments) create(c echo.Context) error {
	var req createRequest
	if err := web.Decode(c, &req); err != nil {
		return err
	}
	cmd, err := p.createCommand(c, &req)
	if err != nil {
		return err
	}
	pass, err := gate.ForMerchant(KeyOf(c).Merchant, KeyOf(c).Livemode)
	if err != nil {
		return err
	}
	signing := p.newSigning(c.Request().Context())
	defer signing.cancel()
	out, err := p.send(c.Request().Context(), c, pass, command.CreatePayment, cmd, signing.start)
	if err != nil {
		return err
	}
	status := http.StatusCreated
	if out.replayed {
		c.Response().Header().Set(headerReplayed, "true")
		if !out.replayedByKey { // found by its reference; a key repeats the first answer's status
			status = http.StatusOK
		}
	}
	if err := refusedAtOnce(out.payment); err != nil {
		return err
	}
	v := view(out.payment)
	v.QRData = (*qrData)(nil)
	if payable(out.payment) {
		v.QRData = signing.wait()
	}
	return web.OK(c, status, v)
}

// payable reports whether the payer can still do something: a QR code ends with its payment.
func payable(p *paymentsv1.Payment) bool {
	return p.GetStatus() == "pending" || p.GetStatus() == "pending_sca"
}

func (p *Payments) createCommand(c echo.Context, req *createRequest) (*paymentsv1.CreatePayment, error) {
	key, now := KeyOf(c), p.Now()
	if err := req.check(key.Livemode, now); err != nil {
		return nil, err
	}
	idempotency, err := idempotencyKey(c)
	if err != nil {
		return nil, err
	}
	return &paymentsv1.CreatePayment{
		Reference: reference.Payment(now), Merchant: key.Merchant.Snapshot(), Livemode: key.Livemode,
		AmountCents: int64(req.Amount.Cents()), Currency: req.Currency, Description: req.Description,
		MerchantReference: req.Reference, SuccessUrl: req.SuccessURL, CancelUrl: req.CancelURL,
		MetadataJson: req.Metadata, IdempotencyKey: idempotency, Fingerprint: req.fingerprint(key),
		ExecutionType: req.ExecutionType, ExecutionDate: req.ExecutionDate, Customer: req.Customer.proto(),
	}, nil
}

// signing gets the QR code of a payment while its bank session is being made.
type signing struct {
	payments *Payments
	ctx      context.Context
	cancel   context.CancelFunc
	done     chan *qrData
}

func (p *Payments) newSigning(ctx context.Context) *signing {
	ctx, cancel := context.WithTimeout(ctx, p.Deadline+patience.Of(ctx, qrPatience))
	return &signing{payments: p, ctx: ctx, cancel: cancel, done: make(chan *qrData, 1)}
}

func (s *signing) start(payment *paymentsv1.Payment) {
	go func() { s.done <- s.payments.sign(s.ctx, payment) }()
}

// wait returns the QR data, or nil when there is none after a last bit of patience: a recorded payment is worth more
// than its QR code.
func (s *signing) wait() *qrData {
	last := time.NewTimer(patience.Of(s.ctx, qrPatience))
	defer last.Stop()
	select {
	case data := <-s.done:
		return data
	case <-last.C:
		return nil
	case <-s.ctx.Done():
		return nil
	}
}
