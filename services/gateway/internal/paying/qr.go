package paying

import (
	"context"
	"log/slog"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
	"european-pay.eu/eupay/services/gateway/internal/patience"
)

// QRData is qr_data of the API reference.
type QRData struct {
	QRData       string `json:"qrData"`
	DeepLinkData string `json:"deepLinkData"`
}

const (
	// QRLife is how long a QR code is valid, from the creation of the payment.
	QRLife = 30 * time.Minute
	// qrPatience is how long a payment that is ready waits for its QR code.
	qrPatience  = time.Second
	signTimeout = 500 * time.Millisecond
	firstPause  = 25 * time.Millisecond
)

// Signer gets the QR codes of payments.
type Signer struct {
	QR  qrv1.QRServiceClient
	Log *slog.Logger
	// Deadline is that of the Sender whose payments are signed.
	Deadline time.Duration
}

// sign asks for the QR code until ctx ends, with growing pauses. The expiry follows from the payment, so every call for
// the same payment gives the same code.
func (s Signer) sign(ctx context.Context, payment *paymentsv1.Payment) *QRData {
	req := &qrv1.SignGatewayPaymentRequest{
		Reference: payment.GetReference(), MerchantId: payment.GetMerchantId(), MerchantName: payment.GetMerchantName(),
		AmountCents: payment.GetAmountCents(), Currency: payment.GetCurrency(),
		ExpiresAt: timestamppb.New(payment.GetCreatedAt().AsTime().Add(QRLife)),
	}
	for pause := firstPause; ; pause *= 2 {
		data, err := s.signOnce(ctx, req)
		if err == nil {
			return data
		}
		select {
		case <-ctx.Done():
			s.Log.WarnContext(ctx, "payment answered without QR code", "reference", payment.GetReference(), "error", err)
			return nil
		case <-time.After(pause):
		}
	}
}

func (s Signer) signOnce(ctx context.Context, req *qrv1.SignGatewayPaymentRequest) (*QRData, error) {
	ctx, cancel := context.WithTimeout(ctx, patience.Of(ctx, signTimeout))
	defer cancel()
	resp, err := s.QR.SignGatewayPayment(ctx, req)
	if err != nil {
		return nil, err
	}
	return &QRData{QRData: resp.GetQrData(), DeepLinkData: resp.GetDeepLinkData()}, nil
}

// Signing gets the QR code of a payment while its bank session is being made.
type Signing struct {
	signer Signer
	ctx    context.Context
	cancel context.CancelFunc
	done   chan *QRData
}

// Prepare returns the signing of one payment. Close it.
func (s Signer) Prepare(ctx context.Context) *Signing {
	ctx, cancel := context.WithTimeout(ctx, s.Deadline+patience.Of(ctx, qrPatience))
	return &Signing{signer: s, ctx: ctx, cancel: cancel, done: make(chan *QRData, 1)}
}

// Close ends the signing, finished or not.
func (s *Signing) Close() { s.cancel() }

// Sign returns the QR code of a payment that is made, or nil when there is none after a bit of patience.
func (s Signer) Sign(ctx context.Context, payment *paymentsv1.Payment) *QRData {
	signing := s.Prepare(ctx)
	defer signing.Close()
	signing.Start(payment)
	return signing.Wait()
}

// Start begins to sign, once, as soon as the payment is recorded.
func (s *Signing) Start(payment *paymentsv1.Payment) {
	go func() { s.done <- s.signer.sign(s.ctx, payment) }()
}

// Wait returns the QR data, or nil when there is none after a last bit of patience: a recorded payment is worth more
// than its QR code.
func (s *Signing) Wait() *QRData {
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

// Payable reports whether the payer can still do something: a QR code ends with its payment.
func Payable(p *paymentsv1.Payment) bool {
	return p.GetStatus() == "pending" || p.GetStatus() == "pending_sca"
}
